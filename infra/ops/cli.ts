import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";
import { projectRoot } from "../../components/io/places";
import { closeHosts } from "../../components/io/host/shell";
import { closeRelays, openRelaysHere } from "../../components/io/ssh/reach";
import { commands } from "./commands";
import { runOps } from "./frame";
import { createInterface } from "node:readline/promises";
import { pulumiOf } from "./pulumi";
import { exitCodes } from "./report";
import { readStackConfig } from "./stack";

const root = projectRoot();

// A reader that has seen enough (`… | head`) closes the pipe: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

openRelaysHere();
void runOps(process.argv.slice(2), commands, {
  version: readVersion(),
  project: readProjectName(),
  root,
  readConfig: (stack) => readStackConfig(root, stack),
  pulumi: (write) => pulumiOf(root, write),
  ...(process.stdin.isTTY && process.stderr.isTTY ? { ask, askFor } : {}),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
}).then(async (status) => {
  await closeRelays();
  await closeHosts();
  // Not `exit()`: what was written to a pipe has to arrive.
  process.exitCode = exitCodes[status];
});

/** Asks a person; anything but y and yes is no. */
async function ask(question: string): Promise<boolean> {
  return /^y(?:es)?$/i.test(await askFor(`${question} [y/N]`));
}

async function askFor(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(`${question} `)).trim();
  } finally {
    lines.close();
  }
}

function readVersion(): string {
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  return version;
}

function readProjectName(): string {
  const { name } = parse(readFileSync(join(root, "Pulumi.yaml"), "utf8")) as { name: string };
  return name;
}
