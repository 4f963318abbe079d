import { randomBytes } from "node:crypto";
import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import type Docker from "dockerode";
import { parseDocument } from "yaml";
import { connectDocker } from "../../components/io/docker/engine";
import { execIn } from "../../components/io/docker/container";
import { openSession, type Session } from "../../components/io/session";
import { parseConnectionUri } from "../../components/core/connection";
import { makeCheckout, type Checkout, type Output, type RunCheckoutOptions } from "./checkout";
import { freePort } from "./server";

/**
 * A checkout with the stack of Pulumi.prod.yaml on the local engine, under a name and on ports of its own.
 *
 * It has no trail and no backups, which cost each `up` some seconds: what needs them declares them, or is `asCommitted`.
 */
export interface DockerStackUnderTest {
  readonly checkout: Checkout;
  readonly docker: Docker;
  /** What the names of everything begin with. */
  readonly name: string;
  readonly port: number;
  /** Environment of its commands. */
  readonly env: NodeJS.ProcessEnv;
  /** `npm run pulumi -- … --stack prod`. */
  pulumi(args: readonly string[], options?: RunCheckoutOptions): Promise<Output>;
  up(): Promise<Output>;
  ops(args: readonly string[], options?: RunCheckoutOptions): Promise<Output>;
  configure(path: readonly (string | number)[], value: unknown): Promise<void>;
  outputs<Shape>(): Promise<Shape>;
  /** A session as the administrator, or as a role of the stack's outputs. */
  connect(role?: string): Promise<Session>;
  /** Runs a program in one of the stack's containers and gives what it printed; fails unless it ends well. */
  exec(kind: string, command: readonly string[], input?: string): Promise<string>;
  /** Destroys the stack, and removes everything that is left of it. */
  remove(): Promise<void>;
}

const stack = "prod";

export async function makeDockerStack(
  changes: readonly (readonly [readonly (string | number)[], unknown])[] = [],
  options: { readonly docker?: Docker; readonly asCommitted?: boolean } = {},
): Promise<DockerStackUnderTest> {
  const checkout = await makeCheckout();
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  const env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
  };
  const name = `pgt-${randomBytes(4).toString("hex")}`;
  const [port, prometheusPort, alertmanagerPort] = [await freePort(), await freePort(), await freePort()];
  const docker = options.docker ?? connectDocker({});
  const run = (script: string, args: readonly string[], options: RunCheckoutOptions = {}): Promise<Output> =>
    checkout.run(script, [...args, "--stack", stack], { ...options, env: { ...env, ...options.env } });
  const under: DockerStackUnderTest = {
    checkout,
    docker,
    name,
    port,
    env: { ...checkout.env, ...env },
    pulumi: (args, options) => run("infra/toolchain/pulumi.ts", args, options),
    up: () => under.pulumi(["up", "--yes", "--skip-preview"]),
    ops: (args, options) => run("infra/ops/cli.ts", args, options),
    configure: (path, value) => configure(join(checkout.directory, `Pulumi.${stack}.yaml`), path, value),
    async outputs<Shape>() {
      const { stdout } = await under.pulumi(["stack", "output", "--json", "--show-secrets"]);
      return JSON.parse(stdout) as Shape;
    },
    connect: (role) => connect(under, role),
    exec: (kind, command, input) => exec(under, kind, command, input),
    remove: () => remove(under, home),
  };
  await under.configure(["pgstead:docker", "name"], name);
  await under.configure(["pgstead:server", "port"], port);
  await under.configure(["pgstead:server", "memory"], "1GB");
  await under.configure(["pgstead:monitoring"], { prometheusPort, alertmanagerPort });
  if (options.asCommitted !== true) {
    await under.configure(["pgstead:audit"], undefined);
    await under.configure(["pgstead:backup"], undefined);
  }
  for (const [path, value] of changes) await under.configure(path, value);
  await under.pulumi(["stack", "init", stack].slice(0, 2));
  return under;
}

async function configure(file: string, path: readonly (string | number)[], value: unknown): Promise<void> {
  const document = parseDocument(await readFile(file, "utf8"));
  if (value === undefined) document.deleteIn(["config", ...path]);
  else document.setIn(["config", ...path], value);
  await writeFile(file, document.toString());
}

async function connect(under: DockerStackUnderTest, role?: string): Promise<Session> {
  const { administratorUri, uris } = await under.outputs<{
    administratorUri: string;
    uris: Record<string, string>;
  }>();
  const uri = role === undefined ? administratorUri : (uris[role] ?? "");
  const { database, ...target } = parseConnectionUri(uri);
  const { tls } = target;
  const ca = tls?.ca === undefined ? {} : { ca: join(under.checkout.directory, tls.ca) };
  return openSession({ ...target, ...(tls === undefined ? {} : { tls: { ...tls, ...ca } }) }, { database });
}

async function exec(
  { docker, name }: DockerStackUnderTest,
  kind: string,
  command: readonly string[],
  input?: string,
): Promise<string> {
  const options = { timeoutMs: 120_000, ...(input === undefined ? {} : { input }) };
  const { exitCode, stdout, stderr } = await execIn(docker, `${name}-${kind}`, command, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${command.join(" ")} in ${kind} ended with ${exitCode}: ${stderr}${stdout}`);
}

async function remove(under: DockerStackUnderTest, home: string): Promise<void> {
  const { docker, name } = under;
  await under.configure(["pgstead:disposable"], true);
  await under.configure(["pgstead:protect"], false);
  await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
  await under.pulumi(["destroy", "--yes", "--skip-preview"], { exitCode: "any" });
  await removeLeftovers(docker, name);
  await under.checkout.remove();
  await rm(home, { recursive: true, force: true });
}

/** Whatever a test that failed has left. */
export async function removeLeftovers(docker: Docker, name: string): Promise<void> {
  const isOurs = (found: string): boolean => found.replace(/^\//, "").startsWith(name);
  const containers = await docker.listContainers({ all: true });
  for (const { Id } of containers.filter(({ Names }) => Names.some(isOurs))) {
    await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Name } of (await docker.listVolumes()).Volumes.filter(({ Name }) => isOurs(Name))) {
    await docker.getVolume(Name).remove({ force: true });
  }
  for (const { Id } of (await docker.listNetworks()).filter(({ Name }) => isOurs(Name))) {
    await docker.getNetwork(Id).remove();
  }
  for (const tag of (await docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []).filter(isOurs)) {
    await docker.getImage(tag).remove({ force: true });
  }
}
