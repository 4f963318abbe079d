import { quoteIdentifier } from "../../../components/core/identifier";
import type { MigrationStep } from "../../../components/core/migrations/decide";
import type { RepeatableStep } from "../../../components/core/repeatables/decide";
import type { Forecast } from "../../../components/core/repeatables/replacement";
import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import { statementsOf, worstOf, type JudgedFiles } from "../../../components/core/migrations/judged-files";

/** What would run, file by file, each statement with its class. */
export function renderSteps(files: JudgedFiles, steps: readonly MigrationStep[], colors: Colors): string {
  const parts = steps.map((step) => {
    const { migration, direction, resume } = step;
    const statements = statementsOf(files, step);
    const notes = [
      direction,
      ...(migration.transactional ? [] : ["statement by statement"]),
      ...(resume === undefined ? [] : [`goes on at statement ${resume.done + 1}`]),
      worstOf(statements),
    ];
    const lines = statements.flatMap(({ statement, class: of, findings }) => [
      ...indent(`${statement.text};`),
      ...(of === "safe"
        ? []
        : [colors.yellow(`    -- ${of}: ${visible(findings.map(reasonOf).join("; "))}`)]),
    ]);
    return [colors.bold(`${migration.path} (${notes.join(", ")})`), ...lines].join("\n");
  });
  return parts.join("\n\n");
}

export function reasonOf({
  message,
  acknowledged,
}: {
  readonly message: string;
  readonly acknowledged: { readonly reason: string } | null;
}): string {
  return acknowledged === null ? message : `${message} (allowed: ${acknowledged.reason})`;
}

/** Every line of it can be seen for what it is. */
export function indent(text: string): string[] {
  return text.split("\n").map((line) => `  ${visible(line.replaceAll("\t", "  "))}`);
}

/** What CREATE OR REPLACE of a repeatable file cannot change, and what stands on that. */
export function madeAnew(path: string, forecasts: readonly Forecast[]): string[] {
  const ofFile = forecasts.filter((one) => one.path.startsWith(`${path}:`));
  return [...new Set(ofFile.flatMap(({ objects }) => objects))];
}

/** The same as a script: as the runner sends it, without its records. */
export function renderScript(
  steps: readonly MigrationStep[],
  {
    steps: repeats,
    forecasts,
  }: { readonly steps: readonly RepeatableStep[]; readonly forecasts: readonly Forecast[] },
  owner: string | undefined,
): string {
  const become = owner === undefined ? [] : [`SET ROLE ${quoteIdentifier(owner)};`];
  const parts = steps.map(({ migration, direction }) => {
    const statements = migration[direction].map(({ text }) => `${text};`);
    const body = migration.transactional ? ["BEGIN;", ...statements, "COMMIT;"] : statements;
    return [`-- ${migration.path}`, ...body].join("\n");
  });
  const repeated = repeats.map(({ repeatable: { path, statements } }) => {
    const anew = madeAnew(path, forecasts);
    const warning = `-- a run drops first and makes anew, which this script does not: ${visible(anew.join(", "))}`;
    return [
      `-- ${path}`,
      ...(anew.length === 0 ? [] : [warning]),
      ...statements.map(({ text }) => `${text};`),
    ].join("\n");
  });
  const last = repeated.length === 0 ? [] : ["BEGIN;", ...repeated, "COMMIT;"];
  parts.push(...last);
  return parts.length === 0 ? "" : `${[...become, ...parts].join("\n\n")}\n`;
}
