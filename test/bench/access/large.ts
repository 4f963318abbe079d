import { startServer, type TestServer } from "../../support/server";
import { runApart } from "../apart";
import { prepareTemplate, schemaNames } from "./fixture";

export interface LargeCatalog {
  readonly seconds: readonly number[];
  readonly megabytes: number;
  readonly objects: number;
  readonly statements: number;
}

/** Reads and plans 10,000 tables in processes of their own, once before anything is granted on them. */
export async function measureLarge(runs: number, tables = 10_000): Promise<LargeCatalog> {
  const server = await startServer();
  try {
    await prepareTemplate(server, "bench");
    await makeTables(server, tables);
    const answers = [];
    for (let run = 0; run < runs; run += 1) answers.push(await readOnce(server));
    const [first] = answers;
    if (first === undefined) throw new Error("nothing was measured");
    return {
      seconds: answers.map(({ seconds }) => seconds),
      megabytes: Math.max(...answers.map(({ megabytes }) => megabytes)),
      objects: first.objects,
      statements: first.statements,
    };
  } finally {
    await server.stop();
  }
}

async function makeTables(server: TestServer, tables: number): Promise<void> {
  const session = await server.connect("bench");
  const each = Math.ceil(tables / schemaNames.length);
  for (const schema of schemaNames) {
    await session.query(
      `DO $$ BEGIN FOR i IN 1..${each} LOOP
         EXECUTE format('CREATE TABLE ${schema}.large%s (id int)', i); END LOOP; END $$`,
    );
  }
  await session.close();
}

interface Answer {
  readonly seconds: number;
  readonly megabytes: number;
  readonly objects: number;
  readonly statements: number;
}

function readOnce({ host, port, superuser, password }: TestServer): Promise<Answer> {
  return runApart("test/bench/access/catalog.ts", { host, port, user: superuser, password });
}
