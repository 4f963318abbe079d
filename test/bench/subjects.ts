import { chmod, cp, mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { projectRoot } from "../../components/io/places";
import { parseCommand } from "../../infra/toolchain/arguments";
import { createContext } from "../../infra/toolchain/context";
import { prepareDockerStack } from "../../infra/toolchain/docker/docker-stack";
import { prepareEnvironment } from "../../infra/toolchain/environment";
import { devPlugins } from "../../infra/toolchain/plugins/needed-plugins";
import { copyStackFile } from "../../infra/toolchain/stack-copy";
import { makeCheckout, type Checkout } from "../support/checkout";
import { countResources, runEngine, type EngineOptions, type Subject } from "./engine";

/** The project's own program as a user has it, in a checkout of its own. */
export async function makeReal(
  name = "stack dev",
  configure: Configure = asItIs,
): Promise<{ subject: Subject; engine: EngineOptions; checkout: Checkout }> {
  const checkout = await makeCheckout("bench");
  await configure(checkout);
  const project = await prepareProject(checkout);
  const subject: Subject = { name, ...project.commands, remove: () => checkout.remove() };
  return { subject, engine: project.engine, checkout };
}

/** Changes the configuration of a checkout before it is used. */
export type Configure = (checkout: Checkout) => Promise<void>;

const asItIs: Configure = () => Promise.resolve();

/** The same program, whose providers answer at once. */
export async function makeInstant(configure: Configure = asItIs): Promise<Subject> {
  const checkout = await makeCheckout("bench with instant providers");
  await configure(checkout);
  const home = dirname(checkout.directory);
  const provider = join(checkout.directory, "components", "providers", "pulumi-resource-pgstead");
  await writeProgram(provider, launcher(checkout, "test/bench/instant/pgstead.ts"));
  const pulumiHome = join(home, "pulumi-home");
  for (const { name, version } of devPlugins(createContext(checkout.env, checkout.directory))) {
    const directory = join(pulumiHome, "plugins", `resource-${name}-v${version}`);
    await mkdir(directory, { recursive: true });
    const program = join(directory, `pulumi-resource-${name}`);
    await writeProgram(program, launcher(checkout, `test/bench/instant/${name}.ts`));
  }
  const { commands } = await prepareProject(checkout, { PULUMI_HOME: pulumiHome });
  return {
    name: "instant providers",
    ...commands,
    // There is no server to stop.
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

/** A program without a resource, run by the engine of another subject. */
export async function makeEmpty({ program, cwd, env }: EngineOptions): Promise<Subject> {
  const directory = join(dirname(cwd), "empty");
  await cp(join(projectRoot(), "test", "bench", "empty"), directory, { recursive: true });
  await symlink(join(projectRoot(), "node_modules"), join(directory, "node_modules"));
  const engine = { program, cwd: directory, env };
  await runEngine({ ...engine, env: { ...env, PULUMI_STACK: undefined } }, ["stack", "init", "dev"]);
  return {
    name: "empty program",
    time: async (...args) => (await runEngine(engine, args)).seconds,
    countResources: () => countResources(engine),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

async function prepareProject(
  checkout: Checkout,
  change: NodeJS.ProcessEnv = {},
): Promise<{ engine: EngineOptions; commands: Pick<Subject, "time" | "countResources"> }> {
  const context = createContext(checkout.env, checkout.directory);
  const command = parseCommand(["up"]);
  const { cli, env, dev, login } = await prepareEnvironment(context, command);
  if (dev === undefined) throw new Error("the toolchain gave no stack dev");
  const prepared = await prepareDockerStack(context, login, command, ["up"]);
  const engine = { program: cli.program, cwd: checkout.directory, env: { ...env, ...prepared, ...change } };
  return {
    engine,
    commands: {
      async time(...args) {
        const copy = copyStackFile(context.project, dev, parseCommand(args), args);
        try {
          return (await runEngine(engine, copy.args)).seconds;
        } finally {
          copy.finish();
        }
      },
      countResources: () => countResources(engine),
    },
  };
}

/** Starts a TypeScript provider of a checkout as the project's own one is started: bundled once, dependencies inside. */
function launcher(checkout: Checkout, entry: string): string {
  const bundler = JSON.stringify(join(checkout.directory, "infra", "toolchain", "bundle.cjs"));
  return `#!/usr/bin/env node
"use strict";
const { bundle } = require(${bundler});
require(bundle(${JSON.stringify(entry)}, { selfContained: true }));
`;
}

async function writeProgram(path: string, text: string): Promise<void> {
  await writeFile(path, text);
  await chmod(path, 0o755);
}
