import { readFile } from "node:fs/promises";
import { problemError } from "../core/problem";

/**
 * The password that the id of an import names: `file:PATH` or `env:NAME`. Ids are stored and shown in clear, so an id is
 * never the password itself, and no error repeats one that is neither.
 */
export async function readNamedPassword(id: string): Promise<string> {
  const [, kind, place] = /^(file|env):(.+)$/.exec(id) ?? [];
  if (kind === undefined || place === undefined) {
    throw problemError(
      "import of a Credential",
      "the id must name where the password is, never be the password",
      "use file:PATH (a file that holds it) or env:NAME (a variable that holds it).",
    );
  }
  const password =
    kind === "env" ? process.env[place] : (await readPasswordFile(place)).replace(/\r?\n$/, "");
  if (password === undefined || password === "") {
    throw problemError(id, "there is no password", "write the password there, then import again.");
  }
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw problemError(
      id,
      "the password holds characters beyond printable ASCII",
      "choose one without them: clients disagree on their normal form.",
    );
  }
  return password;
}

async function readPasswordFile(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const reason = (error as Error).message;
    throw problemError(`file:${path}`, `it cannot be read: ${reason}`, "give the path of a readable file.", {
      cause: error,
    });
  }
}
