import { quoteIdentifier } from "../../../components/core/identifier";
import { ownSchema } from "../../../components/core/born-with";
import { auditSchema } from "../../../components/core/audit/model";
import { removeMarks } from "../../../components/core/server/marks";
import { releaseServer, type OwnerPlace } from "../../../components/core/server/owner-row";
import type { Statement } from "../../../components/core/statement";
import type { ConnectionTarget } from "../../../components/core/connection";
import { applyStatements, withServerLock } from "../../../components/io/apply";
import { readOwnerPlace } from "../../../components/io/owner-row";
import { maintenanceDatabase, withSession } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { lookInto } from "../sessions";

/** Something of pgstead's own that stays on the server. */
export interface LeftOver {
  readonly database: string;
  /** Such as `schema pgstead: migrations, samples`. */
  readonly what: string;
  /** Removes it; null: it is no waste, and `why` says what it is for. */
  readonly statement: string | null;
  readonly why: string;
}

/** What a server has of a stack that is to be released. */
export interface OnServer {
  /** What `pgstead.owner` says is this stack's: `server`, `database shop`, `role shop_app`. */
  readonly marks: readonly string[];
  readonly left: readonly LeftOver[];
  /** The statements that give the marks up, with the databases that they run in. */
  readonly statements: readonly Statement[];
}

/** Reads what a released stack gives up on the server, and what stays there. */
export async function lookOnServer(
  target: ConnectionTarget,
  { owner, databases }: { readonly owner: string; readonly databases: readonly string[] },
): Promise<OnServer> {
  const maintenance = await lookInto(target, maintenanceDatabase, async (session) => ({
    place: await readOwnerPlace(session),
    there: (
      await session.query<{ name: string }>(
        "SELECT datname::text AS name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname",
      )
    ).map(({ name }) => name),
  }));
  const places: OwnerPlace[] = [maintenance.place];
  const left: LeftOver[] = [];
  for (const database of databases.filter((name) => maintenance.there.includes(name))) {
    const found = await lookInto(target, database, async (session) => ({
      place: await readOwnerPlace(session),
      schemas: await session.query<{ name: string; tables: string }>(
        `SELECT n.nspname::text AS name, coalesce(string_agg(c.relname, ', ' ORDER BY c.relname)
                  FILTER (WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition), '') AS tables
           FROM pg_catalog.pg_namespace AS n LEFT JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid
          WHERE n.nspname IN ('${ownSchema}', '${auditSchema}') GROUP BY n.nspname ORDER BY n.nspname DESC`,
      ),
    }));
    // Who may not write into the maintenance database owns the server by a row in a database of its own.
    places.push({ ...found.place, database });
    left.push(...found.schemas.map((schema) => leftIn(database, schema)));
  }
  const reason = `stack ${owner} is released`;
  const statements = places.flatMap((place) => [
    ...releaseServer(place, owner).map((statement) => ({ ...statement, reason })),
    ...(place.database === undefined ? removeMarks(place.marks ?? [], owner, reason) : []),
  ]);
  return {
    marks: marksOf(places, owner),
    left: [...ownerTable(maintenance.place, owner), ...left],
    statements,
  };
}

function marksOf(places: readonly OwnerPlace[], owner: string): string[] {
  const isOwner = places.some(({ row }) => row?.stack === owner);
  const marks = (places[0]?.marks ?? []).filter(({ stack }) => stack === owner).map(({ what }) => what);
  return [...(isOwner ? ["server"] : []), ...marks];
}

function leftIn(
  database: string,
  { name, tables }: { readonly name: string; readonly tables: string },
): LeftOver {
  const what = `schema ${name}${tables === "" ? "" : `: ${tables}`}`;
  if (name === auditSchema) {
    const why =
      "the trail and its triggers, which go on recording; to end that first, write pgstead:audit: { schemas: [] } and run `up` before the release";
    return { database, what, statement: null, why };
  }
  const why = "pgstead's own tables; another stack that adopts the database goes on with them";
  return { database, what, statement: `DROP SCHEMA ${quoteIdentifier(name)} CASCADE`, why };
}

/** It goes with the last stack only, and by hand. */
function ownerTable({ hasTable, row, marks = [] }: OwnerPlace, owner: string): LeftOver[] {
  if (!hasTable) return [];
  const others = [...(row === undefined ? [] : [row]), ...marks].filter(({ stack }) => stack !== owner);
  const names = [...new Set(others.map(({ stack }) => stack))].toSorted();
  const what = "table pgstead.owner";
  if (names.length > 0) {
    return [
      { database: maintenanceDatabase, what, statement: null, why: `it has rows of ${names.join(", ")}` },
    ];
  }
  const statement = `DROP TABLE "pgstead"."owner"`;
  return [{ database: maintenanceDatabase, what, statement, why: "it has no row any more" }];
}

/**
 * Gives the marks up, and has them back where `work` fails: they are one transaction, and it ends with the work.
 *
 * @param found with marks in the maintenance database; those elsewhere go afterwards
 */
export async function giveUpMarks(
  { progress, write }: Pick<CommandContext, "progress" | "write">,
  target: ConnectionTarget,
  { statements }: OnServer,
  work: () => Promise<void>,
): Promise<void> {
  const options = { database: maintenanceDatabase, applicationName: "pgstead ops" };
  const here = statements.filter(({ database }) => database === undefined);
  const elsewhere = statements.filter(({ database }) => database !== undefined);
  const whole = withSession(target, options, (session) =>
    withServerLock(
      session,
      async () => {
        // The work may take longer than the server lets a transaction wait.
        await session.query("BEGIN; SET LOCAL idle_in_transaction_session_timeout = 0");
        for (const { sql } of here) await session.query(sql);
        try {
          await work();
        } catch (error) {
          await session.query("ROLLBACK").catch(() => undefined); // the work's error is the one to show
          throw error;
        }
        await session.query("COMMIT");
        await applyStatements(session, elsewhere, (database, use) =>
          withSession(target, { ...options, database }, use),
        );
      },
      // It is not cancelled: what comes next takes seconds.
      {
        signal: new AbortController().signal,
        say: (text) => {
          write(text);
          return Promise.resolve();
        },
      },
    ),
  );
  await progress("giving up what pgstead.owner says is this stack's", whole);
}
