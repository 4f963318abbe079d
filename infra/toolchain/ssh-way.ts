import { randomInt } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import type { ConnectionTarget } from "../../components/core/connection";
import { problemError, ProblemError } from "../../components/core/problem";
import { SshError } from "../../components/core/ssh/failure";
import { pluginPort, type SshWay } from "../../components/core/ssh/way";
import type { KeyAgent } from "../../components/io/ssh/agent";
import type { LocalPort } from "../../components/io/ssh/tunnel";
import type { OnHostConfig } from "../config/stack-config";
import { runsEngine, type PulumiCommand } from "./arguments";
import type { ToolchainContext } from "./context";
import { stackFile } from "./docker/docker-stack";
import { devStack, stackOf, type Login } from "./login";
import { mentionsSsh } from "./plugins/needed-plugins";

/** The way of a run to a server that only an SSH host reaches. */
export interface WayOfRun {
  /** What the engine's processes find it by. */
  readonly env: NodeJS.ProcessEnv;
  /** Ends it, once. @returns what became of it in the meantime; undefined: nothing */
  finish(): Promise<ProblemError | undefined>;
}

const none: WayOfRun = { env: {}, finish: () => Promise.resolve(undefined) };

/**
 * Opens the way to the server of a stack for as long as a command of Pulumi runs. `destroy` and `refresh` run no
 * program, and the official plugin takes host and port only: so it is opened here, before anything begins, and found in
 * the environment, of which nothing gets into the state.
 *
 * @throws ProblemError the host does not let us in, or not through to the server: told once and before anything began
 */
export async function openWay(
  context: ToolchainContext,
  login: Login,
  command: PulumiCommand,
  args: readonly string[],
): Promise<WayOfRun> {
  if (!runsEngine(command) || command.hasDirectory) return none;
  const file = stackFile(context, login, command, args);
  const text = existsSync(file) ? readFileSync(file, "utf8") : "";
  // Whoever has no such key does not wait for all that reads it.
  if (!mentionsSsh(text)) return none;
  const target = await readTarget(text, stackOf(context, login, command) ?? devStack);
  if (target === undefined) return none;
  return open(target, { mayChange: command.words[0] !== "preview", say: context.say });
}

type Place = Pick<ConnectionTarget, "host" | "port" | "tls"> & {
  readonly ssh: SshWay;
  readonly onHost?: OnHostConfig;
};

interface Run {
  /** False: a preview, which only looks. */
  readonly mayChange: boolean;
  say(text: string): void;
}

/** @throws ProblemError with every mistake in the configuration */
async function readTarget(text: string, stack: string): Promise<Place | undefined> {
  const { parseDocument } = await import("yaml");
  const { parseConfig } = await import("../config.js");
  const document = parseDocument(text);
  if (document.errors.length > 0) return undefined; // the engine says so
  const content = document.toJS() as { readonly config?: Readonly<Record<string, unknown>> } | null;
  const config = content?.config ?? {};
  // Of another stack's mistakes the program tells, and `destroy` does not mind them. Maps may be written as JSON text.
  const written = config["pgstead:server"] ?? {};
  const keys = typeof written === "string" ? written : JSON.stringify(written);
  if (!keys.includes('"ssh"')) return undefined;
  const { server } = parseConfig(config, { stack });
  const { host, tls, ssh, onHost } = server.existing ?? {};
  if (host === undefined || ssh === undefined) return undefined;
  const more = { ...(tls === undefined ? {} : { tls }), ...(onHost === undefined ? {} : { onHost }) };
  return { host, port: server.port, ssh, ...more };
}

async function open(target: Place, run: Run): Promise<WayOfRun> {
  const { openRelay } = await import("../../components/io/ssh/relay.js");
  const { reach, relayVariable } = await import("../../components/io/ssh/reach.js");
  const relay = await openRelay(target.ssh);
  let port: LocalPort | undefined;
  let agent: KeyAgent | undefined;
  const close = async (): Promise<void> => {
    await agent?.close();
    await port?.close();
    await relay.close();
  };
  try {
    // This process finds it as the others do.
    process.env[relayVariable] = relay.path;
    const look = async (): Promise<void> => {
      (await reach(target, reachTimeout))?.destroy();
    };
    await look().catch(async (error: unknown) => {
      if (!(await settleHost(target, run, error))) throw error;
      await look();
    });
    const listening = await listenForPlugin(target);
    port = listening.port;
    agent = await serveKeys(target.ssh);
    let ended: ReturnType<WayOfRun["finish"]> | undefined;
    const end = async (): ReturnType<WayOfRun["finish"]> => {
      const lost = relay.lost();
      await close();
      return lost;
    };
    return {
      env: {
        [relayVariable]: relay.path,
        PGHOST: listening.host,
        ...(agent === undefined ? {} : { SSH_AUTH_SOCK: agent.path }),
      },
      finish: () => (ended ??= end()),
    };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Keys that lie in files, for the plugin `command`, which logs in by itself: it takes them from an agent. */
async function serveKeys(ssh: SshWay): Promise<KeyAgent | undefined> {
  const { openKeyAgent } = await import("../../components/io/ssh/agent.js");
  const { readWay } = await import("../../components/io/ssh/read-way.js");
  return openKeyAgent(readWay(ssh), process.env.SSH_AUTH_SOCK);
}

/**
 * A host that was rebooted, or a run that was killed, between a change of settings and the restart that was to prove them
 * may have left a server that does not start: nobody reaches it by SQL to take them back.
 *
 * @returns whether it runs again
 */
async function settleHost({ ssh, port, onHost }: Place, run: Run, error: unknown): Promise<boolean> {
  if (onHost === undefined || !(error instanceof SshError) || error.kind !== "forward") return false;
  const { findHalfDone } = await import("../../components/io/host/server-control.js");
  const { closeHosts } = await import("../../components/io/host/shell.js");
  const { become, cluster } = onHost;
  try {
    const found = await findHalfDone({ kind: "host", host: { ssh, become }, cluster, port });
    if (found === undefined) return false;
    const message = `cluster ${found.cluster} is down, and a run ended before the restart that was to prove its settings`;
    if (!run.mayChange) {
      const hint =
        "`npm run pulumi -- up` puts the settings before back and starts it, before anything else.";
      throw problemError(`host ${ssh.host}`, message, hint, { cause: error });
    }
    run.say(`${message}: they are put back, and it is started`);
    await found.settle();
    return true;
  } finally {
    await closeHosts();
  }
}

/** Milliseconds that the SSH host has to open a way to the server. */
const reachTimeout = 10_000;

/**
 * The port is always the same one, as it is in the state; so that two runs at a time, or somebody else, are not in the
 * way, the address is any of this machine's own (127.0.0.0/8). Systems that have only one of them use that.
 */
async function listenForPlugin(target: Place): Promise<{ readonly host: string; readonly port: LocalPort }> {
  const { listenThrough } = await import("../../components/io/ssh/local-port.js");
  const any = `127.${randomInt(1, 255)}.${randomInt(0, 256)}.${randomInt(1, 255)}`;
  const listen = async (host: string) => ({
    host,
    port: await listenThrough(target, { at: { host, port: pluginPort }, endsTls: true }),
  });
  try {
    return await listen(any).catch(() => listen("127.0.0.1"));
  } catch (error) {
    const message = `no listener for the plugin postgresql: ${(error as Error).message}`;
    const hint = `another run may be under way, or another program has port ${pluginPort}: \`ss -ltnp\` tells.`;
    throw problemError("the way over SSH", message, hint, { cause: error });
  }
}
