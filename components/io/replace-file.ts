import { randomBytes } from "node:crypto";
import { link, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";

/**
 * Puts a file in place as a whole: whoever reads it meanwhile, or after a crash, has the old one or the new one.
 *
 * @param mode of the new file, whatever the umask is
 */
export async function replaceFile(path: string, text: string | Uint8Array, mode: number): Promise<void> {
  await withDraft(path, { text, mode }, (draft) => rename(draft, path));
}

/**
 * As `replaceFile`, and never in the place of another one: of several at once, the first one stays.
 *
 * @returns false: there is one already
 */
export async function createFile(path: string, text: string, mode: number): Promise<boolean> {
  try {
    await withDraft(path, { text, mode }, async (draft) => {
      await link(draft, path);
      await rm(draft);
    });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

async function withDraft(
  path: string,
  { text, mode }: { readonly text: string | Uint8Array; readonly mode: number },
  place: (draft: string) => Promise<void>,
): Promise<void> {
  const draft = `${path}.draft-${randomBytes(4).toString("hex")}`;
  try {
    const file = await open(draft, "wx", mode);
    try {
      await file.chmod(mode);
      await file.writeFile(text);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(draft);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => undefined); // what failed first is the error to show
    throw error;
  }
  await syncDirectory(dirname(path));
}

/** A name is on disk once its directory is. */
export async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, "r");
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
