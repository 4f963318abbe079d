import { greatestAge } from "../../backup/freshness";
import { findStaleDrills, type DrillHealth } from "../../drill/freshness";
import type { Finding } from "../../finding";
import type { DrillKind } from "../../drill/plan";

const week = 7 * 86_400_000;

/** The last drill of the backups of a database, or of the physical ones, as `backup status` tells it. */
export interface KnownDrill {
  readonly kind: DrillKind;
  readonly database: string | null;
  readonly backup: string | null;
  readonly endedAt: string | null;
  readonly faults: readonly string[];
}

/**
 * What there is to say against the restore test of a week: of every kind of backup that is declared there is to be a drill
 * that passed, by its schedule, or within a week and the usual patience where there is none.
 *
 * @param declared logical: the databases whose backups are taken
 * @param times greatestAgeMs: by the schedule of drills; undefined: none is declared
 */
export function judgeRestoreTest(
  drills: readonly KnownDrill[],
  declared: { readonly logical: readonly string[]; readonly physical: boolean },
  { now, greatestAgeMs = greatestAge(week) }: { readonly now: number; readonly greatestAgeMs?: number },
): Finding[] {
  const wanted = [
    ...declared.logical.map((database) => ({ kind: "logical" as const, database })),
    ...(declared.physical ? [{ kind: "physical" as const, database: null }] : []),
  ];
  const isWanted = ({ kind, database }: KnownDrill): boolean =>
    wanted.some((one) => one.kind === kind && one.database === database);
  const subjects = [...wanted, ...drills.filter((drill) => !isWanted(drill))];
  return findStaleDrills(
    subjects.map(({ kind, database }): DrillHealth => {
      const known = drills.find((drill) => drill.kind === kind && drill.database === database);
      const ended = known?.endedAt ?? null;
      return {
        kind,
        ...(database === null ? {} : { database }),
        last:
          known === undefined || ended === null
            ? undefined
            : { backup: known.backup ?? "?", endedAt: Date.parse(ended), faults: known.faults },
      };
    }),
    { now, greatestAgeMs },
  );
}
