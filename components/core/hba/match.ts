import { isLoopback, isWithin } from "./address";
import type { HbaRule } from "./rule";
import { databaseKeywords, parseWord, userKeywords } from "./word";

/** Where a login comes from. */
export interface HbaOrigin {
  /** The client's address; null: over a Unix-domain socket. */
  readonly address: string | null;
  /** With TLS. */
  readonly ssl: boolean;
  /** With GSSAPI encryption. */
  readonly gss?: boolean;
  /** The server's own address of this connection, where it is known. */
  readonly server?: string;
}

/** A login that is tried. */
export interface HbaLogin {
  readonly user: string;
  /** Null: a physical replication connection, which names no database. */
  readonly database: string | null;
  readonly origin: HbaOrigin;
  /** Groups that the user is a member of, directly or not; undefined: nobody knows yet. */
  readonly groups?: readonly string[];
}

/** What the first rule that matches says; `unmatched` is a rejection too. */
export interface HbaVerdict {
  readonly outcome: "asked" | "rejected" | "unmatched";
  readonly rule?: HbaRule;
  /** True where it depends on what is not known from here: the doubt counts against the login. */
  readonly inDoubt: boolean;
}

type Match = "yes" | "no" | "unknown";

/**
 * What PostgreSQL makes of a login: `check_hba` of hba.c. What cannot be known from here (the server's networks, host
 * names, regular expressions) matches where it rejects, and does not where it would let in.
 */
export function simulateLogin(rules: readonly HbaRule[], login: HbaLogin): HbaVerdict {
  let inDoubt = false;
  for (const rule of rules) {
    const match = matchRule(rule, login);
    if (match === "unknown") inDoubt = true;
    if (match === "no" || (match === "unknown" && rule.method !== "reject")) continue;
    return { outcome: rule.method === "reject" ? "rejected" : "asked", rule, inDoubt };
  }
  return { outcome: "unmatched", inDoubt };
}

/** Whether a rule is about a login. */
export function matchRule(rule: HbaRule, login: HbaLogin): Match {
  return all(
    matchOrigin(rule, login.origin),
    any(rule.database.map((word) => matchDatabase(word, login))),
    any(rule.user.map((word) => matchUser(word, login))),
  );
}

function matchOrigin({ type, address = "" }: HbaRule, origin: HbaOrigin): Match {
  const { ssl, gss = false } = origin;
  if (type === "local" || origin.address === null) return is(type === "local" && origin.address === null);
  if ((type === "hostssl" && !ssl) || (type === "hostnossl" && ssl)) return "no";
  if ((type === "hostgssenc" && !gss) || (type === "hostnogssenc" && gss)) return "no";
  if (address === "all") return "yes";
  if (address === "samehost" || address === "samenet")
    return matchOwn(address, origin.address, origin.server);
  const within = isWithin(origin.address, address);
  return within === undefined ? "unknown" : is(within);
}

/** The server's interfaces are nobody's to see from here, but for loopback and the one that was connected to. */
function matchOwn(word: "samehost" | "samenet", from: string, server: string | undefined): Match {
  // 127.0.0.2 is in the network of loopback, and no address of it.
  const isKnown = word === "samenet" ? isLoopback(from) : ["127.0.0.1", "::1"].includes(from);
  return isKnown || from === server ? "yes" : "unknown";
}

function matchDatabase(word: string, login: HbaLogin): Match {
  const meaning = parseWord(word, databaseKeywords);
  const isReplication = meaning.kind === "keyword" && meaning.keyword === "replication";
  // A connection without a database matches `replication` alone, and no other one does.
  if (login.database === null || isReplication) return is(login.database === null && isReplication);
  switch (meaning.kind) {
    case "keyword":
      if (meaning.keyword === "all") return "yes";
      if (meaning.keyword === "sameuser") return is(login.database === login.user);
      return matchMember(login, login.database);
    case "name":
      return is(meaning.name === login.database);
    case "group":
      // Only users have groups: here the sign is a part of the name.
      return is(`+${meaning.group}` === login.database);
    case "expression":
    case "file":
      return "unknown";
  }
}

function matchUser(word: string, login: HbaLogin): Match {
  const meaning = parseWord(word, userKeywords);
  switch (meaning.kind) {
    case "keyword":
      return "yes";
    case "name":
      return is(meaning.name === login.user);
    case "group":
      return matchMember(login, meaning.group);
    case "expression":
    case "file":
      return "unknown";
  }
}

/** Every role is a member of itself; being superuser makes nobody a member. */
function matchMember({ user, groups }: HbaLogin, group: string): Match {
  if (user === group) return "yes";
  return groups === undefined ? "unknown" : is(groups.includes(group));
}

function is(truth: boolean): Match {
  return truth ? "yes" : "no";
}

function all(...parts: readonly Match[]): Match {
  if (parts.includes("no")) return "no";
  return parts.includes("unknown") ? "unknown" : "yes";
}

function any(parts: readonly Match[]): Match {
  if (parts.includes("yes")) return "yes";
  return parts.includes("unknown") ? "unknown" : "no";
}
