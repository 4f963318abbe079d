import type { Finding } from "../finding";
import { visible } from "../statement";
import type { MigrationStep } from "./decide";
import type { GateFinding } from "./gate/judge";
import { statementsOf, type JudgedFiles } from "./judged-files";

type Judged = Pick<JudgedFiles, "judged">;

/** The entry of `pgstead:allowDataLoss` that lets a migration lose data. */
export function lossEntry(database: string, { migration }: MigrationStep): string {
  return `migration ${database}/${migration.file}`;
}

/** What keeps steps of an upgrade from running: what nobody acknowledged, and lost data that the stack does not allow. */
export function refuseUpgrade(
  files: Judged,
  steps: readonly MigrationStep[],
  { database, allowDataLoss }: { readonly database: string; readonly allowDataLoss: readonly string[] },
): Finding[] {
  return steps.flatMap((step) => {
    const found = findingsOf(files, step);
    const entry = lossEntry(database, step);
    const lost = found.find(({ needs, blocks }) => needs === "backup" && !blocks);
    const mayLose = lost === undefined || allowDataLoss.includes(entry);
    return [
      ...found.filter(({ blocks }) => blocks).map(toFinding),
      ...(mayLose
        ? []
        : [
            {
              subject: `${lost.file}:${lost.line}`,
              message: visible(`${lost.class} (${lost.rule}): ${lost.message}; the stack does not allow it`),
              hint: `take a backup, then allow the loss with pgstead:allowDataLoss: ["${entry}"]`,
            },
          ]),
    ];
  });
}

/** What keeps steps of a downgrade from running: lost data without its own word; a file that ran cannot be given one. */
export function refuseDowngrade(
  files: Judged,
  steps: readonly MigrationStep[],
  allowDataLoss: boolean,
): Finding[] {
  if (allowDataLoss) return [];
  const lost = steps
    .flatMap((step) => findingsOf(files, step))
    .filter((found) => found.class === "data-loss");
  return lost.map(({ file, line, rule, message }) => ({
    subject: `${file}:${line}`,
    message: visible(`data-loss (${rule}): ${message}`),
    hint: "take a backup, then say --allow-data-loss",
  }));
}

function findingsOf(files: Judged, step: MigrationStep): GateFinding[] {
  return statementsOf(files, step).flatMap(({ findings }) => findings);
}

function toFinding({ file, line, class: of, rule, message, hint }: GateFinding): Finding {
  return {
    subject: `${file}:${line}`,
    message: visible(`${of} (${rule}): ${message}`),
    hint: `${hint}; or allow it: -- pgstead:allow ${rule} reason="…"`,
  };
}
