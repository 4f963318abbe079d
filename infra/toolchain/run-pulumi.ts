import { spawn } from "node:child_process";
import { constants } from "node:os";
import type { PulumiCommand } from "./arguments";
import type { ToolchainContext } from "./context";
import { prepareDockerStack } from "./docker/docker-stack";
import type { PulumiEnvironment } from "./environment";
import { settleContainers } from "./docker/settle-containers";
import { prepareHostJobs } from "./host-jobs-bundle";
import { openWay } from "./ssh-way";
import { passSignals } from "./signals";
import { assertStackFile } from "./stack-check";
import { copyStackFile } from "./stack-copy";

/** Runs a Pulumi command in its environment with this process's own input and output, and gives its exit code. */
export async function runPulumi(
  context: ToolchainContext,
  environment: PulumiEnvironment,
  command: PulumiCommand,
  args: readonly string[],
): Promise<number> {
  const { dev, cli, env, login } = environment;
  if (dev !== undefined) await assertStackFile(context.project, command);
  const prepared = await prepareDockerStack(context, login, command, args);
  await prepareHostJobs(context, login, command, args);
  await settleContainers(context, environment, { command, args });
  const way = await openWay(context, login, command, args);
  const copy = dev === undefined ? undefined : copyStackFile(context.project, dev, command, args);
  try {
    const exitCode = await passThrough(cli.program, copy?.args ?? args, {
      cwd: context.project,
      env: { ...env, ...prepared, ...way.env },
    });
    const lost = await way.finish();
    if (lost === undefined) return exitCode;
    // What the engine's processes saw of it are consequences; and one that saw none of it has not seen all.
    process.stderr.write(`pgstead: ${lost.message}\n`);
    return exitCode === 0 ? 1 : exitCode;
  } finally {
    await way.finish();
    copy?.finish();
  }
}

function passThrough(
  program: string,
  args: readonly string[],
  options: { readonly cwd: string; readonly env: NodeJS.ProcessEnv },
): Promise<number> {
  const child = spawn(program, args, { ...options, stdio: "inherit" });
  const ended = new Promise<number>((resolve, reject) => {
    child.on("error", reject);
    child.on("exit", (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 1 : constants.signals[signal]));
    });
  });
  // Ctrl-C in a terminal reaches Pulumi by itself: a second signal would make it give up at once, in the middle of a
  // statement. Signals to this process alone are passed on. Either way this process waits for Pulumi to end.
  return passSignals((signal) => {
    if (signal !== "SIGINT" || !isInTerminal()) child.kill(signal);
  }, ended);
}

function isInTerminal(): boolean {
  return [process.stdin, process.stdout, process.stderr].some(({ isTTY }) => isTTY);
}
