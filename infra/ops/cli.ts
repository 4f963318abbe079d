import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectRoot } from "../../components/io/places";
import { commands } from "./commands";
import { runOps } from "./frame";
import { pulumiOutputs } from "./pulumi-outputs";
import { exitCodes } from "./report";
import { readStackConfig } from "./stack";

const root = projectRoot();

// A reader that has seen enough (`… | head`) closes the pipe: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void runOps(process.argv.slice(2), commands, {
  version: readVersion(),
  readConfig: (stack) => readStackConfig(root, stack),
  readOutputs: (write) => pulumiOutputs(root, write),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
}).then((status) => {
  // Not `exit()`: what was written to a pipe has to arrive.
  process.exitCode = exitCodes[status];
});

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}
