import type { ConnectionTarget } from "../../core/connection";
import type { DatabaseContent, ServerContent } from "../../core/physical/restored-content";
import { withSnapshot } from "../backup/snapshot";
import { withSession } from "../session";

/** Counts the rows of every table of a server, each database at one moment. Reads only. */
export async function readServerContent(
  login: ConnectionTarget,
  signal: AbortSignal,
): Promise<ServerContent & { readonly newestCommit: number | null }> {
  const server = await withSession(
    login,
    { readOnly: true, applicationName: "pgstead ops" },
    async (session) => {
      const databases = await session.query<{ name: string }>(
        `SELECT datname::text AS name FROM pg_catalog.pg_database
       WHERE datallowconn AND NOT datistemplate ORDER BY datname COLLATE "C"`,
      );
      const [replayed] = await session.query<{ at: number | null }>(
        `SELECT extract(epoch FROM CASE WHEN pg_catalog.pg_is_in_recovery()
         THEN pg_catalog.pg_last_xact_replay_timestamp() END)::float8 * 1000 AS at`,
      );
      const roles = await session.query<{ name: string }>(
        `SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY rolname COLLATE "C"`,
      );
      return { databases, roles: roles.map(({ name }) => name), newestCommit: replayed?.at ?? null };
    },
  );
  const databases: DatabaseContent[] = [];
  for (const { name } of server.databases) {
    databases.push(
      await withSnapshot(login, name, signal, async (snapshot) => ({
        name,
        migrationHead: snapshot.facts.migrationHead?.version ?? null,
        tables: (await snapshot.countRows())
          .filter(({ kind }) => kind === "r")
          .map((table) => ({ name: `${table.schema}.${table.name}`, rows: table.rows })),
      })),
    );
  }
  return { ...server, databases };
}
