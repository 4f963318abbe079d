import { join } from "node:path";
import type { Finding } from "../../../components/core/finding";
import { nearest } from "../../../components/core/nearest";
import type { BackupName } from "../../../components/core/backup/name";
import { drillSubject } from "../../../components/core/drill/freshness";
import type { DrillResult } from "../../../components/core/drill/result";
import { problemError, ProblemError } from "../../../components/core/problem";
import { drillKey } from "../../../components/io/backup/state";
import { LostWayError, type Destination } from "../../../components/io/copies/destination";
import { leaveDrill } from "../../../components/io/copies/drilled";
import { IdentityError } from "../../../components/io/copies/encryption";
import { withFetchedPlace } from "../../../components/io/copies/fetched-place";
import { withDestination } from "../../../components/io/copies/open";
import { chooseAtCopy, drillCopy } from "../../../components/io/drill/copy";
import { writeReport } from "../../../components/io/drill/keep-result";
import { chooseCopies } from "../backup/copies";
import type { BackupPlace } from "../backup/place";
import { chooseDatabases } from "../backup/take";
import type { Report } from "../report";
import { assertionTimeoutMs, toFinding, unableFindings, type DrillData } from "./run";

/** Which backups of a copy somebody wants to see restored. */
export interface CopyDrillArgs {
  readonly copy: string;
  /** Absent: the newest of each database. */
  readonly name?: string | undefined;
  readonly database?: string | undefined;
  /** File with the key of an encrypted copy; `-`: standard input. */
  readonly identity?: string | undefined;
}

/**
 * Restores backups of a copy to a server that is thrown away, on the machine that asks, which needs neither the repository
 * nor the stack's server. What came of it is left at the copy, for the stack to read.
 *
 * @throws ProblemError for what is wrong with the command line or the key; LostWayError
 */
export function runCopyDrills(
  place: BackupPlace,
  args: CopyDrillArgs,
  given: AbortSignal,
): Promise<Report<DrillData>> {
  const [declared] = chooseCopies(place, args.copy);
  if (declared === undefined) throw new Error(`copy ${args.copy} is not declared`);
  const { fetched } = place.drills.copies;
  return withFetchedPlace(fetched, `drill of copy ${args.copy}`, given, (directory, signal) =>
    withDestination(declared, async (destination) => {
      const drills: DrillData["drills"][number][] = [];
      const findings: Finding[] = [];
      for (const { database, backup } of await choose(place, destination, { args, signal })) {
        const subject = `${drillSubject({ kind: "logical", database })} at ${destination.name}`;
        try {
          if (backup === undefined) throw noneThere(destination, database);
          const work = { destination, directory, identity: args.identity, signal };
          const { drill, told } = await drillOne(place, backup, work);
          drills.push(drill);
          findings.push(...drill.faults.map((message) => toFinding(subject, drill.backup, message)), ...told);
        } catch (error) {
          signal.throwIfAborted();
          // Another backup would meet the same.
          if (error instanceof IdentityError || error instanceof LostWayError) throw error;
          findings.push(...unableFindings(subject, error));
        }
      }
      const data = { repository: place.repository, drills };
      return { command: "backup drill", stack: place.stack, data, findings };
    }),
  );
}

interface Wanted {
  readonly database: string;
  /** Undefined: there is none at the copy. */
  readonly backup: BackupName | undefined;
}

async function choose(
  place: BackupPlace,
  destination: Destination,
  { args: { name, database }, signal }: { readonly args: CopyDrillArgs; readonly signal: AbortSignal },
): Promise<readonly Wanted[]> {
  const { whole } = await place.progress(`asking copy ${destination.name}`, destination.list(signal));
  if (name !== undefined) {
    const [backup] = chooseAtCopy(whole, { databases: [], name });
    if (backup === undefined) throw missing(destination, name, whole);
    return [{ database: backup.database, backup }];
  }
  const databases = chooseDatabases(place, database);
  const found = chooseAtCopy(whole, { databases });
  return databases.map((one) => ({
    database: one,
    backup: found.find((backup) => backup.database === one),
  }));
}

function missing({ name: copy, where }: Destination, name: string, whole: readonly string[]): Error {
  const meant = nearest(name, whole);
  const hint =
    meant === undefined ? `\`backup copies --copy ${copy}\` says what is there` : `did you mean ${meant}?`;
  return problemError(`copy ${copy} (${where})`, `has no ${name}`, hint);
}

function noneThere({ name: copy, where }: Destination, database: string): Error {
  const hint = `send one: \`backup send --copy ${copy}\``;
  return problemError(`copy ${copy} (${where})`, `has no backup of ${database}`, hint);
}

interface CopyWork {
  readonly destination: Destination;
  readonly directory: string;
  readonly identity: string | undefined;
  readonly signal: AbortSignal;
}

async function drillOne(
  { drills: { search, assertions, copies }, progress }: BackupPlace,
  backup: BackupName,
  { destination: copy, signal, ...work }: CopyWork,
): Promise<{ readonly drill: DrillData["drills"][number]; readonly told: readonly Finding[] }> {
  const { home, fetched } = copies;
  const result = await drillCopy({
    ...{ ...work, copy, backup, home, search, assertions, assertionTimeoutMs, progress, signal },
    now: () => Date.now(),
  });
  const key = `${copy.name} ${drillKey("logical", backup.database)}`;
  const report = await writeReport(join(fetched, "reports"), key, result);
  const told = await leave(copy, result, signal);
  return { drill: { ...result, report }, told };
}

async function leave(
  copy: Destination,
  result: DrillResult,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  try {
    await leaveDrill(copy, result, signal);
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ProblemError)) throw error;
    const why = error.problems.map(({ message }) => message).join("; ");
    return [
      {
        subject: `drill of ${result.backup}`,
        message: `what came of it could not be left at ${error.title}: ${why}`,
        hint: "`backup status` does not hear of it: let who does drills write below drills/ there",
      },
    ];
  }
}
