import type Docker from "dockerode";
import { execIn } from "../../../components/io/docker/container";
import { assertGoing } from "../engine";

/** A server in a container. */
export interface ServerUnderLoad {
  readonly docker: Docker;
  /** Name of its container. */
  readonly container: string;
}

/** Runs a program in the server's container, as its account. */
export async function execute(
  { docker, container }: ServerUnderLoad,
  command: readonly string[],
  input?: string,
): Promise<string> {
  assertGoing();
  const options = { timeoutMs: 300_000, ...(input === undefined ? {} : { input }) };
  const { exitCode, stdout, stderr } = await execIn(docker, container, command, options);
  if (exitCode === 0) return stdout;
  throw new Error(`${command.join(" ")} in ${container} ended with ${exitCode}: ${stderr}${stdout}`);
}
