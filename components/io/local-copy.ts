import { randomBytes } from "node:crypto";
import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { dirname, isAbsolute, join } from "node:path";
import { isPem } from "../core/connection";
import { problemError } from "../core/problem";
import { projectRoot } from "./places";

/**
 * Keeps a copy of a certificate in a local file, for tools that take a file only: written where it is missing or
 * differs, whole or not at all. A relative path is one of the project's directory. Gives true where it was written.
 *
 * @throws ProblemError what is there is no certificate, so it is somebody else's file; or it cannot be written
 */
export async function keepCertificateCopy(path: string, pem: string): Promise<boolean> {
  const file = fileOf(path);
  const draft = `${file}.${randomBytes(4).toString("hex")}`;
  try {
    const found = await readFile(file, "utf8").catch((error: unknown) => {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      throw error;
    });
    if (found === pem) return false;
    if (found !== undefined && !isPem(found)) throw notOurs(path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(draft, pem, { mode: 0o644, flag: "wx" });
    await rename(draft, file);
    return true;
  } catch (error) {
    await rm(draft, { force: true });
    if ((error as NodeJS.ErrnoException).code === undefined) throw error;
    const hint = "name a file that this account may write (`caFile`).";
    throw problemError(`copy of the certificate in ${path}`, (error as Error).message, hint, {
      cause: error,
    });
  }
}

/**
 * Removes the copy where it is still the one that was written; its directory stays, as others may have files there.
 *
 * @returns why it is still there, in the system's words; undefined: it is gone, or is another file by now
 */
export async function removeCertificateCopy(path: string, pem: string): Promise<string | undefined> {
  const file = fileOf(path);
  try {
    if ((await readFile(file, "utf8")) === pem) await rm(file);
    return undefined;
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? undefined : message;
  }
}

function fileOf(path: string): string {
  return isAbsolute(path) ? path : join(projectRoot(), path);
}

function notOurs(path: string): Error {
  const hint = "name another file (`caFile`), or remove that one.";
  return problemError(`copy of the certificate in ${path}`, "what is there is no certificate", hint);
}
