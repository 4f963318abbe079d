import { findEngine } from "../docker/measure";
import { compare, medianOf, ratio, type Comparison, type Figures } from "../figures";
import { say } from "../progress";
import type { BenchResult } from "../result";
import { wholeSize, type ContentSize } from "./content";
import { guides, measureLogical, ours, steps, type LogicalMeasured } from "./logical";
import { measurePhysical, physicalSteps } from "./physical";

type BackupsMeasured = Pick<BenchResult, "comparisons" | "leftOut"> & {
  readonly figures: readonly Figures[];
};

/** Backup and restore of one database, against `pg_dump | gzip` and a replay with psql. */
export async function measureBackups(runs: number, size: ContentSize = wholeSize): Promise<BackupsMeasured> {
  const logical = await measureLogical(size, runs);
  const docker = await findEngine();
  if (typeof docker === "string") say(`physical backups are left out: ${docker}`);
  const physical = typeof docker === "string" ? [] : await measurePhysical(docker, size, runs);
  return {
    figures: [...logical.figures, ...physical],
    comparisons: [...compareLogical(logical), ...(physical.length === 0 ? [] : comparePhysical(physical))],
    leftOut: typeof docker === "string" ? [{ part: "backup", reason: `physical backups: ${docker}` }] : [],
  };
}

function compareLogical({ figures, bytes }: LogicalMeasured): Comparison[] {
  const against = (command: string, aim: number | null): Comparison =>
    compare(`${command}: ${ours} / ${guides}`, ratio(figures, command, ours, guides), "times", aim);
  return [
    against(steps.dump, round(1 / 3)),
    against(steps.backup, 1 / 2),
    against(steps.restore, round(1 / 1.4)),
    compare("size of the backup / of the dump in gzip", bytes.ours / bytes.guides, "times", 1),
    compare("size of the database", bytes.database / 1e6, "MB", null),
  ];
}

function comparePhysical(figures: readonly Figures[]): Comparison[] {
  const { restore, beside, backup } = physicalSteps;
  const shown = medianOf(figures, beside, ours) / medianOf(figures, restore, guides);
  return [
    compare(`${backup}: pgBackRest / ${guides}`, ratio(figures, backup, ours, guides), "times", null),
    compare(`${restore}: pgBackRest / ${guides}`, ratio(figures, restore, ours, guides), "times", 1 / 5),
    compare(`${beside} / ${guides}`, shown, "times", null),
  ];
}

function round(aim: number): number {
  return Math.round(aim * 100) / 100;
}
