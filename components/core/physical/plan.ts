import type { SettingsCatalog } from "../settings/catalog";
import { planSettings } from "../settings/plan";
import { joinPlans, type Plan, type Refusal, type Statement } from "../statement";
import { goodBackups, type PhysicalRepository } from "./repository";

/** What is declared of physical backups, as far as `up` brings it about. */
export interface DesiredRecovery {
  /** Of the server: `archiveSettings`. */
  readonly settings: Readonly<Record<string, string>>;
  readonly restart: "allow" | "refuse";
}

/** What there is. */
export interface ActualRecovery {
  readonly catalog: SettingsCatalog;
  readonly repository: PhysicalRepository;
  /** Of the server; undefined: there is none yet. */
  readonly systemIdentifier?: string;
  /** Why the log does not arrive at present; undefined: it does, or nothing was to arrive. */
  readonly archiveFailure?: string;
}

/** The steps that are no SQL, in the order in which they are done: archiving begins when there is a place for it. */
export const recoverySteps = {
  prepare: "prepare the repository of physical backups",
  check: "wait until the log arrives in the repository",
  full: "take the first full backup",
} as const;

/**
 * What makes every moment from now on one that can be restored: the repository, then archiving, the proof that the log
 * arrives, and a full backup, without which the log is worth nothing.
 */
export function planRecovery(desired: DesiredRecovery, actual: ActualRecovery): Plan {
  const { repository, systemIdentifier, catalog } = actual;
  const foreign = foreignRepository(repository, systemIdentifier);
  if (foreign !== undefined) return { statements: [], refusals: [foreign] };
  const prepare =
    repository.kind === "absent"
      ? [step("prepare", "no log may be sent before there is a place for it")]
      : [];
  const archiving = planSettings(
    {
      ...desired,
      names: Object.keys(desired.settings),
      reasons: Object.fromEntries(Object.keys(desired.settings).map((name) => [name, "physical backups"])),
      canRestart: true,
      made: "docker",
    },
    catalog,
  );
  const hasBackup = goodBackups(repository).length > 0;
  const isNew = prepare.length + archiving.statements.length > 0 || !hasBackup;
  const check = isNew ? [step("check", "a backup without its log is worth nothing")] : [];
  const full = hasBackup
    ? []
    : [step("full", "no moment before its end can be restored; what it takes grows with the data")];
  return joinPlans(planOf(prepare), archiving, {
    ...planOf([...check, ...full]),
    notes: notesOf(actual, isNew),
  });
}

function planOf(statements: readonly Statement[]): Plan {
  return { statements, refusals: [] };
}

function step(name: keyof typeof recoverySteps, reason: string): Statement {
  return {
    sql: recoverySteps[name],
    reason,
    risk: "none",
    kind: "server",
    step: true,
    transactional: false,
  };
}

/** Two servers in one repository would spoil each other's log. */
function foreignRepository(
  repository: PhysicalRepository,
  systemIdentifier: string | undefined,
): Refusal | undefined {
  if (repository.kind === "absent" || repository.systemIdentifier === systemIdentifier) return undefined;
  const here =
    systemIdentifier === undefined ? "which this run makes" : `whose identifier is ${systemIdentifier}`;
  return {
    subject: "the repository of physical backups",
    message: `belongs to the server with the system identifier ${repository.systemIdentifier}, not to this one, ${here}`,
    hint: "keep its volume by another name if its backups are still needed; then empty it, or remove it before `up`",
  };
}

function notesOf({ archiveFailure }: ActualRecovery, isNew: boolean): string[] {
  return archiveFailure === undefined || isNew
    ? []
    : [
        `the log does not arrive in the repository: ${archiveFailure}; it stays on the data volume until it does`,
      ];
}
