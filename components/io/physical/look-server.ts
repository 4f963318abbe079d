import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../../core/connection";
import { problemError } from "../../core/problem";
import { startRelay } from "../docker/relay";
import type { Waiting } from "../waiting";
import { volumePath, type WorkContainer } from "./work-container";

/** Where the private server has its socket, in the container. */
export const lookSocket = "/tmp";

const logFile = "/tmp/server.log";

/**
 * Starts a server on a generation: nobody reaches it but programs of its container, it writes nothing to the repository,
 * and it does not promote itself.
 */
const startScript = `
cd "$1/$2"
shift 2
printf 'local all all trust\\n' >/tmp/hba.conf
: >/tmp/ident.conf
: >${logFile}
postgres -D . -c listen_addresses= -c unix_socket_directories=${lookSocket} -c unix_socket_permissions=0700 -c port=5432 \\
  -c hba_file=/tmp/hba.conf -c ident_file=/tmp/ident.conf -c ssl=off -c archive_mode=off -c hot_standby=on \\
  -c logging_collector=off -c log_destination=stderr -c log_min_messages=warning -c lc_messages=C -c log_line_prefix= \\
  -c log_connections=off -c log_statement=none -c log_min_duration_statement=-1 -c shared_buffers=128MB -c huge_pages=off "$@" \\
  </dev/null >${logFile} 2>&1 &
echo $! >/tmp/server.pid
`;

/** How far it is: `ended` with its last words, `reached`, or the moment of the last change that was replayed. */
const stateScript = `
if ! kill -0 "$(cat /tmp/server.pid)" 2>/dev/null; then
  echo ended
  grep -E '^(FATAL|PANIC|ERROR|HINT):' ${logFile} | grep -v 'the database system is' | tail -n 3
  exit 0
fi
sql="SELECT CASE WHEN pg_get_wal_replay_pause_state() = 'paused' OR EXISTS (
    SELECT FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event = 'RecoveryRetrieveRetryInterval')
  THEN 'reached' ELSE 'replaying ' || coalesce(pg_last_xact_replay_timestamp()::text, '') END"
state=$(psql -XAtq -h ${lookSocket} -d postgres -c "$sql" 2>/dev/null) || state=starting
echo "$state"
if [ "$state" = reached ] && ! grep -q 'pausing at the end of recovery' ${logFile}; then
  grep -E 'recovery has paused|insufficient parameter' ${logFile} | tail -n 1 || :
fi
`;

/** How often a replay that takes long says how far it is. */
const tellingMs = 30_000;

/**
 * Starts the private server and waits until it stands still where it is to.
 *
 * @param atLeast settings that have to be as great as where the log was written
 * @throws ProblemError it ends instead, with what it said
 */
export async function startLookServer(
  work: WorkContainer,
  generation: number,
  atLeast: Readonly<Record<string, number>>,
  waiting: Waiting,
): Promise<void> {
  const settings = Object.entries(atLeast).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  await work.run("the restored server", startScript, [volumePath, String(generation), ...settings]);
  let told = Date.now();
  for (;;) {
    waiting.signal.throwIfAborted();
    const [state = "", ...words] = (await work.run("the restored server", stateScript)).trim().split("\n");
    if (state === "ended" || words.length > 0) throw notReached(words);
    if (state === "reached") return;
    if (Date.now() - told > tellingMs) {
      told = Date.now();
      await waiting.say(`the log is being replayed${state.replace(/^\w+ ?/, ": at ").replace(/: at $/, "")}`);
    }
    await setTimeout(200);
  }
}

function notReached(words: readonly string[]): Error {
  const [first = "it ended without a word"] = words;
  if (first.includes("before configured recovery target was reached")) {
    return problemError(
      "the restore",
      "the log that has arrived ends before that moment: nothing was committed at it or after it",
      "restore to latest, which is all that there is",
    );
  }
  return problemError(
    "the restored server",
    `does not come up: ${words.join(" ") || first}`,
    "nothing of the live server was touched; mend what the message is about, or choose another moment",
  );
}

/**
 * Uses a login of the private server's superuser. It is a socket in a directory of this account alone: everybody on this
 * machine could use a port of it.
 */
export async function withLookLogin<Result>(
  work: WorkContainer,
  user: string,
  use: (login: ConnectionTarget) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), "pgstead-"));
  const inside = `${lookSocket}/.s.PGSQL.5432`;
  try {
    const relay = await startRelay(work.docker, work.name, inside, join(directory, ".s.PGSQL.5432"));
    try {
      return await use({ host: directory, port: 5432, user, password: "" });
    } finally {
      await relay.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
