import { readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import { findPassword } from "../../../components/core/adopt/pgpass";
import type { ServerUrl } from "../../../components/core/adopt/url";
import { problemError } from "../../../components/core/problem";

/** Where a password may come from, so that a test can stand in for it. */
export interface PasswordSources {
  readonly env: NodeJS.ProcessEnv;
  /** Asks a person, without showing what is typed; absent where there is no terminal. */
  readonly prompt?: (question: string) => Promise<string>;
}

/** The password of a login as libpq finds it: PGPASSWORD, the password file, then a person. */
export async function readPassword(url: ServerUrl, { env, prompt }: PasswordSources): Promise<string> {
  const { PGPASSWORD: given = "" } = env;
  if (given !== "") return given;
  const found = await readPasswordFile(url, env);
  if (found !== undefined) return found;
  const typed = await prompt?.(`Password of ${url.user} at ${url.host}:${url.port}: `);
  if (typed !== undefined && typed !== "") return typed;
  const hint =
    "set PGPASSWORD, or write a line host:port:database:user:password into a file of mode 0600 and name it in PGPASSFILE";
  throw problemError(`login of ${url.user}`, "there is no password", hint);
}

/** A named file has to be usable; libpq's own place may be empty. */
async function readPasswordFile(url: ServerUrl, env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const { PGPASSFILE: named = "" } = env;
  const file = named === "" ? join(env.HOME ?? homedir(), ".pgpass") : named;
  try {
    const { mode } = await stat(file);
    // As libpq does: what others can read is no secret.
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      throw problemError(file, "others can read it", `take that away: chmod 0600 ${file}`);
    }
    return findPassword(await readFile(file, "utf8"), url);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (named === "" && code === "ENOENT") return undefined;
    throw problemError(
      file,
      `cannot be read: ${message}`,
      "name a file in PGPASSFILE that this account may read",
      {
        cause: error,
      },
    );
  }
}

/** Asks at a terminal; what is typed is not shown. */
export async function promptHidden(question: string): Promise<string> {
  process.stderr.write(question);
  const silent = new Writable({
    write: (_chunk, _encoding, done) => {
      done();
    },
  });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  try {
    return await lines.question("");
  } finally {
    lines.close();
    process.stderr.write("\n");
  }
}
