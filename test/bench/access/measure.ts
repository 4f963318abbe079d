import type { Subject } from "../engine";
import { compare, median, ratio, type Comparison, type Figures } from "../figures";
import { measureApply } from "./apply";
import { measureLarge } from "./large";
import { measureWide } from "./wide";

/** Everything about privileges: applying them, a preview with them, and a catalogue of 10,000 tables. */
export async function measureAccess(
  empty: Subject,
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<{ figures: readonly Figures[]; comparisons: readonly Comparison[]; privileges: number }> {
  const apply = await measureApply(runs);
  const [own, reference] = apply.subjects;
  const large = await measureLarge(runs);
  const read = { command: "read and plan", subject: "10,000 tables", seconds: large.seconds };
  const wide = await measureWide(empty, runs, keep);
  const applied = ratio(apply.figures, apply.command, own, reference);
  return {
    privileges: apply.privileges,
    figures: [...apply.figures, read, ...wide.figures],
    comparisons: [
      compare(`${apply.command}: ${own} / ${reference}`, applied, "times", 2),
      ...wide.comparisons,
      compare("read and plan: 10,000 tables", median(large.seconds), "s", 2),
      compare("read and plan: memory of the process", large.megabytes, "MB", 300),
    ],
  };
}
