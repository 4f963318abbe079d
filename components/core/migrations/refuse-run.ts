import { mayBeLost, needsNoBackup, withoutBackup } from "../allowed-loss";
import type { Finding } from "../finding";
import { type Loss } from "../statement";
import { visible } from "../visible";
import { allowing } from "./acknowledgement";
import type { MigrationStep } from "./decide";
import type { GateFinding } from "./gate/judge";
import { statementsOf, type JudgedFiles } from "./judged-files";

type Judged = Pick<JudgedFiles, "judged">;

/** What a stack lets migrations of a database lose. */
export interface AllowedLosses {
  readonly database: string;
  /** Entries of `pgstead:allowDataLoss`. */
  readonly allowDataLoss: readonly string[];
  /** True: a backup that counts lets through what is acknowledged, and is asked for by whoever runs it. */
  readonly gated?: boolean;
}

/**
 * The entry of `pgstead:allowDataLoss` that lets a migration lose data. Its way back is another loss, which an entry that
 * was left there must not allow.
 */
function lossEntry(database: string, { migration, direction }: MigrationStep): string {
  return `${direction === "up" ? "migration" : "downgrade"} ${database}/${migration.file}`;
}

/** What keeps steps of an upgrade from running: what nobody acknowledged, and lost data that the stack does not allow. */
export function refuseUpgrade(
  files: Judged,
  steps: readonly MigrationStep[],
  { database, allowDataLoss, gated = false }: AllowedLosses,
): Finding[] {
  return steps.flatMap((step) => {
    const found = findingsOf(files, step);
    const entry = lossEntry(database, step);
    const lost = acknowledgedLoss(found);
    const mayLose = lost === undefined || gated || mayBeLost(allowDataLoss, entry);
    return [
      ...found.filter(({ blocks }) => blocks).map(toFinding),
      ...(mayLose ? [] : [lostFinding(lost, "; the stack does not allow it", backupHint(entry))]),
    ];
  });
}

/** What steps of an upgrade lose by the word of their files, unless the stack lets it go without a backup. */
export function lossesOfUpgrade(
  files: Judged,
  steps: readonly MigrationStep[],
  { database, allowDataLoss, gated = false }: AllowedLosses,
): Loss[] {
  if (!gated) return [];
  return steps.flatMap((step) => {
    const entry = lossEntry(database, step);
    const lost = acknowledgedLoss(findingsOf(files, step));
    return lost === undefined || mayBeLost(allowDataLoss, entry) ? [] : [toLoss(lost, database, entry)];
  });
}

/** As {@link lossesOfUpgrade}, of steps back that the stack allows. */
export function lossesOfDowngrade(
  files: Judged,
  steps: readonly MigrationStep[],
  { database, allowDataLoss, gated = false }: AllowedLosses,
): Loss[] {
  if (!gated) return [];
  return steps.flatMap((step) => {
    const entry = lossEntry(database, step);
    const lost = findingsOf(files, step).find(isLoss);
    const isAsked = lost !== undefined && !needsNoBackup(allowDataLoss, entry);
    return isAsked ? [toLoss(lost, database, `${entry}${withoutBackup}`)] : [];
  });
}

function acknowledgedLoss(found: readonly GateFinding[]): GateFinding | undefined {
  return found.find(({ needs, blocks }) => needs === "backup" && !blocks);
}

function toLoss(
  { file, line, class: of, rule, message }: GateFinding,
  database: string,
  entry: string,
): Loss {
  return { database, subject: `${file}:${line}`, message: visible(`${of} (${rule}): ${message}`), entry };
}

/** What keeps steps of a downgrade from running: lost data without its own word; a file that ran cannot be given one. */
export function refuseDowngrade(
  files: Judged,
  steps: readonly MigrationStep[],
  allowDataLoss: boolean,
): Finding[] {
  if (allowDataLoss) return [];
  const lost = steps.flatMap((step) => findingsOf(files, step)).filter(isLoss);
  return lost.map((one) => lostFinding(one, "", "take a backup, then say --allow-data-loss"));
}

/** As {@link refuseDowngrade}, where the word is the stack's. */
export function refuseDeclaredDowngrade(
  files: Judged,
  steps: readonly MigrationStep[],
  { database, allowDataLoss }: AllowedLosses,
): Finding[] {
  return steps.flatMap((step) => {
    const entry = lossEntry(database, step);
    const lost = mayBeLost(allowDataLoss, entry) ? undefined : findingsOf(files, step).find(isLoss);
    return lost === undefined ? [] : [lostFinding(lost, "; the stack does not allow it", backupHint(entry))];
  });
}

function isLoss(found: GateFinding): boolean {
  return found.class === "data-loss";
}

function backupHint(entry: string): string {
  return `take a backup, then allow the loss with pgstead:allowDataLoss: ["${entry}"]`;
}

function lostFinding(
  { file, line, class: of, rule, message }: GateFinding,
  more: string,
  hint: string,
): Finding {
  return { subject: `${file}:${line}`, message: visible(`${of} (${rule}): ${message}${more}`), hint };
}

function findingsOf(files: Judged, step: MigrationStep): GateFinding[] {
  return statementsOf(files, step).flatMap(({ findings }) => findings);
}

/** A finding of the gate as people are told. */
export function toFinding({ file, line, class: of, rule, message, hint }: GateFinding): Finding {
  return {
    subject: `${file}:${line}`,
    message: visible(`${of} (${rule}): ${message}`),
    hint: `${hint}; or allow it: ${allowing(file, rule)}`,
  };
}
