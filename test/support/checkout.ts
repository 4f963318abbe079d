import { spawn } from "node:child_process";
import { cp, mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { parseDocument } from "yaml";
import { projectRoot } from "../../components/io/places";
import { freePort, temporaryDirectory } from "./server";

/** A copy of the project as a user has it, with state, data and port of its own; the toolchain's cache is shared. */
export interface Checkout {
  readonly directory: string;
  readonly port: number;
  readonly env: NodeJS.ProcessEnv;
  /** Runs a script of the project, such as `infra/toolchain/start.ts`, and fails unless it ends as expected. */
  run(script: string, args?: readonly string[], options?: RunCheckoutOptions): Promise<Output>;
  /** `npm run pulumi -- …` */
  pulumi(...args: readonly string[]): Promise<Output>;
  /** The stack's outputs, secrets included. */
  outputs<Shape>(): Promise<Shape>;
  /** Changes the stack's configuration file. */
  configure(path: readonly (string | number)[], value: unknown): Promise<void>;
  /** Destroys the stack and removes everything. */
  remove(): Promise<void>;
}

export interface RunCheckoutOptions {
  readonly env?: NodeJS.ProcessEnv;
  /** Default 0; `any` accepts every exit code. */
  readonly exitCode?: number | "any";
  /** Its standard input: secrets go there. Default: none. */
  readonly input?: string;
  /** Ctrl-C, for all processes of the run as a terminal sends it, once this has come true. */
  readonly interrupt?: Promise<unknown>;
}

export interface Output {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Both, in the order of their arrival. */
  readonly text: string;
}

export async function makeCheckout(name = "check out"): Promise<Checkout> {
  const home = await temporaryDirectory();
  const directory = join(home, name);
  await copyProject(directory);
  const port = await freePort();
  const env = {
    ...withoutPulumi(process.env),
    PGSTEAD_STATE: join(home, "state"),
    PGSTEAD_DATA: join(home, "data"),
    NO_COLOR: "1",
  };
  const checkout: Checkout = {
    directory,
    port,
    env,
    run: (script, args = [], options = {}) => runScript(checkout, script, args, options),
    pulumi: (...args) => checkout.run("infra/toolchain/pulumi.ts", args),
    async outputs<Shape>() {
      const { stdout } = await checkout.pulumi("stack", "output", "--json", "--show-secrets");
      return JSON.parse(stdout) as Shape;
    },
    async configure(path, value) {
      const file = join(directory, "Pulumi.dev.yaml");
      const document = parseDocument(await readFile(file, "utf8"));
      if (value === undefined) document.deleteIn(["config", ...path]);
      else document.setIn(["config", ...path], value);
      await writeFile(file, document.toString());
    },
    async remove() {
      await checkout.run("infra/toolchain/pulumi.ts", ["destroy", "--yes"], { exitCode: "any" });
      await rm(home, { recursive: true, force: true });
    },
  };
  await checkout.configure(["pgstead:server", "port"], port);
  return checkout;
}

/** Every file that git tracks or would track; node_modules is a link, unless it is to be missing. */
export async function copyProject(directory: string, { modules } = { modules: true }): Promise<void> {
  const root = projectRoot();
  const args = ["ls-files", "--cached", "--others", "--exclude-standard"];
  const files = execFileSync("git", args, { cwd: root, encoding: "utf8" }).split("\n").filter(Boolean);
  for (const file of files) {
    const target = join(directory, file);
    await mkdir(dirname(target), { recursive: true });
    await cp(join(root, file), target, { preserveTimestamps: true }).catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error; // removed, not yet committed
    });
  }
  if (modules) await symlink(join(root, "node_modules"), join(directory, "node_modules"));
}

function runScript(
  { directory, env }: Checkout,
  script: string,
  args: readonly string[],
  options: RunCheckoutOptions,
): Promise<Output> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["infra/toolchain/run.cjs", script, ...args], {
      cwd: directory,
      env: { ...env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: options.interrupt !== undefined,
    });
    options.interrupt?.then(() => process.kill(-(child.pid ?? 0), "SIGINT")).catch(reject);
    child.stdin.on("error", () => undefined).end(options.input ?? ""); // it may not read any
    const output = { stdout: "", stderr: "", text: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name].setEncoding("utf8").on("data", (chunk: string) => {
        output[name] += chunk;
        output.text += chunk;
      });
    }
    child.on("error", reject);
    child.on("close", (code) => {
      const exitCode = code ?? 128;
      const expected = options.exitCode ?? 0;
      if (expected === "any" || exitCode === expected) resolve({ exitCode, ...output });
      else
        reject(
          new Error(`${script} ${args.join(" ")} ended with ${exitCode}, not ${expected}:\n${output.text}`),
        );
    });
  });
}

function withoutPulumi(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const inherited = Object.entries(env).filter(
    ([name]) => !name.startsWith("PULUMI_") && name !== "PGSTEAD_PROJECT",
  );
  return Object.fromEntries(inherited);
}
