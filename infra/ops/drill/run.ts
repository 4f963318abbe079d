import type { Finding } from "../../../components/core/finding";
import { drillSubject } from "../../../components/core/drill/freshness";
import type { DrillKind } from "../../../components/core/drill/plan";
import type { DrillResult } from "../../../components/core/drill/result";
import { problemError, ProblemError } from "../../../components/core/problem";
import {
  assertOwnRepository,
  readRepository,
  type Repository,
} from "../../../components/io/backup/repository";
import { whenFree } from "../../../components/io/backup/wait-for-repository";
import { keepResult } from "../../../components/io/drill/keep-result";
import { drillLogical } from "../../../components/io/drill/logical";
import { drillPhysical } from "../../../components/io/drill/physical";
import type { BackupPlace } from "../backup/place";
import { stackName } from "../backup/place";
import type { Report } from "../report";
import { errorMessage } from "../../../components/core/error-message";

export interface DrillData {
  readonly repository: string;
  readonly drills: readonly (DrillResult & {
    /** File with all of this. */
    readonly report: string;
  })[];
  /** What a person should know of how the result was told. */
  readonly notes?: readonly string[];
}

/** An assertion that takes longer is ended, and does not hold. */
export const assertionTimeoutMs = 300_000;

/**
 * Restores the newest backup of each kind to a server that is thrown away, and keeps what came of it. One that could not be
 * done here says nothing of its backup: it is a finding, and what is known of the last one stays.
 */
export function runDrills(
  place: BackupPlace,
  wanted: DrillKind | undefined,
  given: AbortSignal,
): Promise<Report<DrillData>> {
  const { repository, stack } = place;
  const say = (text: string): Promise<void> => {
    place.write(text);
    return Promise.resolve();
  };
  const work = async (signal: AbortSignal): Promise<Report<DrillData>> => {
    await assertOwnRepository(repository, stackName(stack));
    const found = await readRepository(repository);
    const drills: DrillData["drills"][number][] = [];
    const findings: Finding[] = [];
    for (const { subject, work } of plan(place, found, wanted, signal)) {
      try {
        const { result, checked } = await work();
        drills.push({ ...result, report: await keepResult(repository, result, checked) });
        findings.push(...result.faults.map((message) => toFinding(subject, result.backup, message)));
      } catch (error) {
        signal.throwIfAborted();
        findings.push(...unableFindings(subject, error));
      }
    }
    return { command: "backup drill", stack, data: { repository, drills }, findings };
  };
  return whenFree(repository, "restore drill", { say, signal: given }, work, place.patienceMs ?? 0);
}

interface PlannedDrill {
  readonly subject: string;
  readonly work: () => Promise<{ readonly result: DrillResult; readonly checked?: readonly string[] }>;
}

/** @throws ProblemError where there is nothing to drill */
function plan(
  place: BackupPlace,
  { backups }: Repository,
  wanted: DrillKind | undefined,
  signal: AbortSignal,
): PlannedDrill[] {
  const { drills, schedule, databases, repository, progress } = place;
  const common = { ...drills, assertionTimeoutMs, progress, now: () => Date.now(), signal };
  const hasLogical = schedule !== undefined || backups.length > 0;
  const logical =
    wanted?.startsWith("physical") === true || (wanted === undefined && !hasLogical) ? [] : databases;
  const planned = logical.map((database): PlannedDrill => {
    const subject = drillSubject({ kind: "logical", database });
    const backup = backups.find((one) => one.database === database);
    return {
      subject,
      work: () => {
        if (backup === undefined)
          throw problemError(subject, "there is no backup of it", "take one: `backup`");
        return drillLogical({ ...common, repository, backup });
      },
    };
  });
  const { physical } = drills;
  for (const [kind, backend] of [
    ["physical", physical?.backend],
    ["physical-2", physical?.second],
  ] as const) {
    if (physical === undefined || backend === undefined || (wanted ?? kind) !== kind) continue;
    const drill = { ...common, kind, backend, administrator: physical.administrator, databases };
    planned.push({
      subject: drillSubject({ kind }),
      work: async () => ({ result: await drillPhysical(drill) }),
    });
  }
  if (planned.length > 0) return planned;
  throw problemError(
    wanted === undefined ? "backup drill" : "--kind",
    wanted === "physical-2"
      ? "this stack has no second repository here"
      : wanted === "physical"
        ? "this stack has no physical backups here"
        : "there are no backups yet",
    wanted === "physical-2"
      ? "declare it on target docker: `second` of pgstead:backup.physical"
      : wanted === "physical"
        ? "declare them on target docker: `pgstead:backup: { physical: {} }`"
        : "take one: `backup`",
  );
}

export function toFinding(subject: string, backup: string, message: string): Finding {
  const hint = "do not count on this backup: take another one, and do a drill of that";
  return { subject, message: `${backup}: ${message}`, hint };
}

export function unableFindings(subject: string, error: unknown): Finding[] {
  if (!(error instanceof ProblemError)) {
    const message = `could not be done: ${errorMessage(error)}`;
    return [{ subject, message, hint: "mend that, and run this again; it says nothing of the backup" }];
  }
  return error.problems.map(({ path, message, hint }) => ({
    subject,
    message: `could not be done: ${path === "" ? error.title : path}: ${message}`,
    hint,
  }));
}
