import type { MigrationStep } from "../../../components/core/migrations/decide";
import type { MigrationHistory } from "../../../components/core/migrations/history";
import type { Problem } from "../../../components/core/problem";
import { decideRepeatables, type RepeatableStep } from "../../../components/core/repeatables/decide";
import { reachesEnd, reasonWords } from "../../../components/core/repeatables/plan-repeatables";
import type { Forecast } from "../../../components/core/repeatables/replacement";
import { visible } from "../../../components/core/visible";
import { forecastReplacements } from "../../../components/io/repeatables/forecast";
import type { Colors } from "../colors";
import type { CommandContext } from "../command";
import { renderTable } from "../table";
import { renderMs } from "./declare-look";
import { worstOf, type JudgedFiles } from "../../../components/core/migrations/judged-files";
import { indent, madeAnew, reasonOf } from "./script";
import { lookAs, type StackDatabase } from "./stack-database";
import type { RepeatableState } from "./state";
import { renderMoment } from "../../../components/core/migrations/compare-history";

/** What of the repeatable files is to run after the migrations, as people see it. */
export interface ShownRepeats {
  /** False where migrations stay pending: the files may need them. */
  readonly runs: boolean;
  readonly steps: readonly RepeatableStep[];
  /** What is known to be made anew. */
  readonly forecasts: readonly Forecast[];
}

export const noRepeats: ShownRepeats = { runs: false, steps: [], forecasts: [] };

/** What is to be applied once the steps are done; nothing where they do not reach the last migration. */
export function repeatsAfter(
  { judged, repeatables }: JudgedFiles,
  { history, steps }: { readonly history: MigrationHistory; readonly steps: readonly MigrationStep[] },
): ShownRepeats {
  if (!reachesEnd(history.applied.length, steps, judged.length)) return noRepeats;
  return {
    runs: true,
    steps: decideRepeatables(repeatables, history.repeatables ?? []).steps,
    forecasts: [],
  };
}

/** The same with what would be made anew, which a look at the database tells. */
export async function decideShown(
  { progress }: CommandContext,
  database: StackDatabase,
  files: JudgedFiles,
  given: {
    readonly history: MigrationHistory;
    readonly steps: readonly MigrationStep[];
    readonly problems: readonly Problem[];
  },
): Promise<ShownRepeats> {
  if (given.problems.length > 0) return noRepeats;
  const { repeatables, parser } = files;
  const repeats = repeatsAfter(files, given);
  if (repeats.steps.length === 0) return repeats;
  const look = lookAs(
    database,
    (session) => forecastReplacements(session, database.owner, { steps: repeats.steps, repeatables, parser }),
    { serversSearchPath: true },
  );
  return { ...repeats, forecasts: await progress(`looking what stands on what in ${database.name}`, look) };
}

/** What would run, file by file. */
export function renderRepeats({ steps, forecasts }: ShownRepeats, colors: Colors): string {
  const parts = steps.map(({ repeatable: { path, statements }, reason }) => {
    const worst = worstOf(statements.map(({ judged }) => judged));
    const anew = madeAnew(path, forecasts);
    const lines = statements.flatMap(({ text, judged: { class: of, findings } }) => [
      ...indent(`${text};`),
      ...(of === "safe"
        ? []
        : [colors.yellow(`    -- ${of}: ${visible(findings.map(reasonOf).join("; "))}`)]),
    ]);
    return [
      colors.bold(`${path} (repeatable, ${reasonWords[reason]}, ${worst})`),
      ...(anew.length === 0
        ? []
        : [colors.yellow(`    -- dropped and made anew, privileges included: ${visible(anew.join(", "))}`)]),
      ...lines,
    ].join("\n");
  });
  return parts.join("\n\n");
}

/** Sections of `migrate status`; none where there are no such files and never were. */
export function renderRepeatables({ applied, pending, left }: RepeatableState, colors: Colors): string[] {
  if (applied.length + pending.length === 0) return [];
  const waiting = new Map(pending.map(({ file, reason }) => [file, reasonWords[reason]]));
  const known = new Set(applied.map(({ path }) => path));
  const rows = [
    ...applied.map(({ path, appliedAt, appliedBy, durationMs }) => [
      path,
      renderMoment(appliedAt).replace(" UTC", ""),
      appliedBy,
      renderMs(durationMs),
      waiting.get(path) ?? "",
    ]),
    ...pending
      .filter(({ file }) => !known.has(file))
      .map(({ file, reason }) => [file, "", "", "", reasonWords[reason]]),
  ];
  const columns = ["file", "when (UTC)", "by", "took", "to be applied"];
  const headings = columns.map((heading) => ({ heading, numeric: heading === "took" }));
  const leftRows = left.map(({ file, object, drop }) => [visible(object), file, visible(`${drop};`)]);
  return [
    renderTable("Repeatable", headings, rows, colors),
    ...(left.length === 0
      ? []
      : [
          renderTable(
            "Made by no file any more",
            ["object", "was made by", "a migration drops it with"].map((heading) => ({ heading })),
            leftRows,
            colors,
          ),
        ]),
  ];
}
