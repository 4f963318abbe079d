import type { ConnectionTarget } from "../../../components/core/connection";
import { withSession } from "../../../components/io/session";
import { serveProvider } from "../../../components/providers/protocol";
import { revealMap } from "../../../components/providers/properties";
import { instantType } from "../instant/instant-type";

interface Inputs {
  readonly connection: ConnectionTarget;
  readonly database: string;
  readonly statements: readonly string[];
}

/** The reference of own resources: statements that are known beforehand, sent in one transaction, and nothing else. */
void serveProvider({
  version: "0.1.0",
  resources: {
    "bench:index:Statements": {
      ...instantType(),
      async create({ name, inputs }) {
        const { connection, database, statements } = revealMap(inputs) as unknown as Inputs;
        await withSession(connection, { database }, async (session) => {
          await session.query("BEGIN");
          for (const statement of statements) await session.query(statement);
          await session.query("COMMIT");
        });
        return { id: name, state: inputs };
      },
    },
  },
});
