import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { dirname, relative } from "node:path";
import { problemError } from "../../../components/core/problem";
import { createFile } from "../../../components/io/replace-file";

/**
 * Makes a file with a new passphrase that only this account can read. One that is there stays: secrets may be encrypted
 * with it.
 *
 * @param root the checkout, where the file must not be
 */
export async function ensurePassphrase(file: string, root: string): Promise<"made" | "kept"> {
  if (!relative(root, file).startsWith("..")) {
    const hint = "set XDG_CONFIG_HOME to a directory outside of it, or unset it";
    throw problemError(file, "is in the checkout, where a passphrase may be committed", hint);
  }
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // 24 bytes are 32 characters.
    const passphrase = randomBytes(24).toString("base64url");
    return (await createFile(file, `${passphrase}\n`, 0o600)) ? "made" : "kept";
  } catch (error) {
    const hint = "may this account write there? XDG_CONFIG_HOME names another directory";
    throw problemError(file, `cannot be made: ${(error as Error).message}`, hint, { cause: error });
  }
}
