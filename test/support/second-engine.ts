import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import { followEngine } from "../../infra/toolchain/docker/engine-progress";
import { eventually } from "./eventually";

/** An engine of a test's own, that can be stopped: the machine's own one may have others' containers. */
export interface SecondEngine {
  /** As `DOCKER_HOST` has it. */
  readonly host: string;
  readonly docker: Docker;
  /** As at a shutdown of the machine: containers are stopped, then the engine ends. */
  stop(): Promise<void>;
  /** As in a power cut: the engine and all of its containers end at once. */
  kill(): Promise<void>;
  start(): Promise<void>;
  /** Ends it for good; what it kept can be removed then. */
  remove(): Promise<void>;
}

/**
 * @param directory where it keeps everything
 * @param options.root where it keeps images and volumes, such as a small file system
 * @param options.under a program and its arguments that start it, such as one that takes rights away
 * @param options.args further ones of its own, such as another address to listen on
 */
export async function startSecondEngine(
  directory: string,
  options: {
    readonly root?: string;
    readonly under?: readonly string[];
    readonly args?: readonly string[];
  } = {},
): Promise<SecondEngine> {
  const socket = join(directory, "docker.sock");
  const { bridge, address } = ownBridge();
  const root = options.root ?? join(directory, "data");
  mkdirSync(root, { recursive: true });
  let daemon: ChildProcess | undefined;
  const docker = new Docker({ socketPath: socket });
  const engine: SecondEngine = {
    host: `unix://${socket}`,
    docker,
    async start() {
      // The default one is the other engine's: this one would take it away.
      if (spawnSync("ip", ["link", "show", bridge]).status !== 0) {
        execFileSync("ip", ["link", "add", "name", bridge, "type", "bridge"]);
        execFileSync("ip", ["addr", "add", address, "dev", bridge]);
        execFileSync("ip", ["link", "set", bridge, "up"]);
      }
      const [program = "dockerd", ...args] = [
        ...(options.under ?? []),
        ...["dockerd", "--data-root", root, "--exec-root", join(directory, "exec")],
        ...["--host", `unix://${socket}`, "--pidfile", join(directory, "docker.pid")],
        ...["--bridge", bridge, "--iptables=false", "--log-level", "error"],
        ...(options.args ?? []),
      ];
      daemon = spawn(program, args, { stdio: "ignore" });
      await eventually("the second engine answers", () =>
        docker.ping().then(
          () => true,
          () => undefined,
        ),
      );
    },
    stop: () => end(daemon, "SIGTERM"),
    async remove() {
      await end(daemon, "SIGTERM");
      spawnSync("ip", ["link", "delete", bridge]);
      // Where the file system is its own mount, the engine leaves it busy.
      for (const mount of mountsBelow(directory)) spawnSync("umount", [mount]);
    },
    async kill() {
      // Its containers are not its children: each is ended by its process.
      const running = await docker.listContainers();
      const states = await Promise.all(running.map(({ Id }) => docker.getContainer(Id).inspect()));
      const ended = end(daemon, "SIGKILL");
      for (const pid of [...states.map(({ State }) => State.Pid), ...processesOf(directory)]) killNow(pid);
      await ended;
      // What is kept below /run is gone after a power cut.
      for (const mount of mountsBelow(join(directory, "exec"))) spawnSync("umount", [mount]);
      rmSync(join(directory, "exec"), { recursive: true, force: true });
      rmSync(join(directory, "docker.pid"), { force: true });
    },
  };
  try {
    await engine.start();
  } catch (error) {
    await engine.remove();
    throw error;
  }
  return engine;
}

/** A network device of its own, as engines of several test files run at once, and an address for it. */
function ownBridge(): { bridge: string; address: string } {
  const [a = 0, b = 0] = randomBytes(2);
  return {
    bridge: `pgst-${process.pid.toString(36)}-${a.toString(36)}`,
    address: `10.232.${a}.${(b & 0xfc) + 1}/30`,
  };
}

/** What the engine has started, and outlives it: containerd, and a process beside each container. */
function processesOf(directory: string): number[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => Number.isInteger(pid) && commandOf(pid).includes(`${directory}/`));
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8");
  } catch {
    return ""; // it has just ended
  }
}

function killNow(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The last ones first, as they lie in each other. */
function mountsBelow(directory: string): string[] {
  const paths = readFileSync("/proc/mounts", "utf8")
    .split("\n")
    .map((line) => line.split(" ")[1] ?? "");
  return paths.filter((path) => path.startsWith(`${directory}/`)).reverse();
}

async function end(daemon: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  // A process that has ended already takes no signal.
  if (daemon?.kill(signal) !== true) return;
  await new Promise((resolve) => daemon.once("exit", resolve));
}

/** Takes an image over from another engine. */
export async function copyImage(from: Docker, to: Docker, name: string): Promise<void> {
  const archive = await from.getImage(name).get();
  await followEngine(to, await to.loadImage(archive));
}
