import { setTimeout } from "node:timers/promises";
import type { RestoreRecord } from "../../core/physical/generations";
import { recoverySettings, withRecovery, type RecoveryEnd } from "../../core/physical/recovery-settings";
import { endRecoverySql, verifiersSql } from "../../core/physical/settle-sql";
import { containerPlaces } from "../../core/physical/configuration";
import { problemError, ProblemError } from "../../core/problem";
import { silence } from "../apply";
import { execIn } from "../docker/container";
import {
  queryOverSocket,
  socketDirectory,
  startServerContainer,
  stopServerContainer,
} from "../docker/server";
import type { Waiting } from "../waiting";
import {
  leaveGeneration,
  linkGeneration,
  prepareGeneration,
  readDeclaredSettings,
  removeGenerations,
  writeRecord,
} from "./generations";
import { volumePath, type WorkContainer } from "./work-container";

/** From its stop to its start a server cannot be left alone: Ctrl-C is not listened to. */
export type Tell = Waiting["say"];

/** Makes a generation ready to take the place of the one in use: with the configuration that is declared now. */
export async function prepareSwap(work: WorkContainer, generation: number, end: RecoveryEnd): Promise<void> {
  const settings = recoverySettings(containerPlaces.configuration, end);
  const text = withRecovery(await readDeclaredSettings(work), settings);
  await prepareGeneration(work, generation, text);
}

/**
 * Keeps the verifiers of the live server's roles on the data volume, which has them anyway, so that the passwords of now
 * are those of the generation that takes its place. They never leave the server's host.
 */
export async function keepVerifiers(work: WorkContainer, generation: number): Promise<void> {
  const psql = `psql -XAtq -v ON_ERROR_STOP=1 -h ${socketDirectory} -d postgres`;
  const script = `umask 077; cd "$1"; ${psql} >"$2.roles.sql"; sync "$2.roles.sql"`;
  const command = ["sh", "-euc", script, "sh", volumePath, String(generation)];
  const { exitCode, stderr } = await execIn(work.docker, work.server, command, {
    input: verifiersSql(silence),
    timeoutMs: 60_000,
  });
  if (exitCode === 0) return;
  throw problemError(
    "the verifiers of the roles",
    `cannot be kept: ${stderr.trim().split("\n")[0] ?? ""}`,
    "is there room on the data volume, and may the server's account log in over its socket (pg_hba.conf)?",
  );
}

/**
 * Stops the server, leads `current` to a prepared generation in one step, and starts the server on it, where it takes over
 * on a new line of the log. Where that does not start the one before is taken again.
 *
 * Killed before that one step everything is as it was, but for a server that may be down; after it the next run goes on
 * with `finishSwap`.
 *
 * @throws ProblemError the server of before is in use
 */
export async function swapGenerations(work: WorkContainer, record: RestoreRecord, say: Tell): Promise<void> {
  const { docker, server } = work;
  const swapping: RestoreRecord = { ...record, step: "swapping" };
  await writeRecord(work, swapping);
  try {
    await say("stopping the server with a checkpoint: its sessions end");
    await stopServerContainer(docker, server);
    await say(`leading \`current\` to generation ${record.generation}`);
    await linkGeneration(work, record.generation);
  } catch (error) {
    await startServerContainer(docker, server, waitingOf(say));
    throw error;
  }
  await finishSwap(work, swapping, say);
}

/** Brings a swap to its end after `current` was led to the generation. Done already: nothing. */
export async function finishSwap(work: WorkContainer, record: RestoreRecord, say: Tell): Promise<void> {
  try {
    await say(`starting the server on generation ${record.generation}`);
    await takeOver(work, say);
  } catch (error) {
    if (!(error instanceof ProblemError) || record.from === record.generation) throw error;
    await revert(work, record, say);
    const [first] = error.problems;
    throw problemError(
      `generation ${record.generation}`,
      `does not come up (${first?.message ?? error.message}); generation ${record.from} is in use again, as it was`,
      first?.hint ?? "choose another moment",
      { cause: error },
    );
  }
  await say("setting the passwords that are in force, and ending the recovery's settings");
  await settle(work, record.generation);
  await writeRecord(work, { ...record, step: "done" });
}

function waitingOf(say: Tell): Waiting {
  return { say, signal: new AbortController().signal };
}

/** Longest wait for the end of a recovery that readers are let into, in milliseconds. */
const recoveryMs = 60 * 60_000;

async function takeOver({ docker, server }: WorkContainer, say: Tell): Promise<void> {
  await startServerContainer(docker, server, waitingOf(say));
  const deadline = Date.now() + recoveryMs;
  let hasSaid = false;
  for (;;) {
    const answer = await queryOverSocket(docker, server, "SELECT pg_catalog.pg_is_in_recovery();\n");
    if (answer === "f") return;
    if (Date.now() > deadline) {
      const hint = "it goes on; run `restore --generations` later, which brings the restore to its end";
      throw problemError(`container ${server}`, "its server still replays the log after an hour", hint);
    }
    if (!hasSaid) await say("it replays the log, and takes over then");
    hasSaid = true;
    await setTimeout(200);
  }
}

/** The older generation goes on, on a line of its own: whatever became of the other one, none has its number. */
async function revert(work: WorkContainer, record: RestoreRecord, say: Tell): Promise<void> {
  const { docker, server } = work;
  await say(`it does not come up: leading \`current\` back to generation ${record.from}`);
  await stopServerContainer(docker, server);
  await prepareSwap(work, record.from, { target: null, isLower: false });
  await linkGeneration(work, record.from);
  await takeOver(work, say);
  await settle(work, record.from);
  if (record.kind === "restore") await removeGenerations(work, [String(record.generation)]);
  else await leaveGeneration(work, record.generation);
}

async function settle(work: WorkContainer, generation: number): Promise<void> {
  const { docker, server } = work;
  await queryOverSocket(docker, server, endRecoverySql());
  const script = `
cd "$1"
[ ! -f "$2.roles.sql" ] || psql -Xq -v ON_ERROR_STOP=1 -h ${socketDirectory} -d postgres -f "$2.roles.sql" >/dev/null
rm -f "$2.roles.sql"`;
  const command = ["sh", "-euc", script, "sh", volumePath, String(generation)];
  const { exitCode, stderr } = await execIn(docker, server, command, { timeoutMs: 60_000 });
  if (exitCode === 0) return;
  const message = `cannot be set: ${stderr.trim().split("\n")[0] ?? ""}`;
  throw problemError("the passwords in force", message, "run `npm run pulumi -- up`: it sets them");
}
