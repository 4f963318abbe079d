import type { Finding } from "../../../components/core/finding";
import type { MigrationStep } from "../../../components/core/migrations/decide";
import type { Problem } from "../../../components/core/problem";
import type { DoneStep, RunOutcome } from "../../../components/io/migrations/engine";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { plural } from "../text";
import type { JudgedFiles } from "../../../components/core/migrations/judged-files";
import { renderSteps } from "./script";
import { toFindings } from "./state";

/** What a command did, or would do. */
export interface RunData {
  readonly database: string;
  /** Paths of the files that were to run, in their order. */
  readonly steps: readonly string[];
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
  readonly dryRun?: boolean | undefined;
}

/** The report of a run, or of why there was none. */
export function reportRun(
  { command, stack, database, files, steps, dryRun = false }: RunDescription,
  outcome: RunOutcome | undefined,
  findings: readonly Finding[] = [],
): Report<RunData> {
  const failure = outcome?.failure ?? null;
  const sql = renderSteps(files, steps, plain);
  const data = {
    database,
    steps: steps.map(({ migration }) => migration.path),
    done: outcome?.done ?? [],
    failure,
    dryRun,
    ran: outcome !== undefined,
    sql,
  };
  return { command, stack, data, findings: [...findings, ...toFindings(failure === null ? [] : [failure])] };
}

/** Text without colours, which goes into JSON as well. */
export const plain = { bold: String, yellow: String, dim: String } as unknown as Colors;

export function renderRun({ data, findings }: Report<RunData>): string {
  const { database, steps, done, dryRun, ran, sql } = data;
  if (steps.length === 0 && findings.length === 0) return `nothing to do: database ${database} is there\n`;
  if (dryRun) return sql === "" ? "" : `${sql}\n`;
  if (!ran) return findings.length > 0 ? "" : "nothing was changed\n";
  const of = done.length === steps.length ? "" : ` of ${steps.length}`;
  return `database ${database}: ${done.length}${of} ${plural(steps.length, "migration").replace(/^\d+ /, "")} ${done.length === 1 ? "is" : "are"} done\n`;
}
