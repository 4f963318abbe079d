import type { Finding } from "../../../components/core/finding";
import {
  goodBackups,
  type PhysicalBackup,
  type PhysicalRepository,
} from "../../../components/core/physical/repository";
import type { RestoreTarget } from "../../../components/core/physical/restore-target";
import { knownTimelines, timelineAt } from "../../../components/core/physical/timelines";
import {
  chooseBackup,
  recoverableWindow,
  type RecoverableWindow,
} from "../../../components/core/physical/window";
import { problemError, ProblemError } from "../../../components/core/problem";
import type { PitrBackend } from "../../../components/io/physical/backend";
import { ServerUnreachableError, withSession } from "../../../components/io/session";
import type { MomentPlace, MomentTalk } from "./point-in-time-place";

/** What is restored, from where, along which line of the log. */
export interface ChosenMoment {
  readonly backup: PhysicalBackup;
  /** Milliseconds since 1970; null: all of the log. */
  readonly target: number | null;
  /** Number of the line of the log that the server was on then. */
  readonly timeline: number;
  readonly window: RecoverableWindow;
  /** Whether the live server answers. */
  readonly isLive: boolean;
  readonly findings: readonly Finding[];
}

/** The programs beside the repository, and in the server's own container, which alone can ask the server. */
export interface Backends {
  readonly work: PitrBackend;
  readonly server: PitrBackend;
}

/**
 * Finds what a target is restored from. Where the server answers, everything that was committed until now can be: its log
 * is sent first.
 *
 * @throws ProblemError there is no such moment, with both ends of those that there are; or a backup is under way
 */
export async function chooseMoment(
  place: MomentPlace,
  target: RestoreTarget,
  backends: Backends,
  talk: MomentTalk,
): Promise<ChosenMoment> {
  const mark = await markLog(place);
  const sent = mark === undefined ? undefined : await sendLog(backends.server, talk);
  const repository = await readRepository(place, backends);
  if (repository.kind === "there" && repository.isBusy) throw busy();
  const backups = goodBackups(repository);
  const log = await backends.work.readLog(repository);
  const newest = sent?.arrived === true ? mark : log.newestAt;
  const window = recoverableWindow(backups, newest);
  // All of the log, where nobody knows when its last change was.
  const at = target.kind === "moment" ? target.at : sent?.arrived === true ? mark : undefined;
  const moment = at ?? window?.newest ?? 0;
  const timeline = timelineAt(knownTimelines(log, backups), moment);
  const choice = chooseBackup(backups, window, moment, timeline);
  if (choice.kind === "refused" || window === undefined) throw outside(choice);
  return {
    backup: choice.backup,
    target: at ?? null,
    timeline: timeline.id,
    window,
    isLive: mark !== undefined,
    findings: sent?.finding === undefined ? [] : [sent.finding],
  };
}

/** Where nothing of the first repository is left, the second one may have all of it. */
async function readRepository(place: MomentPlace, { work }: Backends): Promise<PhysicalRepository> {
  const elsewhere = place.hasSecond && place.work.repository === undefined;
  const lost = (message: string): Error =>
    problemError("the repository of physical backups", message, "the second one may have it: `--repo 2`");
  try {
    const repository = await work.read();
    if (elsewhere && goodBackups(repository).length === 0) throw lost("has no good backup");
    return repository;
  } catch (error) {
    if (!elsewhere || !(error instanceof ProblemError)) throw error;
    throw lost(error.problems[0]?.message ?? error.title);
  }
}

function outside(choice: ReturnType<typeof chooseBackup>): Error {
  if (choice.kind === "backup") return new Error("a backup was chosen from no window");
  return new ProblemError("--to", [choice.problem]);
}

function busy(): Error {
  return problemError(
    "the repository of physical backups",
    "a backup, or the deletion of old ones, is under way",
    "wait until it has ended, then try again; the log of the ops container says what it does",
  );
}

/**
 * The moment up to which everything is in the log, and after which a transaction is: a recovery knows that it has come to
 * a moment by the first one after it.
 *
 * @returns milliseconds since 1970; undefined: the server does not answer
 */
async function markLog({ administrator }: MomentPlace): Promise<number | undefined> {
  try {
    return await withSession(administrator, { applicationName: "pgstead ops" }, async (session) => {
      const [row] = await session.query<{ at: number }>(
        "SELECT pg_catalog.ceil(extract(epoch FROM pg_catalog.clock_timestamp()) * 1000)::float8 AS at",
      );
      await session.query("SELECT pg_catalog.pg_sleep(0.01)");
      await session.query("SELECT pg_catalog.pg_current_xact_id()");
      return row?.at;
    });
  } catch (error) {
    if (error instanceof ServerUnreachableError) return undefined;
    throw error;
  }
}

async function sendLog(
  backend: PitrBackend,
  { say, signal, progress }: MomentTalk,
): Promise<{ readonly arrived: boolean; readonly finding?: Finding }> {
  try {
    await progress("waiting until the log has arrived in the repository", backend.check({ say, signal }));
    return { arrived: true };
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    signal.throwIfAborted();
    const [problem] = error.problems;
    const finding = {
      subject: "the log",
      message: `does not arrive, and what has not arrived cannot be restored: ${problem?.message ?? error.title}`,
      hint: problem?.hint ?? "see the server's log",
    };
    return { arrived: false, finding };
  }
}
