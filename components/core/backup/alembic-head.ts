/** What a version table of Alembic says that its database is at. */
export interface AlembicHead {
  readonly schema: string;
  /** Usually `alembic_version`. */
  readonly table: string;
  /** Ids of revisions, sorted; several after branches, none before the first one. */
  readonly versions: readonly string[];
}

interface Heads {
  /** Version of our own runner's newest migration. */
  readonly migrationHead: string | null;
  readonly alembic?: readonly AlembicHead[] | null | undefined;
}

/** The heads of all histories of a database, for people: `0007`, `ae1027a6acf`. Null: there is none. */
export function renderHeads({ migrationHead, alembic }: Heads): string | null {
  const heads = [
    ...(migrationHead === null ? [] : [migrationHead]),
    ...(alembic ?? []).flatMap(({ versions }) => versions),
  ];
  return heads.length === 0 ? null : heads.join(", ");
}

/** A version table that says something else on two sides. */
export interface HeadChange {
  /** With its schema. */
  readonly table: string;
  /** Null: it is not there. */
  readonly now: readonly string[] | null;
  readonly backup: readonly string[] | null;
}

/**
 * Compares what version tables say.
 *
 * @param backup of a manifest; absent: it is older than this, and nothing is known
 */
export function compareHeads(
  backup: readonly AlembicHead[] | undefined,
  now: readonly AlembicHead[],
): HeadChange[] {
  if (backup === undefined) return [];
  const [had, has] = [backup, now].map(
    (heads) => new Map(heads.map(({ schema, table, versions }) => [`${schema}.${table}`, versions])),
  );
  const names = [...new Set([...(had?.keys() ?? []), ...(has?.keys() ?? [])])].toSorted();
  return names
    .map((table) => ({ table, now: has?.get(table) ?? null, backup: had?.get(table) ?? null }))
    .filter((one) => JSON.stringify(one.now) !== JSON.stringify(one.backup));
}

/** What a side of a {@link HeadChange} says, for people. */
export function renderVersions(versions: readonly string[] | null): string {
  if (versions === null) return "not there";
  return versions.length === 0 ? "before the first revision" : `at ${versions.join(", ")}`;
}
