import { quoteIdentifier, quoteLiteral } from "../identifier";
import { ownSchemaStatements } from "../own-schema";
import type { Refusal, Statement } from "../statement";

/** Who owns what belongs to a whole server: its row in `pgstead.owner`. */
export interface OwnerRow {
  /** `<project>/<stack>`. */
  readonly stack: string;
  /** ISO 8601, in UTC. */
  readonly since: string;
  /** The login that wrote it. */
  readonly by: string;
}

/** The other rows of that table: a database or a role that a stack declares on a server with several stacks. */
export interface OwnerMark extends OwnerRow {
  /** `database shop`, `role shop_app`. */
  readonly what: string;
}

const schema = quoteIdentifier("pgstead");
/** Name of the table, quoted. */
export const ownerTable = `${schema}.${quoteIdentifier("owner")}`;

/** Where the row is, or is to be. */
export interface OwnerPlace {
  readonly hasSchema: boolean;
  readonly hasTable: boolean;
  readonly row: OwnerRow | undefined;
  /** Whether the login may make a schema there. */
  readonly mayCreate: boolean;
  /** Databases and roles that stacks have marked as theirs; absent: nobody looked, or may. */
  readonly marks?: readonly OwnerMark[];
  /** Whether the login may write rows into the table that is there. */
  readonly mayWrite?: boolean;
  /** Database that it is in; undefined for the maintenance database. */
  readonly database?: string;
}

/**
 * One stack owns what belongs to a server and not to a database: postgresql.conf, pg_hba.conf, PUBLIC's privileges on
 * `postgres` and `template1`. For another stack this gives a refusal.
 *
 * @param row what `pgstead.owner` says; undefined where nobody owns the server yet
 * @param stack `<project>/<stack>` of this run
 * @param what what it was to change, such as `postgresql.conf`
 */
export function refuseOtherOwner(row: OwnerRow | undefined, stack: string, what: string): Refusal[] {
  if (row === undefined || row.stack === stack) return [];
  return [
    {
      subject: "server",
      message: `${what} belongs to stack ${row.stack}, since ${row.since} (by ${row.by})`,
      hint:
        `change it there, and write pgstead:server.shared: true here: this stack then has its own databases and roles only; ` +
        `if that stack is gone, take the server over: DELETE FROM pgstead.owner WHERE what = 'server', in the database that holds it`,
    },
  ];
}

/**
 * The database of a stack that holds its row, as its login may not write into the maintenance database; undefined: that one
 * holds it, or the stack owns no server.
 */
export function ownerDatabase(
  { stack, databases }: { readonly stack?: string; readonly databases: readonly { readonly name: string }[] },
  { hasTable, mayCreate }: Pick<OwnerPlace, "hasTable" | "mayCreate">,
): string | undefined {
  if (stack === undefined || hasTable || mayCreate) return undefined;
  return databases.map(({ name }) => name).toSorted()[0];
}

/** The statements that write the row down: none where it is there. */
export function claimServer(place: OwnerPlace, stack: string): Statement[] {
  const { row, database } = place;
  if (row !== undefined) return [];
  const statements = [
    ...makeOwnerTable(place),
    `INSERT INTO ${ownerTable} (what, stack) VALUES ('server', ${quoteLiteral(stack).trim()})`,
  ];
  const where = database === undefined ? {} : { database };
  const why = database === undefined ? "" : `; it has no right to say so in the maintenance database`;
  const reason = `stack ${stack} owns what belongs to the whole server${why}`;
  return statements.map((sql) => ({ sql, reason, risk: "none", kind: "server", ...where }));
}

/** The statements that make the table: none where it is there. */
export function makeOwnerTable({ hasSchema, hasTable }: OwnerPlace): string[] {
  const columns = [
    "what text PRIMARY KEY",
    "stack text NOT NULL",
    "since timestamptz NOT NULL DEFAULT pg_catalog.now()",
    "by text NOT NULL DEFAULT session_user",
  ];
  // Who watches the server, and previews of pull requests, read it as well.
  return [
    ...(hasSchema ? [] : ownSchemaStatements),
    ...(hasTable
      ? []
      : [
          `CREATE TABLE ${ownerTable} (${columns.join(", ")})`,
          `GRANT SELECT ON TABLE ${ownerTable} TO "pg_monitor"`,
        ]),
  ];
}

/** The statement that gives the server up: none where it is another stack's. */
export function releaseServer({ row, database }: OwnerPlace, stack: string): Statement[] {
  if (row?.stack !== stack) return [];
  const sql = `DELETE FROM ${ownerTable} WHERE what = 'server' AND stack = ${quoteLiteral(stack).trim()}`;
  const where = database === undefined ? {} : { database };
  return [{ sql, reason: `stack ${stack} is destroyed`, risk: "none", kind: "server", ...where }];
}
