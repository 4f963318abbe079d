import { Gauge, type Registry } from "prom-client";
import type { DrillKind } from "../../../components/core/drill/plan";
import { drillKey, readState } from "../../../components/io/backup/state";
import { summarizeDrill, type LastDrill } from "../drill/status";

/** A figure of the last drill. */
interface DrillFigure {
  readonly name: string;
  readonly help: string;
  readonly pick: (drill: LastDrill) => number | null;
}

const moment = (text: string | null): number | null => (text === null ? null : Date.parse(text) / 1_000);

const figures: readonly DrillFigure[] = [
  {
    name: "success",
    help: "Whether the last restore drill passed: 1, or 0",
    pick: ({ passed }) => (passed === null ? null : Number(passed)),
  },
  {
    name: "timestamp_seconds",
    help: "When the last restore drill ended",
    pick: ({ endedAt }) => moment(endedAt),
  },
  {
    name: "restore_seconds",
    help: "How long it took until the restored server could be used (RTO)",
    pick: ({ restoreSeconds }) => restoreSeconds,
  },
  {
    name: "recoverable_age_seconds",
    help: "Age of the newest moment that it gave back, when it was begun (RPO)",
    pick: ({ recoverableAgeSeconds }) => recoverableAgeSeconds,
  },
];

/** Figures of the last drills, as the repository's state has them, so that one by hand shows as well. */
export function measureDrills(repository: string, databases: readonly string[], registers: Registry[]): void {
  const subjects: readonly { readonly kind: DrillKind; readonly database?: string }[] = [
    ...databases.map((database) => ({ kind: "logical" as const, database })),
    { kind: "physical" },
    { kind: "physical-2" },
  ];
  for (const { name, help, pick } of figures) {
    new Gauge({
      name: `pgstead_backup_drill_${name}`,
      help,
      labelNames: ["kind", "database"],
      registers,
      async collect() {
        this.reset();
        const state = await readState(repository);
        for (const { kind, database } of subjects) {
          if (state.drills[drillKey(kind, database)] === undefined) continue;
          const value = pick(summarizeDrill(state, kind, database));
          // A physical one is of all databases.
          if (value !== null) this.set({ kind, database: database ?? "" }, value);
        }
      },
    });
  }
}
