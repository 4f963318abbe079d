import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { problemError, ProblemError } from "../../core/problem";

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

/** The key that was given, or that none was, is a mistake of whoever asks: it tells nothing of a copy. */
export class IdentityError extends ProblemError {}

/** None of the keys that were given opens a content. */
export class NoKeyError extends IdentityError {}

export function identityError(title: string, message: string, hint: string, options?: ErrorOptions): Error {
  return new IdentityError(title, [{ path: "", message, hint }], options);
}

/** Stands for standard input, as for age itself. */
const standardInput = "-";

/**
 * Decrypts with the keys in a file.
 *
 * @param identity path of a file as `age-keygen` writes it, or `-`: a key is never an argument
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
      throw identityError(
        `identity ${identity}`,
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
      const problem = { path: "", message: "none of its keys opens this copy", hint };
      throw new NoKeyError(`identity ${identity}`, [problem], { cause: error });
    }
  };
}

async function readKeys(identity: string): Promise<string[]> {
  const hint = "name a file with a line AGE-SECRET-KEY-1…, as `age-keygen` writes it";
  const written = await (identity === standardInput ? readInput() : readFile(identity, "utf8")).catch(
    (error: unknown) => {
      throw identityError(`identity ${identity}`, (error as Error).message, hint, { cause: error });
    },
  );
  const lines = written.split("\n").map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw identityError(`identity ${identity}`, "holds no key", hint);
  return keys;
}

let input: Promise<string> | undefined;

/** It comes once, and several backups may need it. */
function readInput(): Promise<string> {
  if (process.stdin.isTTY) {
    const hint = "give it a file or a pipe: `age --decrypt key.age | npm run ops -- … --identity -`";
    throw identityError("--identity -", "standard input is a terminal, which would show the key", hint);
  }
  input ??= text(process.stdin);
  return input;
}

function toWeb(content: Readable): globalThis.ReadableStream<Uint8Array> {
  return Readable.toWeb(content);
}

function fromWeb(content: globalThis.ReadableStream<Uint8Array>): Readable {
  return Readable.fromWeb(content);
}
