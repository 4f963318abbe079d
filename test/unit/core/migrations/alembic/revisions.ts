import type { OfflineSql, OfflineText } from "../../../../../components/core/migrations/alembic/offline-sql";
import type { RevisionState } from "../../../../../components/core/migrations/alembic/decide-revisions";
import type { AppliedMigration } from "../../../../../components/core/migrations/history";
import type { AlembicRevision } from "../../../../../components/core/migrations/alembic/revision";

/** A revision as Alembic describes it. */
export function revision(
  id: string,
  down: readonly string[] = [],
  more: Partial<AlembicRevision> = {},
): AlembicRevision {
  const file = `${id}_${id}.py`;
  return {
    ...{ revision: id, down, depends: [], file, path: `versions/${file}`, doc: id, checksum: `sum of ${id}` },
    ...more,
  };
}

/** A line of four revisions, of which the first two are applied by ours. */
export function state(change: Partial<RevisionState> = {}): RevisionState {
  const record = (id: string): AppliedMigration => ({
    ...{
      version: id,
      name: `${id}_${id}.py`,
      checksum: `sum of ${id}`,
      transactional: true,
      durationMs: 1,
    },
    origin: "applied",
    ...{ appliedAt: "2026-03-14T15:09:26.000Z", appliedBy: "shop_migrator" },
  });
  return {
    // As Alembic walks: from the newest on.
    revisions: [
      revision("dddd", ["cccc"]),
      revision("cccc", ["bbbb"]),
      revision("bbbb", ["aaaa"]),
      revision("aaaa"),
    ],
    heads: ["dddd"],
    current: ["bbbb"],
    records: [record("aaaa"), record("bbbb")],
    ...change,
  };
}

/** What offline mode gives of statements at lines, in a transaction. */
export function offline(
  statements: readonly (readonly [sql: string, line: number])[],
  more: Partial<OfflineSql> = {},
): OfflineSql {
  const texts = statements.map(([sql, line]): OfflineText => ({ sql: `${sql};`, line }));
  const own = (sql: string): OfflineText => ({ sql, line: null });
  return {
    statements: [own("BEGIN;"), ...texts, own("COMMIT;")],
    asked: false,
    comments: { found: [], blank: [] },
    ...more,
  };
}

/** A comment on a line of its own. */
export function comment(line: number, text: string, alone = true) {
  return { line, text, alone };
}
