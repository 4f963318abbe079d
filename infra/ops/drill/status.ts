import { greatestAge } from "../../../components/core/backup/freshness";
import { findStaleDrills } from "../../../components/core/drill/freshness";
import type { DrillKind } from "../../../components/core/drill/plan";
import type { Finding } from "../../../components/core/finding";
import { parseSchedule } from "../../../components/core/ops/timetable";
import { drillKey, type BackupDrill, type RepositoryState } from "../../../components/io/backup/state";
import type { BackupPlace } from "../backup/place";

/** The last drill of the backups of a database, or of the physical ones. */
export interface LastDrill {
  readonly kind: DrillKind;
  readonly database: string | null;
  readonly backup: string | null;
  readonly endedAt: string | null;
  readonly passed: boolean | null;
  readonly faults: readonly string[];
  /** Time to restore (RTO). */
  readonly restoreSeconds: number | null;
  readonly recoverableAt: string | null;
  /** Age of that moment when the drill was begun (RPO). */
  readonly recoverableAgeSeconds: number | null;
}

export interface DrillStatus {
  readonly schedule: string | null;
  readonly nextRunAt: string | null;
  /** Seconds; null: nobody said how often drills are done. */
  readonly greatestAge: number | null;
  readonly drills: readonly LastDrill[];
  /** Seconds that the last drill of each copy may be ago; null: no drills are declared. */
  readonly copyMaxAge: number | null;
}

/** What is known of a stack's drills, and whether they are done as they are to be. */
export function readDrillStatus(
  place: Pick<BackupPlace, "drills" | "schedule" | "timeZone" | "databases">,
  state: RepositoryState,
  now: number,
): { readonly data: DrillStatus; readonly findings: readonly Finding[] } {
  const { schedule } = place.drills;
  const timetable = schedule === undefined ? undefined : parseSchedule(schedule, place.timeZone);
  const greatestAgeMs = timetable === undefined ? undefined : greatestAge(timetable.interval(now));
  const subjects = subjectsOf(place, state);
  const drills = subjects.map(({ kind, database }) => summarizeDrill(state, kind, database));
  return {
    data: {
      schedule: schedule ?? null,
      nextRunAt: timetable === undefined ? null : new Date(timetable.next(now)).toISOString(),
      greatestAge: greatestAgeMs === undefined ? null : greatestAgeMs / 1_000,
      drills,
      copyMaxAge: place.drills.copies.maxAge ?? null,
    },
    findings: findStaleDrills(
      subjects.map(({ kind, database }) => {
        const last = state.drills[drillKey(kind, database)];
        const told = last === undefined ? undefined : { ...last, endedAt: Date.parse(last.endedAt) };
        return { kind, ...(database === undefined ? {} : { database }), last: told };
      }),
      { now, greatestAgeMs },
    ),
  };
}

/** What is to be drilled, and what was. */
function subjectsOf(
  { drills, schedule, databases }: Pick<BackupPlace, "drills" | "schedule" | "databases">,
  state: RepositoryState,
): readonly { readonly kind: DrillKind; readonly database?: string }[] {
  const isDeclared = drills.schedule !== undefined;
  const known = (kind: DrillKind, database?: string): boolean =>
    state.drills[drillKey(kind, database)] !== undefined;
  const logical = databases.filter(
    (database) => (isDeclared && schedule !== undefined) || known("logical", database),
  );
  const isThere = {
    physical: drills.physical !== undefined,
    "physical-2": drills.physical?.second !== undefined,
  };
  const physical = (["physical", "physical-2"] as const).filter(
    // A second repository that is no longer declared is nobody's to drill.
    (kind) => (isDeclared && isThere[kind]) || (known(kind) && (kind === "physical" || isThere[kind])),
  );
  return [
    ...logical.map((database) => ({ kind: "logical" as const, database })),
    ...physical.map((kind) => ({ kind })),
  ];
}

/** The last drill, for people and for metrics. */
export function summarizeDrill(state: RepositoryState, kind: DrillKind, database?: string): LastDrill {
  const drill = state.drills[drillKey(kind, database)];
  return {
    kind,
    database: database ?? null,
    backup: drill?.backup ?? null,
    endedAt: drill?.endedAt ?? null,
    passed: drill === undefined ? null : drill.faults.length === 0,
    faults: drill?.faults ?? [],
    restoreSeconds: drill?.restoreSeconds ?? null,
    recoverableAt: drill?.recoverableAt ?? null,
    recoverableAgeSeconds: drill === undefined ? null : ageOf(drill),
  };
}

function ageOf({ startedAt, recoverableAt }: BackupDrill): number | null {
  return recoverableAt === null ? null : (Date.parse(startedAt) - Date.parse(recoverableAt)) / 1_000;
}
