import { finished } from "node:stream/promises";
import { quoteIdentifier } from "../../core/identifier";
import { problemError } from "../../core/problem";
import {
  connectionLimitOf,
  databaseOptions,
  renameDatabase,
  partOf,
} from "../../core/restore/dump-statements";
import { streamTool, type ToolSurroundings } from "../backup/run-tool";
import type { Session } from "../session";

/** What a dump says of the database itself; texts are one character a byte. */
export interface DatabaseScript {
  /** CREATE DATABASE; undefined: the dump has none. */
  readonly create: string | undefined;
  /** Its properties, settings, privileges and comment, in their order, with how they are written and who says them. */
  readonly statements: readonly string[];
}

/** A text as a dump has its bytes. */
export function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/**
 * Makes the empty database of a dump, with its encoding and locale, under a name that no other database has. Nobody but a
 * superuser and the session's login can connect to it yet.
 *
 * @param options from: its name in the dump; tablespaces: those that the server has
 */
export async function createDatabase(
  session: Session,
  { create }: DatabaseScript,
  {
    from,
    database,
    tablespaces,
  }: { readonly from: string; readonly database: string; readonly tablespaces: ReadonlySet<string> },
): Promise<void> {
  if (create === undefined) {
    throw problemError("the dump", "does not say how its database is made", "is it one that pgstead took?");
  }
  const [found] = await session.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", [database]);
  if (found !== undefined) {
    throw problemError(`database ${database}`, "is there already", "give another name, or drop it first");
  }
  const { options, tablespace } = databaseOptions(create, asBytes(from));
  const isThere = tablespace !== null && tablespaces.has(tablespace);
  const place = isThere ? ` TABLESPACE = ${quoteIdentifier(tablespace)}` : "";
  const name = quoteIdentifier(database);
  const [me] = await session.query<{ isSuperuser: boolean }>(
    `SELECT rolsuper AS "isSuperuser" FROM pg_catalog.pg_roles WHERE rolname = current_user`,
  );
  // From its first moment: who gets in before the privileges go stays in. It does not hold for a replica's connections.
  const limit = me?.isSuperuser === true ? " CONNECTION LIMIT = 0 ALLOW_CONNECTIONS = false" : "";
  const made = Buffer.from(options, "latin1").toString("utf8");
  await session.query(`CREATE DATABASE ${name}${made}${place}${limit}`);
  // The owner of a database without any privileges of others is the session's login.
  await session.query(`REVOKE ALL ON DATABASE ${name} FROM PUBLIC`);
  if (limit !== "") await session.query(`ALTER DATABASE ${name} ALLOW_CONNECTIONS true`);
}

/**
 * Has the database be what its dump says of it: owner, settings, privileges, comment. All of it or nothing.
 *
 * @param surroundings of the maintenance database
 * @param options keepClosed: leaves it without connections of anybody but superusers
 * @returns how many connections it is to allow
 */
export async function describeDatabase(
  surroundings: ToolSurroundings,
  statements: DatabaseScript["statements"],
  {
    from,
    database,
    keepClosed,
  }: { readonly from: string; readonly database: string; readonly keepClosed: boolean },
): Promise<number> {
  const [name, target] = [asBytes(from), asBytes(database)];
  const own = statements.filter((text) => partOf(text) === "database");
  const limit = connectionLimitOf(own);
  const quoted = asBytes(quoteIdentifier(database));
  const script = [
    // What a new database has is what privileges are written against.
    `GRANT CONNECT, TEMPORARY ON DATABASE ${quoted} TO PUBLIC;`,
    ...statements.map((text) => (partOf(text) === "database" ? renameDatabase(text, name, target) : text)),
    "RESET SESSION AUTHORIZATION;",
    `ALTER DATABASE ${quoted} CONNECTION LIMIT = ${keepClosed ? 0 : limit};`,
  ];
  await runScript(surroundings, script, ["--single-transaction"]);
  return limit;
}

/** Has psql run statements, and stop at the first that fails. */
export async function runScript(
  surroundings: ToolSurroundings,
  statements: readonly string[],
  more: readonly string[] = [],
): Promise<readonly string[]> {
  const { warnings } = await feedPsql(
    surroundings,
    (stdin) =>
      new Promise((resolve, reject) => {
        stdin.once("error", reject).end(Buffer.from(`${statements.join("\n")}\n`, "latin1"), () => {
          resolve();
        });
      }),
    more,
  );
  return warnings;
}

/** Has psql run a script that comes to its input, and stop at the first statement that fails. */
export function feedPsql(
  surroundings: ToolSurroundings,
  feed: NonNullable<ToolSurroundings["feed"]>,
  more: readonly string[] = [],
): Promise<{ readonly warnings: readonly string[] }> {
  return streamTool(
    { ...surroundings, feed },
    "psql",
    [
      "--no-psqlrc",
      "--quiet",
      "--no-password",
      "--set=ON_ERROR_STOP=1",
      ...more,
      "--output=/dev/null",
      "--file=-",
    ],
    async (stdout) => {
      await finished(stdout.resume());
    },
  );
}
