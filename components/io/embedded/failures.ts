import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { renderJsonLine } from "../../core/operations/logs/json";
import { problemError, ProblemError } from "../../core/problem";
import type { RunResult } from "../process";
import type { Instance } from "./instance";

const diskHints: Readonly<Record<string, string>> = {
  ENOSPC: "free space on that disk, or set PGSTEAD_DATA (or pgstead:server.dataDirectory) to another one.",
  EROFS:
    "the disk is read-only: set PGSTEAD_DATA (or pgstead:server.dataDirectory) to one that can be written.",
  EACCES:
    "mend the directory's permissions, or set PGSTEAD_DATA (or pgstead:server.dataDirectory) to another one.",
  EPERM: "mend the directory's owner, or set PGSTEAD_DATA (or pgstead:server.dataDirectory) to another one.",
  ENOTDIR: "a file stands where a directory belongs: move it away.",
};

/** An error of the file system with what to do about it; other errors as they are. */
export function diskFailure(directory: string, error: unknown): unknown {
  if (error instanceof ProblemError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const hint = diskHints[code ?? ""];
  return hint === undefined ? error : problemError(directory, message, hint, { cause: error });
}

export function initFailure(directory: string, result: RunResult): Error {
  // What it printed to its output is progress: the reason is among the errors.
  const said = lastLines(result.stderr) || lastLines(result.stdout) || `exit code ${result.exitCode}`;
  return problemError(directory, `initdb failed: ${said}`, hintFor(result.stderr));
}

/** What the server itself said when it did not start, with a hint for the usual causes. */
export async function startFailure(instance: Instance, log: string, result: RunResult): Promise<Error> {
  const text = await readFile(log, "utf8").catch(() => ""); // pg_ctl may fail before there is a log
  const collected = text.includes("redirecting log output") ? await collectedLines(instance) : "";
  const said =
    collected || lastLines(text) || lastLines(`${result.stderr}\n${result.stdout}`) || "no message";
  return problemError(instance.dataDirectory, `the server does not start: ${said}`, hintFor(said));
}

/** From when its log collector runs on, a server tells what is wrong in its own log: the last lines that do. */
async function collectedLines({ dataDirectory }: Instance): Promise<string> {
  const directory = join(dataDirectory, "log");
  const names = await readdir(directory).catch(() => []); // the log may be elsewhere
  const files = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(directory, name))).mtimeMs })),
  );
  const newest = files.toSorted((a, b) => b.time - a.time)[0];
  if (newest === undefined) return "";
  const written = (await readFile(join(directory, newest.name), "utf8")).split("\n").slice(-20);
  const lines = newest.name.endsWith(".json") ? written.map((line) => renderJsonLine(line) ?? "") : written;
  return lastLines(lines.filter((line) => /FATAL|PANIC|ERROR|HINT|DETAIL|could not/.test(line)).join("\n"));
}

function hintFor(text: string): string {
  if (/No space left on device/i.test(text)) return diskHints.ENOSPC ?? "";
  if (/Read-only file system/i.test(text)) return diskHints.EROFS ?? "";
  if (/Permission denied/i.test(text)) return diskHints.EACCES ?? "";
  if (/could not look up effective user ID/i.test(text)) {
    return "this account has a number and no name: give it a line in /etc/passwd, or run as one that has.";
  }
  if (/could not access file|could not load library/i.test(text)) {
    return "a library in shared_preload_libraries is not there: mend postgresql.auto.conf in the data directory.";
  }
  if (/database files are incompatible/i.test(text)) {
    return "the data directory is of another version of PostgreSQL: give this stack another one.";
  }
  return "see the server's log (`log/` in the data directory), mend the cause, then run this again.";
}

function lastLines(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .slice(-4)
    .join("; ");
}
