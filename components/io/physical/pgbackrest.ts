import { setTimeout } from "node:timers/promises";
import { backRestCommand, stanza, type RepositoryNumber } from "../../core/physical/configuration";
import { backRestFailure, readWarnings } from "../../core/physical/failure";
import { parseInfo, type PhysicalRepository } from "../../core/physical/repository";
import { historyFiles, parseRepositoryList } from "../../core/physical/repository-list";
import { firstTimeline, parseHistory, type ArrivedLog } from "../../core/physical/timelines";
import { parseVerification } from "../../core/physical/verification";
import { renderMoment } from "../../core/physical/window";
import type { RunResult } from "../process";
import type { Waiting } from "../waiting";
import type { PhysicalRestore, PitrBackend } from "./backend";

/**
 * Runs a program where the repository is, and gives what it printed.
 *
 * @param signal ends the program where that can be; the call fails in any case
 */
export type RunThere = (
  command: readonly string[],
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal },
) => Promise<RunResult>;

const minute = 60_000;
/** Seconds without an answer after which a look gives a service up; it tries three times, and a preview waits for it. */
const asking = ["--io-timeout=2", "--output=json"];
/** Longest time for what copies or reads a whole server. */
const copyMs = 24 * 60 * minute;

/**
 * pgBackRest. Its configuration, passphrase included, is in files there: no argument holds anything secret.
 *
 * @param configuration directory of those files
 * @param repository number of the one that backups, lists and restores are of
 */
export function backRest(
  run: RunThere,
  configuration: string,
  repository: RepositoryNumber = 1,
): PitrBackend {
  const of = `--repo=${repository}`;
  const call = caller(run, backRestCommand(configuration));
  const long = ({ signal }: Waiting) => ({ timeoutMs: copyMs, signal });
  return {
    async prepare() {
      const patience = { timeoutMs: 2 * minute, lockMs: minute };
      await call("the repository of physical backups", ["stanza-create"], patience);
    },
    async check({ signal }) {
      // It waits for a file of the log itself, for a minute.
      await call("the archive of the log", ["check"], { timeoutMs: 3 * minute, signal });
    },
    async back(kind, waiting) {
      const type = kind === "full" ? "full" : "incr";
      const args = ["backup", of, `--type=${type}`, "--no-expire-auto"];
      const { stderr } = await call(`the ${kind} backup`, args, long(waiting));
      return readWarnings(stderr);
    },
    async expire(waiting) {
      await call("the deletion of old backups", ["expire", of], long(waiting));
    },
    async verify(waiting) {
      // Without `--verbose` it says nothing at all where nothing is wrong.
      const args = ["verify", of, "--output=text", "--verbose"];
      const { stdout } = await call("the verification of the repository", args, long(waiting));
      return parseVerification(stdout);
    },
    async read() {
      const { stdout } = await call("the list of physical backups", ["info", of, ...asking]);
      return parseInfo(stdout, repository);
    },
    readLog: (found) =>
      readArrivedLog(async (args) => (await call("the list of the log", args)).stdout, of, found),
    async restore(order, waiting) {
      const { target } = order;
      const what =
        target === null ? "the restore of all that there is" : `the restore to ${renderMoment(target)}`;
      await call(what, [...restoreArgs(order), of], long(waiting));
    },
  };
}

type CallOptions = Parameters<RunThere>[1] & {
  /**
   * How long it is begun anew while another run has the lock: what sends the server's log has it for a moment, and again
   * soon where the log finds no repository. Default: not at all, as a backup has it for hours.
   */
  readonly lockMs?: number;
};

/** What pgBackRest ends with where another run has the lock; it has no option to wait for it. */
const isLocked = 50;
/** Milliseconds between two attempts to get the lock. */
const lockPause = 500;

/** Runs the program with its configuration; an end that is no good one is an error. */
function caller(run: RunThere, base: readonly string[]) {
  return async (
    what: string,
    args: readonly string[],
    { lockMs = 0, ...options }: CallOptions = { timeoutMs: minute },
  ): Promise<RunResult> => {
    const deadline = Date.now() + lockMs;
    for (;;) {
      const result = await run([...base, ...args], options);
      if (result.exitCode === 0) return result;
      if (result.exitCode !== isLocked || Date.now() >= deadline) throw backRestFailure(what, result);
      await setTimeout(lockPause, undefined, { signal: options.signal });
    }
  };
}

/** A line that a restore began is there since its history arrived, which the server sends before its first file. */
async function readArrivedLog(
  ask: (args: readonly string[]) => Promise<string>,
  of: string,
  repository: PhysicalRepository,
): Promise<ArrivedLog> {
  if (repository.kind === "absent" || repository.archive === undefined) return { timelines: [firstTimeline] };
  const place = `archive/${stanza}/${repository.archive}`;
  const list = async (path: string) => parseRepositoryList(await ask(["repo-ls", of, "--output=json", path]));
  const entries = await list(place);
  const timelines = [firstTimeline];
  for (const { id, name, since } of historyFiles(entries)) {
    timelines.push({ id, since, parents: parseHistory(await ask(["repo-get", of, `${place}/${name}`])) });
  }
  const newest = entries.filter(({ isFile }) => !isFile).at(-1);
  const files = newest === undefined ? [] : await list(`${place}/${newest.name}`);
  const newestAt = Math.max(0, ...files.map(({ writtenAt }) => writtenAt));
  return { timelines, ...(newestAt === 0 ? {} : { newestAt }) };
}

function restoreArgs({ backup, target, timeline, directory, processes }: PhysicalRestore): string[] {
  const end =
    target === null
      ? ["--type=standby"]
      : ["--type=time", `--target=${renderMoment(target)}`, "--target-exclusive", "--target-action=pause"];
  return [
    "restore",
    `--set=${backup}`,
    ...end,
    ...(timeline === undefined ? [] : [`--target-timeline=${timeline}`]),
    "--archive-mode=off",
    `--pg1-path=${directory}`,
    ...(processes === undefined ? [] : [`--process-max=${processes}`]),
  ];
}
