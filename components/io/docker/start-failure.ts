import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import { extract } from "tar-stream";
import { text } from "node:stream/consumers";
import { findStopReason } from "../../core/docker/stop-reason";
import { renderJsonLine } from "../../core/operations/logs/json";
import { isNotFound, engineFailure } from "./failure";
import { readContainerLog } from "./container";

/** Where the data is, in every container that has it. */
export const dataDirectory = "/var/lib/postgresql/data/current";

/** What a server that has ended said last: on its standard error, and in its log file once it had opened one. */
export async function describeStop(
  docker: Docker,
  name: string,
  status: { readonly startedAt: string; readonly exitCode: number },
): Promise<string> {
  const linesSince = async (moment: string): Promise<string[]> =>
    (await readContainerLog(docker, name, moment)).trim().split("\n");
  for (const deadline = Date.now() + anotherStartMs; ;) {
    const [sinceStart, said] = [await linesSince(status.startedAt), await linesSince("")];
    const reason = findStopReason({ sinceStart, said, logged: await readLogFile(docker, name) });
    if (reason !== undefined) return reason.trim();
    if (Date.now() > deadline) return (said.at(-1) ?? "").trim() || `it ended with code ${status.exitCode}`;
    await setTimeout(250);
  }
}

/**
 * The engine starts a server again, which opens a log file of its own before it ends as the one before: between the two the
 * newest file says nothing yet.
 */
const anotherStartMs = 3_000;

/** Lines of the newest log file (`current_logfiles` in the data directory names it) as text; none: it never opened one. */
async function readLogFile(docker: Docker, name: string): Promise<string[]> {
  const names = (await readFileIn(docker, name, `${dataDirectory}/current_logfiles`)) ?? "";
  const path = /^jsonlog (\S+)$/m.exec(names)?.[1];
  const log = path === undefined ? undefined : await readFileIn(docker, name, path);
  const lines = (log ?? "").trimEnd().split("\n").slice(-50);
  // One that was cut off says nothing.
  return lines.flatMap((line) => renderJsonLine(line) ?? []);
}

/** Text of a file of a container, running or not; undefined: there is none. */
export async function readFileIn(docker: Docker, name: string, path: string): Promise<string | undefined> {
  try {
    const archive = await docker.getContainer(name).getArchive({ path });
    const unpack = extract();
    archive.pipe(unpack);
    let content: string | undefined;
    for await (const entry of unpack) {
      content = await text(entry);
      if (entry.header.type === "file") break;
    }
    return content;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw engineFailure(error);
  }
}
