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
  /** The second repository; undefined: none is declared. */
  readonly second?: ActualSecond;
}

/** What there is of a second repository. */
export interface ActualSecond {
  /** For people. */
  readonly where: string;
  /** Or why nothing can be told of it now. */
  readonly repository: PhysicalRepository | { readonly kind: "unread"; readonly reason: string };
}

/** The steps that are no SQL, in the order in which they are done: archiving begins when there is a place for it. */
export const recoverySteps = {
  prepare: "prepare the repository of physical backups",
  check: "wait until the log arrives in the repository",
  full: "take the first full backup",
  secondFull: "take the first full backup into the second repository",
} as const;

/**
 * What makes every moment from now on one that can be restored: the repository, then archiving, the proof that the log
 * arrives, and a full backup, without which the log is worth nothing.
 */
export function planRecovery(desired: DesiredRecovery, actual: ActualRecovery): Plan {
  const { repository, systemIdentifier, catalog, second } = actual;
  const foreign = foreignRepositories(actual, systemIdentifier);
  if (foreign.length > 0) return { statements: [], refusals: foreign };
  const beyond = second?.repository;
  const prepare = [repository, beyond].some((one) => one?.kind === "absent")
    ? [step("prepare", reasonToPrepare(actual))]
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
    ...planOf([...check, ...full, ...secondFull(second)]),
    notes: notesOf(actual, isNew),
  });
}

function reasonToPrepare({ repository, second }: ActualRecovery): string {
  const reason = "no log may be sent before there is a place for it";
  return repository.kind === "absent" || second === undefined ? reason : `${reason}: ${second.where}`;
}

function secondFull(second: ActualSecond | undefined): readonly Statement[] {
  if (second === undefined || second.repository.kind === "unread") return [];
  if (goodBackups(second.repository).length > 0) return [];
  return [
    step("secondFull", `${second.where}: nothing can be restored from it before; all data goes there once`),
  ];
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

function foreignRepositories(
  { repository, second }: ActualRecovery,
  systemIdentifier: string | undefined,
): readonly Refusal[] {
  const beyond = second?.repository;
  const far =
    second === undefined || beyond === undefined || beyond.kind === "unread"
      ? undefined
      : foreignRepository(beyond, systemIdentifier);
  const found = [
    foreignRepository(repository, systemIdentifier),
    far === undefined
      ? undefined
      : {
          ...far,
          subject: `the second repository (${second?.where ?? ""})`,
          hint: "give this stack a bucket, or a prefix, of its own; or empty that one if its backups are not needed",
        },
  ];
  return found.flatMap((refusal) => refusal ?? []);
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

function notesOf({ archiveFailure, second }: ActualRecovery, isNew: boolean): string[] {
  const log = `the log does not arrive in the repository: ${archiveFailure ?? ""}; it stays on the data volume until it does`;
  const unread = second?.repository.kind === "unread" ? second.repository.reason : undefined;
  return [
    ...(archiveFailure === undefined || isNew ? [] : [log]),
    ...(unread === undefined
      ? []
      : [`the second repository (${second?.where ?? ""}) cannot be looked at: ${unread}`]),
  ];
}
