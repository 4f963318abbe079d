import { hostname } from "node:os";
import { isRunning } from "../running-process";

/** Label of a container that one run alone uses: machine and process that made it. */
export const runLabel = "pgstead.run";

/** Machine and process, as the label has it. */
export const thisRun = `${hostname()}/${process.pid}`;

/** Whether the run that made a container goes on; undefined: it is of another machine, and nobody here can know. */
export function isRunAlive(run: string): boolean | undefined {
  const [machine, pid] = [run.slice(0, run.lastIndexOf("/")), Number(run.slice(run.lastIndexOf("/") + 1))];
  if (machine !== hostname()) return undefined;
  return Number.isInteger(pid) && pid > 0 && isRunning(pid);
}
