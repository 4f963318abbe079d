import type { HbaRule } from "./rule";
import { databaseKeywords, nameWord, userKeywords } from "./word";

/** A database and who logs in to it. */
export interface HbaDatabase {
  readonly name: string;
  readonly logins: readonly string[];
}

/** Where logins come from, and how. */
type Way = Pick<HbaRule, "type" | "address" | "method">;

/** This host only. */
const fromHere: Way = { type: "host", address: "127.0.0.1/32", method: "scram-sha-256" };

/** From everywhere that the port is published to, with TLS: a container has no neighbours on loopback. */
export const overTls: Way = { type: "hostssl", address: "all", method: "scram-sha-256" };

/**
 * The rules of a server for which none were declared: the managing login, then every declared login to its own database,
 * with scram-sha-256. A database that nobody logs in to has no rule.
 *
 * @param replicators logins with REPLICATION: they may stream the write-ahead log
 * @param way default: from this host
 */
export function defaultRules(
  managing: string,
  databases: readonly HbaDatabase[],
  replicators: readonly string[] = [],
  way: Way = fromHere,
): HbaRule[] {
  const users = (names: readonly string[]): string[] => names.map((name) => nameWord(name, userKeywords));
  const all = { ...way, database: ["all"], user: users([managing]), comment: "pgstead itself" };
  const own = databases
    .filter(({ logins }) => logins.length > 0)
    .map(({ name, logins }) => ({
      ...way,
      database: [nameWord(name, databaseKeywords)],
      user: users(logins),
      comment: `The logins of ${name}`,
    }));
  const stream = { ...way, database: ["replication"], user: users(replicators), comment: "Replication" };
  return [all, ...own, ...(replicators.length > 0 ? [stream] : [])];
}

/** The way over the server's own socket, for the account that it runs as: programs beside it have no password. */
export function socketRule(managing: string): HbaRule {
  return {
    type: "local",
    database: ["all"],
    user: [nameWord(managing, userKeywords)],
    method: "peer",
    comment: "The server's own account, over its socket",
  };
}
