import type { HbaRule } from "./rule";
import { databaseKeywords, nameWord, userKeywords } from "./word";

/** A database and who logs in to it. */
export interface HbaDatabase {
  readonly name: string;
  readonly logins: readonly string[];
}

/**
 * The rules of a server for which none were declared: the managing login, then every declared login to its own database,
 * from this host, with scram-sha-256. A database that nobody logs in to has no rule.
 *
 * @param replicators logins with REPLICATION: they may stream the write-ahead log, from this host
 */
export function defaultRules(
  managing: string,
  databases: readonly HbaDatabase[],
  replicators: readonly string[] = [],
): HbaRule[] {
  const users = (names: readonly string[]): string[] => names.map((name) => nameWord(name, userKeywords));
  const way = { type: "host", address: "127.0.0.1/32", method: "scram-sha-256" } as const;
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
