import type { Finding } from "../../../components/core/finding";
import { problemError } from "../../../components/core/problem";
import { copyBytes, parseCopyIndex } from "../../../components/core/copies/copy-index";
import { parseBackupName } from "../../../components/core/backup/name";
import { sha256 } from "../../../components/io/backup/files";
import { withRepository } from "../../../components/io/backup/lock";
import { assertOwnRepository } from "../../../components/io/backup/repository";
import type { DeclaredCopy, Destination } from "../../../components/io/copies/destination";
import { fetchCopy } from "../../../components/io/copies/fetch";
import { withDestination } from "../../../components/io/copies/open";
import { problemsOf, syncCopy, type CopyOutcome } from "../../../components/io/copies/sync";
import { meantOrKnown } from "../meant";
import type { Report } from "../report";
import { stackName, type BackupPlace } from "./place";

/** Sends to each copy what it lacks. Under the repository's lock. */
export async function sendCopies(
  place: BackupPlace,
  copies: readonly DeclaredCopy[],
  signal: AbortSignal,
): Promise<CopyOutcome[]> {
  const { repository, recipients, plan, stack, version, progress } = place;
  const outcomes: CopyOutcome[] = [];
  for (const copy of copies) {
    const work = { repository, recipients, keep: plan.keep, stack: stackName(stack), version, progress };
    outcomes.push(await syncCopy({ ...work, copy, now: () => Date.now(), signal }));
  }
  return outcomes;
}

export function toCopyFindings({ problems }: Pick<CopyOutcome, "problems">): Finding[] {
  return problems.map(({ path, message, hint }) => ({ subject: path, message, hint }));
}

export interface SendData {
  readonly repository: string;
  readonly copies: readonly CopyOutcome[];
}

/** Sends what is missing, without a backup before it. */
export function sendMissing(
  place: BackupPlace,
  wanted: string | undefined,
  given: AbortSignal,
): Promise<Report<SendData>> {
  const { repository, stack } = place;
  const chosen = chooseCopies(place, wanted);
  return withRepository(repository, "sending of backups", given, async (signal) => {
    await assertOwnRepository(repository, stackName(stack));
    const copies = await sendCopies(place, chosen, signal);
    const findings = copies.flatMap(toCopyFindings);
    return { command: "backup send", stack, data: { repository, copies }, findings };
  });
}

/** @throws ProblemError for one that is not declared, or where none is */
export function chooseCopies(
  { copies }: Pick<BackupPlace, "copies">,
  wanted: string | undefined,
): readonly DeclaredCopy[] {
  const names = copies.map(({ plan }) => plan.name);
  if (names.length === 0) {
    throw problemError("copies", "none are declared", "declare some: pgstead:backup.copies");
  }
  if (wanted === undefined) return copies;
  const found = copies.filter(({ plan }) => plan.name === wanted);
  if (found.length > 0) return found;
  throw problemError("--copy", `${wanted} is not declared`, meantOrKnown(wanted, names));
}

export interface FoundCopy {
  readonly copy: string;
  readonly name: string;
  readonly database: string;
  readonly takenAt: string;
  readonly sentAt: string | null;
  readonly encryption: "age" | "none" | null;
  readonly bytes: number | null;
  /** Why its index cannot be used. */
  readonly fault: string | null;
}

export interface CopiesData {
  readonly copies: readonly {
    readonly name: string;
    readonly where: string;
    /** What runs that did not come to their end have left. */
    readonly halves: readonly string[];
  }[];
  readonly backups: readonly FoundCopy[];
}

/** What is at each copy, asked of the copy itself: it takes no repository, which may be lost. */
export async function listCopies(
  place: BackupPlace,
  wanted: string | undefined,
  signal: AbortSignal,
): Promise<Report<CopiesData>> {
  const copies: CopiesData["copies"][number][] = [];
  const backups: FoundCopy[] = [];
  const findings: Finding[] = [];
  for (const copy of chooseCopies(place, wanted)) {
    try {
      await withDestination(copy, async (destination) => {
        const { name, where } = destination;
        const { whole, halves } = await place.progress(`asking copy ${name}`, destination.list(signal));
        copies.push({ name, where, halves });
        const found: FoundCopy[] = [];
        for (const backup of whole) found.push(await describe(destination, backup, signal));
        backups.push(...found.toSorted((a, b) => (a.takenAt < b.takenAt ? 1 : -1)));
      });
    } catch (error) {
      signal.throwIfAborted();
      findings.push(...toCopyFindings({ problems: problemsOf(error) }));
    }
  }
  return { command: "backup copies", stack: place.stack, data: { copies, backups }, findings };
}

async function describe(destination: Destination, name: string, signal: AbortSignal): Promise<FoundCopy> {
  const { database = "", takenAt = 0 } = parseBackupName(name) ?? {};
  const head = { copy: destination.name, name, database, takenAt: new Date(takenAt).toISOString() };
  const text = await destination.readIndex(name, signal);
  try {
    const index = parseCopyIndex(text, name, sha256);
    const { sentAt, encryption } = index;
    return { ...head, sentAt, encryption, bytes: copyBytes(index), fault: null };
  } catch (error) {
    const fault = problemsOf(error).map(({ message }) => message);
    return { ...head, sentAt: null, encryption: null, bytes: null, fault: fault.join("; ") };
  }
}

export interface FetchArgs {
  readonly name: string;
  readonly copy: string | undefined;
  readonly directory: string;
  readonly identity: string | undefined;
}

export interface FetchData {
  readonly name: string;
  readonly copy: string;
  readonly directory: string;
}

/** Brings a backup back from a copy, decrypted, into a directory that is a repository then. */
export async function fetchBackup(
  place: BackupPlace,
  { name, copy: wanted, directory, identity }: FetchArgs,
  signal: AbortSignal,
): Promise<Report<FetchData>> {
  const [copy, ...more] = chooseCopies(place, wanted);
  if (copy === undefined || more.length > 0) {
    const names = place.copies.map(({ plan }) => plan.name).join(", ");
    throw problemError("--copy", "is missing: there are several copies", `name one of ${names}`);
  }
  await withDestination(copy, (destination) =>
    place.progress(
      `fetching ${name} from ${destination.name}`,
      fetchCopy({ copy: destination, name, directory, identity, signal }),
    ),
  );
  const data = { name, copy: copy.plan.name, directory };
  return { command: "backup fetch", stack: place.stack, data, findings: [] };
}
