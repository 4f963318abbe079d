import { readFileSync } from "node:fs";
import { problemError } from "../core/problem";
import type { Account } from "./process";

/**
 * Accounts that may run the server where pgstead itself runs as root, best first: one made for it, PostgreSQL's usual
 * one, and the one that every Unix has. PostgreSQL refuses to run as root.
 */
const candidates = ["pgstead", "postgres", "nobody"];

/** The account to run PostgreSQL as: undefined (this process's own) unless this process is root's. */
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

function parsePasswd(text: string): Account[] {
  return text.split("\n").flatMap((line) => {
    const [name, , uid, gid] = line.split(":");
    if (name === undefined || uid === undefined || gid === undefined) return [];
    return [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}
