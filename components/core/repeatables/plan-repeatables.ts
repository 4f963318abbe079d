import type { Finding } from "../finding";
import type { MigrationStep } from "../migrations/decide";
import type { JudgedFiles } from "../migrations/judged-files";
import { madeBy, type PendingFile } from "../migrations/made-objects";
import type { MigrationHistory } from "../migrations/history";
import { classRisks, reasonOf } from "../migrations/planned-statement";
import { toFinding } from "../migrations/refuse-run";
import { type Refusal, type Statement } from "../statement";
import { visible } from "../visible";
import { decideRepeatables, type RepeatableReason, type RepeatableStep } from "./decide";
import type { Forecast } from "./replacement";

/** Why a file is applied, in words. */
export const reasonWords: Readonly<Record<RepeatableReason, string>> = {
  new: "it never was",
  changed: "its text changed",
  missing: "what it made is gone",
};

/** What the repeatable files add to the plan of a database's migrations. */
export interface PlannedRepeatables {
  readonly statements: readonly Statement[];
  readonly refusals: readonly Refusal[];
  readonly notes: readonly string[];
  readonly pending: readonly PendingFile[];
}

/** The statements of the files that run once the steps are done; none where those do not reach the last migration. */
export function planRepeatables(
  {
    history,
    forecasts = [],
  }: { readonly history: MigrationHistory; readonly forecasts?: readonly Forecast[] },
  { judged, repeatables }: JudgedFiles,
  { steps: before, owner }: { readonly steps: readonly MigrationStep[]; readonly owner: string },
): PlannedRepeatables {
  const { steps: all, left } = decideRepeatables(repeatables, history.repeatables ?? []);
  const steps = reachesEnd(history.applied.length, before, judged.length) ? all : [];
  const files = new Set(steps.map(({ repeatable }) => repeatable.path));
  const known = forecasts.filter(({ path }) => files.has(path.replace(/:\d+$/, "")));
  return {
    statements: steps.flatMap((step) => statementsOfFile(step, owner)),
    refusals: refuseRepeats({ steps, forecasts: known }, before),
    notes: [
      ...known.map(({ path, objects }) =>
        visible(`${path}: dropped and made anew, privileges included: ${objects.join(", ")}`),
      ),
      ...left.map(({ file, object, drop }) =>
        visible(
          `${file} does not make ${object} any more, which is there still; a migration drops it with ${drop}`,
        ),
      ),
    ],
    pending: steps.map(({ repeatable: { path: file, statements } }) => {
      return { file, makes: statements.flatMap(({ node }) => madeBy(node)) };
    }),
  };
}

/** Files may need every migration: they wait for the last one. */
export function reachesEnd(applied: number, steps: readonly MigrationStep[], files: number): boolean {
  return steps.every(({ direction }) => direction === "up") && applied + steps.length >= files;
}

function statementsOfFile({ repeatable, reason }: RepeatableStep, owner: string): Statement[] {
  const { path, name, checksum, statements } = repeatable;
  return statements.map(({ text, judged }): Statement => {
    const line = judged.statement.firstLine;
    const origin = {
      file: path,
      line,
      owner,
      direction: "repeat",
      transactional: true,
      version: "",
      name,
      checksum,
    } as const;
    return {
      sql: text,
      reason: `${reasonOf(judged, origin)}; ${reasonWords[reason]}`,
      risk: classRisks[judged.class],
      kind: "migration",
      migration: origin,
    };
  });
}

/** What keeps them from running: what nobody acknowledged, and what stands on them and is no such file's. */
export function refuseRepeats(
  {
    steps,
    forecasts,
  }: { readonly steps: readonly RepeatableStep[]; readonly forecasts: readonly Forecast[] },
  before: readonly MigrationStep[],
): Finding[] {
  const blocked = steps.flatMap(({ repeatable }) =>
    repeatable.statements.flatMap(({ judged }) =>
      judged.findings.filter(({ blocks }) => blocks).map(toFinding),
    ),
  );
  // A migration before them may take it away: the run looks again.
  if (before.length > 0) return blocked;
  const hint =
    "drop that in a migration before, and make it anew after; or make it in a repeatable file as well";
  const inTheWay = forecasts
    .filter(({ strangers }) => strangers.length > 0)
    .map(({ path, objects, strangers }) => ({
      subject: path,
      message: visible(
        `${objects.at(-1) ?? ""} would have to be dropped and made anew, and no repeatable file makes what depends on it: ${strangers.join(", ")}`,
      ),
      hint,
    }));
  return [...blocked, ...inTheWay];
}
