import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { chmod, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import { createServer as createTcpServer, type AddressInfo, type Server as TcpServer } from "node:net";
import { join } from "node:path";
import { projectRoot } from "../../components/io/places";
import { temporaryDirectory } from "../support/server";

/**
 * A machine of a test's own: its PATH has Node and what the test puts there, its home is empty, and the download site
 * refuses connections.
 */
export interface Machine {
  readonly home: string;
  readonly path: string;
  readonly env: NodeJS.ProcessEnv;
  /** Puts a shell script on PATH, or into another directory. */
  script(name: string, body: string, directory?: string): Promise<string>;
  /** `npm run pulumi -- …` in this checkout. */
  pulumi(...args: readonly string[]): Run;
  /** Lines of a file in the home directory; none where there is no file. */
  lines(name: string): Promise<string[]>;
  remove(): Promise<void>;
}

export interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly seconds: number;
}

export async function makeMachine(): Promise<Machine> {
  const home = await temporaryDirectory();
  const path = join(home, "bin");
  await mkdir(path);
  await symlink(process.execPath, join(path, "node"));
  const env = {
    PATH: path,
    HOME: home,
    PULUMI_HOME: join(home, "users-pulumi"),
    PGSTEAD_CACHE: join(home, "cache"),
    PGSTEAD_STATE: join(home, "state"),
    PGSTEAD_DOWNLOAD_SITE: "http://127.0.0.1:9", // discard: nothing listens there
  };
  const machine: Machine = {
    home,
    path,
    env,
    script: async (name, body, directory = path) => {
      await mkdir(directory, { recursive: true });
      const file = join(directory, name);
      await writeFile(file, `#!/bin/sh\nPATH=/usr/bin:/bin\n${body}\n`);
      await chmod(file, 0o755);
      return file;
    },
    pulumi: (...args) => start(machine.env, "infra/toolchain/pulumi.ts", args),
    lines: async (name) =>
      (await readFile(join(home, name), "utf8").catch(() => "")).split("\n").filter(Boolean),
    remove: () => rm(home, { recursive: true, force: true }),
  };
  return machine;
}

export function start(
  env: NodeJS.ProcessEnv,
  script: string,
  args: readonly string[],
  input = "",
  checkout = projectRoot(),
): Run {
  const begun = Date.now();
  const child = spawn(process.execPath, ["infra/toolchain/run.cjs", script, ...args], {
    cwd: checkout,
    env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const output = { stdout: "", stderr: "" };
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
  const ended = once(child, "exit").then(([exitCode]) => ({
    exitCode: exitCode as number | null,
    ...output,
    seconds: (Date.now() - begun) / 1000,
  }));
  return { child, ended };
}

/** A Pulumi that says what it was asked, makes stacks like the real one, and knows a few commands for the tests. */
export function fakePulumi(version = "3.245.0"): string {
  return `
if [ "$1" = version ]; then echo v${version}; exit; fi
if [ "$1 $2" = "stack init" ]; then
  stacks="\${PULUMI_BACKEND_URL#file://}/.pulumi/stacks/pgstead"
  if [ -e "Pulumi.$3.yaml" ]; then echo "incorrect passphrase" >&2; exit 255; fi
  mkdir -p "$stacks"
  echo '{"version":3,"checkpoint":{"latest":{}}}' > "$stacks/$3.json"
  echo "encryptionsalt: v1:fake" > "Pulumi.$3.yaml"
  exit
fi
if [ "$1" = about ]; then exit 42; fi
if [ "$1" = whoami ]; then cat; exit; fi
if [ "$1" = cancel ]; then
  trap 'echo "got a signal" >> "$HOME/signals"; sleep 1; echo ended; exit 7' TERM INT
  echo ready >> "$HOME/ready"
  while :; do sleep 0.1; done
fi
echo "$@"`;
}

/** A Go that builds the fake Pulumi; \`before\` runs first. Each build is a line in \`builds\`. */
export function fakeGo(before = "", version = "go1.26.0"): string {
  return `
if [ "$1" = env ]; then echo ${version}; exit; fi
echo "$$ $*" >> "$HOME/builds"
${before}
while [ "$1" != -o ]; do shift; done
cat > "$2" <<'PULUMI'
#!/bin/sh
PATH=/usr/bin:/bin
${fakePulumi()}
PULUMI
chmod +x "$2"`;
}

/** A site that takes requests and never answers. */
export async function silentSite(): Promise<{ url: string; requests: () => number; close: () => void }> {
  let requests = 0;
  const server: TcpServer = createTcpServer((socket) => {
    socket.on("error", () => undefined).on("data", () => (requests += 1));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => requests,
    close: () => server.close(),
  };
}

/** A download site with files by their path. */
export async function downloadSite(files: Readonly<Record<string, Buffer | string>>) {
  const server: Server = createServer((request, response) => {
    const file = files[request.url ?? ""];
    response.statusCode = file === undefined ? 404 : 200;
    response.end(request.method === "HEAD" ? undefined : file);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { url, close: () => server.close() };
}

/** A \`.tar.gz\` like the official one: directory pulumi with the programs. */
export async function pulumiArchive(machine: Machine): Promise<{ bytes: Buffer; sha256: string }> {
  const directory = join(machine.home, "packed", "pulumi");
  await machine.script("pulumi", fakePulumi(), directory);
  await machine.script("pulumi-language-nodejs", "exit 0", directory);
  const bytes = execFileSync("tar", ["-czf", "-", "-C", join(machine.home, "packed"), "pulumi"]);
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}
