/**
 * Entry point of the ops container: `node /usr/lib/pgstead/ops.cjs schedule`; on a host, timers start its jobs one by one.
 *
 * The bundle has everything but Node.js in it; what it knows of the stack is the file that `up` has written.
 */
import "./older-node";
import { pgsteadVersion } from "../../../components/core/version";
import { exitCodes } from "../report";
import { systemClock } from "./clock";
import { createLog } from "./log";
import { runContainer } from "./program";
import { listenToSignals } from "./signals";

const log = createLog((line) => process.stdout.write(line), systemClock);

// A fault of this program: told as a line like any other; Docker starts the container again.
process.on("uncaughtException", (error) => {
  log.error(`this program has a fault and ends: ${error.stack ?? error.message}`);
  process.exit(70);
});
// A reader that has seen enough (`… | head`) closes the pipe: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

void runContainer(process.argv.slice(2), {
  version: pgsteadVersion,
  clock: systemClock,
  listen: () => listenToSignals(),
  stdout: process.stdout,
  stderr: process.stderr,
  env: process.env,
}).then((status) => {
  process.exitCode = exitCodes[status];
  // What was cut may still hold a connection or a file: it is not waited for. What was written has to arrive.
  process.stdout.write("", () => process.exit());
});
