import { existsSync, readFileSync } from "node:fs";
import type { PulumiCommand } from "./arguments";
import type { ToolchainContext } from "./context";
import { mapping, runsProgram, stackFile, tryParse } from "./docker/docker-stack";
import type { Login } from "./login";

/** Makes the operations code before the program of a stack runs that puts it on the host of its server. */
export async function prepareHostJobs(
  context: ToolchainContext,
  login: Login,
  command: PulumiCommand,
  args: readonly string[],
): Promise<void> {
  if (command.hasDirectory || !runsProgram(command, args)) return;
  const file = stackFile(context, login, command, args);
  if (!existsSync(file) || !hasHostJobs(readFileSync(file, "utf8"))) return;
  // Loaded only now: other stacks do not wait for a bundler.
  const { ensureOpsBundle } = await import("./docker/bundle-ops.js");
  await ensureOpsBundle(context.project, context.say);
}

/** Whether a stack's file has its server's host run jobs; what is wrong in it the program tells of. Pure. */
export function hasHostJobs(text: string): boolean {
  if (!/\bonHost\b/.test(text)) return false;
  const written = mapping(mapping(tryParse(text))?.config)?.["pgstead:server"];
  // Maps may be written as JSON text.
  const server = mapping(typeof written === "string" ? tryParse(written) : written);
  const jobs = mapping(server?.onHost)?.jobs;
  return typeof jobs === "string" && jobs !== "none";
}
