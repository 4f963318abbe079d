import { byName } from "../lists";

/** What a database holds, as far as a restore shows it. */
export interface DatabaseContent {
  readonly name: string;
  /** Version of the newest migration, or what Alembic is at; null: none is recorded. */
  readonly migrationHead: string | null;
  readonly tables: readonly TableContent[];
}

export interface TableContent {
  /** With its schema. */
  readonly name: string;
  /** Exact, and as text, as it may be greater than a number; null: a change that is under way keeps it for itself. */
  readonly rows: string | null;
}

/** What a server holds. */
export interface ServerContent {
  readonly databases: readonly DatabaseContent[];
  /** Names, without PostgreSQL's own. */
  readonly roles: readonly string[];
}

/** A table that is there, and whose rows could not be counted. */
export const uncounted = "?";

/** One table on both sides: its rows, {@link uncounted}, or null where it is not there. */
export interface RestoredTable {
  readonly name: string;
  readonly restored: string | null;
  readonly live: string | null;
}

export interface RestoredDatabase {
  readonly name: string;
  /** Null: it is not there on that side. */
  readonly migrationHead: { readonly restored: string | null; readonly live: string | null };
  /** Where it is; `live`: a restore takes it away. */
  readonly on: "both" | "restored" | "live";
  readonly tables: readonly RestoredTable[];
}

/** What a restore changes. */
export interface RestoreDifference {
  readonly databases: readonly RestoredDatabase[];
  /** Names of roles that a restore takes away, and of those that it brings back. */
  readonly roles: { readonly lost: readonly string[]; readonly back: readonly string[] };
}

/** Compares what was restored with the server that it is to take the place of. */
export function compareContent(restored: ServerContent, live: ServerContent): RestoreDifference {
  const names = union(restored.databases, live.databases);
  return {
    databases: names.map((name): RestoredDatabase => {
      const [before, now] = [restored, live].map(({ databases }) =>
        databases.find((one) => one.name === name),
      );
      return {
        name,
        on: before === undefined ? "live" : now === undefined ? "restored" : "both",
        migrationHead: { restored: before?.migrationHead ?? null, live: now?.migrationHead ?? null },
        tables: compareTables(before?.tables ?? [], now?.tables ?? []),
      };
    }),
    roles: {
      lost: live.roles.filter((role) => !restored.roles.includes(role)),
      back: restored.roles.filter((role) => !live.roles.includes(role)),
    },
  };
}

function compareTables(
  restored: readonly TableContent[],
  live: readonly TableContent[],
): readonly RestoredTable[] {
  return union(restored, live).map((name) => ({
    name,
    restored: rowsOf(restored, name),
    live: rowsOf(live, name),
  }));
}

function rowsOf(tables: readonly TableContent[], name: string): string | null {
  const found = tables.find((table) => table.name === name);
  return found === undefined ? null : (found.rows ?? uncounted);
}

function union(
  one: readonly { readonly name: string }[],
  other: readonly { readonly name: string }[],
): string[] {
  return byName([...new Set([...one, ...other].map(({ name }) => name))].map((name) => ({ name }))).map(
    ({ name }) => name,
  );
}

/** Tables whose number of rows is another one or not known, or that are on one side only. */
export function changedTables({ tables }: RestoredDatabase): readonly RestoredTable[] {
  return tables.filter(({ restored, live }) => restored !== live || restored === uncounted);
}
