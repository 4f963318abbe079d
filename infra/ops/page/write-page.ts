import { stat } from "node:fs/promises";
import { resolve } from "node:path";
import { problemError } from "../../../components/core/problem";
import { createFile, replaceFile } from "../../../components/io/replace-file";

/** Names of tables and texts of statements are for who watches the server. */
const usualMode = 0o600;

/** Where a page is to be written. */
export interface PagePlace {
  readonly path: string;
  /** Of the file that is there; undefined: there is none, and none is replaced. */
  readonly mode: number | undefined;
}

/**
 * Looks whether a page can be written there, before anything is asked for it.
 *
 * @param out as somebody named it; undefined: a name of the stack and the time, in the working directory
 * @throws ProblemError where it is no regular file, or its directory is not there
 */
export async function findPlace(out: string | undefined, stack: string, now: Date): Promise<PagePlace> {
  const time = now.toISOString().replace(/[-:]|\.\d+/g, "");
  const path = resolve(out ?? `pgstead-report-${stack.replaceAll("/", "-")}-${time}.html`);
  const there = await look(path);
  if (there !== undefined && !there.isFile()) {
    // A device or a pipe would be replaced by the page.
    throw problemError("--out", `${path} is no regular file`, "name a file, or - for standard output");
  }
  if ((await look(resolve(path, "..")))?.isDirectory() !== true) {
    throw problemError("--out", `${resolve(path, "..")} is no directory`, "make it, or name another file");
  }
  return { path, mode: there === undefined ? undefined : there.mode & 0o777 };
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw error;
  }
}

/**
 * Writes a page as a whole: who reads the file meanwhile has the old one or the new one. A file that somebody named is
 * replaced and keeps its mode, so that a web server goes on reading what a timetable writes.
 */
export async function writePage({ path, mode }: PagePlace, page: string): Promise<void> {
  try {
    if (mode !== undefined) await replaceFile(path, page, mode);
    else if (!(await createFile(path, page, usualMode))) await replaceFile(path, page, usualMode);
  } catch (error) {
    const { message } = error as Error;
    throw problemError(
      "--out",
      `${path} cannot be written: ${message}`,
      "name a file of a directory that you may write to",
    );
  }
}
