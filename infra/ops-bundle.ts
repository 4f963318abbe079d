import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  judgeOpsBundle,
  opsBundleFile,
  opsRecordFile,
  type OpsBundleNow,
} from "../components/core/ops-bundle";

/**
 * Why the bundle of the operations code, which the image `ops` is built with, does not belong to the sources as they
 * are: it is missing, or something changed since. Undefined: it does.
 *
 * Reads the sources and hashes them: some ten milliseconds. `npm run build:ops` makes the bundle, and
 * `npm run pulumi` does so by itself.
 *
 * @param project the checkout's directory
 */
export function opsBundleFault(project: string): string | undefined {
  return judgeOpsBundle(readText(join(project, opsRecordFile)), readNow(project));
}

/** SHA-256 of the bundle, which is there by now. */
export function opsBundleDigest(project: string): string {
  return readNow(project).hashOf(opsBundleFile) ?? "";
}

/** The sources and packages as they lie in a checkout. */
export function readNow(project: string): OpsBundleNow {
  return {
    hashOf: (file) => {
      const content = read(join(project, file));
      return content === undefined ? undefined : sha256(content);
    },
    packageAt: (directory) => nameOf(readText(join(project, directory, "package.json"))),
  };
}

export function sha256(content: Uint8Array | string): string {
  return createHash("sha256").update(content).digest("hex");
}

function nameOf(manifest: string | undefined): string | undefined {
  if (manifest === undefined) return undefined;
  const { name, version } = JSON.parse(manifest) as { readonly name?: string; readonly version?: string };
  return `${name ?? "?"}@${version ?? "?"}`;
}

function readText(file: string): string | undefined {
  return read(file)?.toString("utf8");
}

function read(file: string): Buffer | undefined {
  try {
    return readFileSync(file);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    throw error;
  }
}
