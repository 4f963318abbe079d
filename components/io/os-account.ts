import { readFileSync, statSync } from "node:fs";
import { problemError } from "../core/problem";
import type { Account } from "./process";

/**
 * Accounts that may run the server where pgstead itself runs as root, best first: one made for it, PostgreSQL's usual
 * one, and the one that every Unix has. PostgreSQL refuses to run as root.
 */
const candidates = ["pgstead", "postgres", "nobody"];

/** The account to run a new server as: undefined (this process's own) unless this process is root's. */
export function serverAccount(uid = process.getuid?.(), passwd = "/etc/passwd"): Account | undefined {
  if (uid !== 0) return undefined;
  const accounts = parsePasswd(readFileSync(passwd, "utf8"));
  const found = candidates.map((name) => accounts.find((account) => account.name === name)).find(Boolean);
  if (found !== undefined) return found;
  throw problemError(
    passwd,
    `PostgreSQL does not run as root, and none of the accounts ${candidates.join(", ")} exists`,
    "create one (`useradd --system pgstead`), or run as an ordinary user.",
  );
}

/**
 * The account that owns a data directory, as which alone its server runs; undefined (this process's own) unless this
 * process is root's, and where root itself is the owner, as whom PostgreSQL does not run.
 */
export function ownerAccount(
  dataDirectory: string,
  processUid = process.getuid?.(),
  passwd = "/etc/passwd",
): Account | undefined {
  if (processUid !== 0) return undefined;
  const { uid, gid } = statSync(dataDirectory);
  if (uid === 0) return undefined;
  const known = parsePasswd(readFileSync(passwd, "utf8")).find((account) => account.uid === uid);
  return { name: known?.name ?? String(uid), uid, gid };
}

function parsePasswd(text: string): Account[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
