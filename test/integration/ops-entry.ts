/**
 * The operations command line as its own process, for a stack that was never deployed by an engine: the first argument
 * is a directory with the stack's file and `outputs.json`, what Pulumi would have printed.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { commands } from "../../infra/ops/commands";
import { runOps } from "../../infra/ops/frame";
import { exitCodes } from "../../infra/ops/report";
import { readStackConfig } from "../../infra/ops/stack";

const [root = "", ...argv] = process.argv.slice(2);

void runOps(argv, commands, {
  version: "0.0.0",
  project: "pgstead",
  root,
  readConfig: (stack) => readStackConfig(root, stack),
  readOutputs: (stack) =>
    readFile(join(root, `outputs.${stack}.json`), "utf8").catch(() =>
      readFile(join(root, "outputs.json"), "utf8"),
    ),
  pulumi: () => () => Promise.reject(new Error("there is no Pulumi in these tests")),
  // What a person would type, for a command that asks.
  ...(process.env.PGSTEAD_TEST_TYPED === undefined
    ? {}
    : { askFor: () => Promise.resolve(process.env.PGSTEAD_TEST_TYPED ?? "") }),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
}).then((status) => {
  process.exitCode = exitCodes[status];
});
