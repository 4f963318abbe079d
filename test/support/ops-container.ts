import { spawn, type ChildProcess } from "node:child_process";
import { chown, mkdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { userInfo } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { resolveOpsContext, type ContainerOpsContext } from "../../components/core/ops-context";
import { projectRoot } from "../../components/io/places";
import type { Account } from "../../components/io/process";
import { parseConfig } from "../../infra/config";
import { eventually } from "./eventually";
import { freePort, startServer, temporaryDirectory, type TestServer } from "./server";
import { listenOnSocket } from "./socket-login";

const { bundle } = createRequire(join(projectRoot(), "package.json"))("./infra/toolchain/bundle.cjs") as {
  bundle: (entry: string, options: { selfContained: true; outfile: string }) => string;
};

/** A server as a stack's container has it, and what the ops container knows of it, in one directory. */
export interface OpsBench {
  readonly server: TestServer;
  readonly directory: string;
  /** As it was written first. */
  readonly context: ContainerOpsContext;
  /** Writes the context, with changes of its own. */
  writeContext(change?: Partial<ContainerOpsContext>): Promise<void>;
  /** Begins the container's program. */
  start(...args: readonly string[]): RunningOps;
  /** Runs it to its end. */
  run(...args: readonly string[]): Promise<OpsResult>;
  remove(): Promise<void>;
}

export interface OpsLine {
  readonly time: string;
  readonly level: string;
  readonly job?: string;
  readonly message: string;
  readonly reason?: string;
}

export interface OpsResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The program while it runs; what it says is kept line by line. */
export interface RunningOps {
  readonly lines: readonly OpsLine[];
  /** Waits for a line, and gives it. */
  told(pattern: RegExp): Promise<OpsLine>;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<OpsResult>;
}

/** Never within a test. */
const never = "0 0 29 2 *";

/**
 * @param settings of the server, besides the log's
 * @param mountLog puts a volume in the place of the log's directory
 */
export async function makeOpsBench(
  settings: Readonly<Record<string, string>> = {},
  mountLog: (directory: string) => Promise<void> = () => Promise.resolve(),
): Promise<OpsBench> {
  const server = await startServer();
  const directory = await temporaryDirectory();
  const logDirectory = join(directory, "log");
  await mkdir(logDirectory);
  await mountLog(logDirectory);
  const { account, dataDirectory } = server.instance;
  if (account !== undefined) {
    for (const place of [directory, logDirectory]) await chown(place, account.uid, account.gid);
  }
  const log = {
    log_directory: logDirectory,
    log_destination: "jsonlog",
    log_filename: "postgresql-%Y-%m-%d_%H%M%S.log",
  };
  const name = account?.name ?? userInfo().username;
  await listenOnSocket(server, join(directory, "socket"), { ...log, ...settings }, name);
  const program = bundle("infra/ops/container/main.ts", {
    selfContained: true,
    outfile: join(directory, "ops.cjs"),
  });
  const context = contextFor(directory, dataDirectory, server.port, await freePort());
  const file = join(directory, "context.json");
  const running = new Set<ChildProcess>();
  const bench: OpsBench = {
    server,
    directory,
    context,
    writeContext: (change = {}) => writeFile(file, JSON.stringify({ ...context, ...change })),
    start: (...args) => startOps([program, "--context", file, ...args], account, running),
    run: (...args) => bench.start(...args).ended,
    async remove() {
      for (const child of running) child.kill("SIGKILL");
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
  };
  await bench.writeContext();
  return bench;
}

function contextFor(
  directory: string,
  dataDirectory: string,
  port: number,
  metricsPort: number,
): ContainerOpsContext {
  const at = (name: string): string => join(directory, name);
  const declared = parseConfig(
    { "pgstead:disposable": true, "pgstead:database": { name: "shop" } },
    { stack: "dev" },
  );
  const resolved = resolveOpsContext({
    version: "0.0.0",
    project: "pgstead",
    stack: "dev",
    prefix: "pgstead-dev",
    declared: { ...declared, databases: [] },
    schedules: { status: never, certificate: never, logs: never },
    certificate: { names: ["127.0.0.1"], validity: 90, renewBefore: 30 },
    logs: { days: 14, maxBytes: 1024 ** 3, minFreePercent: 0 },
  });
  return {
    ...resolved,
    server: { ...resolved.server, socketDirectory: at("socket"), host: "127.0.0.1", port },
    files: {
      serverCertificate: at("server.crt"),
      serverKey: at("server.key"),
      authorityCertificate: at("ca.crt"),
      authorityKey: at("ca.key"),
      healthToken: at("health.token"),
      dataDirectory,
      logDirectory: at("log"),
      repository: at("repository"),
      logicalBackups: at("repository/pgstead/logical"),
      work: at("repository/pgstead"),
      jobState: at("repository/pgstead/jobs.json"),
    },
    metricsPort,
  };
}

/** As in the container: one file without a checkout, by the account that the server runs as. */
function startOps(
  args: readonly string[],
  account: Account | undefined,
  running: Set<ChildProcess>,
): RunningOps {
  const child = spawn(process.execPath, args, {
    cwd: "/",
    stdio: ["ignore", "pipe", "pipe"],
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  running.add(child);
  const lines: OpsLine[] = [];
  const output = { stdout: "", stderr: "" };
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  createInterface({ input: child.stdout }).on("line", (line) => {
    output.stdout += `${line}\n`;
    if (line.startsWith('{"time"')) lines.push(JSON.parse(line) as OpsLine);
  });
  const ended = new Promise<OpsResult>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (exitCode) => {
      running.delete(child);
      resolve({ exitCode, ...output });
    });
  });
  return {
    lines,
    ended,
    signal: (name) => child.kill(name),
    told: (pattern) =>
      eventually(`${pattern.source} is told (${output.stderr})`, () =>
        lines.find(({ message }) => pattern.test(message)),
      ),
  };
}
