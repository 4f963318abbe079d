import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { problemError } from "../../core/problem";

/** The library is loaded where something is encrypted alone. */
const load = () => import("age-encryption");

/** Turns a content into another one as it comes. */
export type Change = (content: Readable) => Promise<Readable>;

/** Encrypts to each of the recipients. @throws ProblemError for one that the library does not take */
export async function encryptTo(recipients: readonly string[]): Promise<Change> {
  const { Encrypter } = await load();
  const encrypter = new Encrypter();
  for (const recipient of recipients) {
    try {
      encrypter.addRecipient(recipient);
    } catch (error) {
      const hint = "write what `age-keygen -y` prints, age1…";
      throw problemError(`recipient ${recipient}`, (error as Error).message, hint, { cause: error });
    }
  }
  return async (content) => fromWeb(await encrypter.encrypt(toWeb(content)));
}

/**
 * Decrypts with the keys in a file.
 *
 * @param identity path of a file as `age-keygen` writes it: a key is never an argument
 * @throws ProblemError where it cannot be read or holds none
 */
export async function decryptWith(identity: string): Promise<Change> {
  const { Decrypter } = await load();
  const decrypter = new Decrypter();
  for (const [at, line] of (await readKeys(identity)).entries()) {
    try {
      decrypter.addIdentity(line);
    } catch {
      // What the library says of it could repeat it.
      throw problemError(
        identity,
        `key ${at + 1} in it is no identity of age`,
        "write it as `age-keygen` does",
      );
    }
  }
  return async (content) => {
    try {
      return fromWeb(await decrypter.decrypt(toWeb(content)));
    } catch (error) {
      if (!/no identity matched/i.test((error as Error).message)) throw error;
      const hint = "use the key whose recipient is declared under pgstead:backup.encryption";
      throw problemError(identity, "none of its keys opens this copy", hint, { cause: error });
    }
  };
}

async function readKeys(identity: string): Promise<string[]> {
  const hint = "name a file with a line AGE-SECRET-KEY-1…, as `age-keygen` writes it";
  const text = await readFile(identity, "utf8").catch((error: unknown) => {
    throw problemError(`identity ${identity}`, (error as Error).message, hint, { cause: error });
  });
  const lines = text.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw problemError(`identity ${identity}`, "holds no key", hint);
  return keys;
}

function toWeb(content: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(content);
}

function fromWeb(content: globalThis.ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(content);
}
