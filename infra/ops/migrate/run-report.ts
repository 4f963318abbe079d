import type { Finding } from "../../../components/core/finding";
import type { MigrationStep } from "../../../components/core/migrations/decide";
import type { Problem } from "../../../components/core/problem";
import type { DoneStep, RunOutcome } from "../../../components/io/migrations/engine";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { plural } from "../text";
import type { JudgedFiles } from "../../../components/core/migrations/judged-files";
import { renderSteps } from "./script";
import { noRepeats, renderRepeats, type ShownRepeats } from "./repeats";
import { toFindings } from "./state";

/** What a command did, or would do. */
export interface RunData {
  readonly database: string;
  /** Paths of the files that were to run, in their order. */
  readonly steps: readonly string[];
  /** Paths of the repeatable files that were to be applied after them, in their order. */
  readonly repeatables: readonly string[];
  readonly done: readonly DoneStep[];
  readonly failure: Problem | null;
  readonly dryRun: boolean;
  /** False where it was not begun: refused, declined, or only looked at. */
  readonly ran: boolean;
  /** What would run, for people. */
  readonly sql: string;
}

export interface RunDescription {
  readonly command: string;
  readonly stack: string;
  readonly database: string;
  readonly files: JudgedFiles;
  readonly steps: readonly MigrationStep[];
  readonly repeats?: ShownRepeats;
  readonly dryRun?: boolean | undefined;
}

/** The report of a run, or of why there was none. */
export function reportRun(
  { command, stack, database, files, steps, repeats = noRepeats, dryRun = false }: RunDescription,
  outcome: RunOutcome | undefined,
  findings: readonly Finding[] = [],
): Report<RunData> {
  const failure = outcome?.failure ?? null;
  const sql = renderRun(files, steps, repeats);
  const data = {
    database,
    steps: steps.map(({ migration }) => migration.path),
    repeatables: repeats.steps.map(({ repeatable }) => repeatable.path),
    done: outcome?.done ?? [],
    failure,
    dryRun,
    ran: outcome !== undefined,
    sql,
  };
  return { command, stack, data, findings: [...findings, ...toFindings(failure === null ? [] : [failure])] };
}

/** All that would run, for people; it goes into JSON as well. */
export function renderRun(
  files: JudgedFiles,
  steps: readonly MigrationStep[],
  repeats: ShownRepeats,
): string {
  const parts = [renderSteps(files, steps, plain), renderRepeats(repeats, plain)];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Without colours: a question is written beside what a command prints. */
export const plain = { bold: String, yellow: String, dim: String } as unknown as Colors;

export function renderOutcome({ data, findings }: Report<RunData>): string {
  const { database, steps, repeatables, done, dryRun, ran, sql } = data;
  if (steps.length + repeatables.length === 0 && findings.length === 0)
    return `nothing to do: database ${database} is there\n`;
  if (dryRun) return sql === "" ? "" : `${sql}\n`;
  if (!ran) return findings.length > 0 ? "" : "nothing was changed\n";
  if (done.length === 0 && findings.length === 0) {
    return `nothing was left to do: another run brought database ${database} there\n`;
  }
  const repeated = done.filter(({ direction }) => direction === "repeat").length;
  const counts = [
    ...(steps.length === 0 ? [] : [counted(done.length - repeated, steps.length, "migration")]),
    ...(repeatables.length + repeated === 0
      ? []
      : [counted(repeated, Math.max(repeatables.length, repeated), "repeatable file")]),
  ];
  return `database ${database}: ${counts.join(", ")} ${done.length === 1 ? "is" : "are"} done\n`;
}

/** `1 of 2 migrations`. */
function counted(done: number, all: number, noun: string): string {
  return `${done}${done === all ? "" : ` of ${all}`} ${plural(all, noun).replace(/^\d+ /, "")}`;
}
