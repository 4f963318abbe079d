import type { Problem } from "../problem";
import { identifierBytes, maxIdentifierBytes } from "../identifier";
import {
  addressKeywords,
  canonicalAddress,
  edgesOf,
  findAddressFault,
  hostNetwork,
  isLoopback,
} from "./address";
import { findMethodFault } from "./method";
import { ruleKey, secretOptions, type HbaMethod, type HbaRule } from "./rule";
import { databaseKeywords, parseWord, userKeywords } from "./word";

/** What is wrong with one part of a rule; `path` is within the rule, such as `options.map`. */
export type HbaProblem = Problem;

/** Everything that is wrong with a rule by itself: what PostgreSQL refuses, and what only an explicit word allows. */
export function checkRule(rule: HbaRule): HbaProblem[] {
  return [
    ...checkWords(rule, "database", databaseKeywords),
    ...checkWords(rule, "user", userKeywords),
    ...checkAddress(rule),
    ...checkMethod(rule),
    ...checkSecrets(rule),
    ...checkStrength(rule),
    ...checkComment(rule),
  ];
}

/** The rules that close every file: whoever no rule before has let in is told so. */
export const closingRules: readonly HbaRule[] = [
  {
    type: "local",
    database: ["all", "replication"],
    user: ["all"],
    method: "reject",
    comment: "Nobody else.",
  },
  { type: "host", database: ["all", "replication"], user: ["all"], address: "all", method: "reject" },
];

/** Whether a rule is one of those that close the file, whoever wrote it. */
export function isClosing(rule: HbaRule): boolean {
  return closingRules.some((closing) => ruleKey(closing) === ruleKey(rule));
}

/** Rules with an explicit last rejection of everybody; one that was written is not written twice. */
export function completeRules(rules: readonly HbaRule[]): HbaRule[] {
  const end = rules.findLastIndex((rule) => !isCatchAll(rule));
  const written = rules.slice(end + 1);
  const closing = closingRules.map((rule) => {
    const same = written.find(({ type, comment }) => type === rule.type && comment !== undefined);
    return same === undefined ? rule : { ...rule, comment: same.comment ?? "" };
  });
  return [...rules.slice(0, end + 1), ...closing];
}

/** Rules that come after one that already rejects everybody they are about: they would never be looked at. */
export function findUnreachable(
  rules: readonly HbaRule[],
): { readonly index: number; readonly by: number }[] {
  return rules.flatMap((rule, index) => {
    if (isCatchAll(rule)) return [];
    const by = rules
      .slice(0, index)
      .findIndex((earlier) => isCatchAll(earlier) && (earlier.type === "local") === (rule.type === "local"));
    return by === -1 ? [] : [{ index, by }];
  });
}

/** `local all all reject` or `host all all all reject`, with `replication` or without it. */
function isCatchAll({ type, database, user, address, method }: HbaRule): boolean {
  const everywhere = type === "local" || (type === "host" && address === "all");
  return method === "reject" && everywhere && database.includes("all") && user.includes("all");
}

function problem(path: string, message: string, hint: string): HbaProblem {
  return { path, message, hint };
}

function checkWords(rule: HbaRule, field: "database" | "user", keywords: readonly string[]): HbaProblem[] {
  const words = rule[field];
  if (words.length === 0) return [problem(field, "is empty", `write ${field}: all, or names`)];
  return words.flatMap((word) => checkWord(word, field, keywords));
}

function checkWord(word: string, field: "database" | "user", keywords: readonly string[]): HbaProblem[] {
  const at = (message: string, hint: string): HbaProblem[] => [problem(field, message, hint)];
  const meaning = parseWord(word, keywords);
  const shown = JSON.stringify(word);
  if (meaning.kind === "expression") {
    const hint = "write the names, or +group for the members of a role";
    return at(`${shown} is a regular expression: what it matches could not be told in a preview`, hint);
  }
  if (meaning.kind === "file") {
    return at(`${shown} reads another file, which nobody would look after`, "write the names here");
  }
  if (meaning.kind === "keyword") return [];
  if (field === "database" && meaning.kind === "group") {
    return at(`${shown} is a group, and databases have none`, "write samerole, or names");
  }
  const name = meaning.kind === "group" ? meaning.group : meaning.name;
  if (name === "") return at(`${shown} is no name`, "remove it, or write a name");
  if (/\p{Cc}/u.test(name)) return at(`${shown} holds a control character`, "write it without");
  if (identifierBytes(name) > maxIdentifierBytes) {
    return at(
      `${shown} has ${identifierBytes(name)} bytes, and names have at most ${maxIdentifierBytes}`,
      "shorten it",
    );
  }
  // PostgreSQL compares keywords letter by letter.
  if (word !== name || !keywords.includes(name.toLowerCase())) return [];
  return at(`${shown} is a name, and not the keyword`, `write ${name.toLowerCase()}`);
}

function checkAddress(rule: HbaRule): HbaProblem[] {
  const { type, address } = rule;
  const at = (message: string, hint: string): HbaProblem[] => [problem("address", message, hint)];
  if (type === "local") {
    return address === undefined ? [] : at("a local rule has no address", "remove it, or write host");
  }
  if (address === undefined) return at("is missing", "write it, such as address: 127.0.0.1/32");
  switch (findAddressFault(address)) {
    case undefined:
      return [];
    case "no mask": {
      return at(`${address} has no prefix length`, `write ${hostNetwork(address)} for that host alone`);
    }
    case "bad mask":
      return at(
        `${address} has a prefix length that there is not`,
        "write 0 to 32 for IPv4, 0 to 128 for IPv6",
      );
    case "host bits": {
      const [ip = ""] = address.split("/");
      const hint = `write ${canonicalAddress(address)} for the network, or ${hostNetwork(ip)} for the host`;
      return at(`${address} has more bits set than its prefix length keeps`, hint);
    }
    case "host name":
      return at(
        `${JSON.stringify(address)} is a host name: it would be looked up at every login, and nobody gets in while the name server is away`,
        `write its network in CIDR notation, or one of ${addressKeywords.join(", ")}`,
      );
  }
}

function checkMethod(rule: HbaRule): HbaProblem[] {
  const fault = findMethodFault(rule);
  const found = Object.entries(rule.options ?? {})
    .filter(([, value]) => /\p{Cc}/u.test(value))
    .map(([name]) => problem(`options.${name}`, "holds a control character", "write it without"));
  if (fault === undefined) return found;
  const path = fault.option === undefined ? "method" : `options.${fault.option}`;
  return [problem(path, fault.message, fault.hint), ...found];
}

function checkSecrets({ options = {} }: HbaRule): HbaProblem[] {
  return Object.keys(options)
    .filter((name) => secretOptions.includes(name))
    .map((name) =>
      problem(
        `options.${name}`,
        "a password does not belong into a configuration file, and pg_hba.conf would hold it in clear",
        "use a method without a shared secret, such as ldap with ldapprefix and ldapsuffix, cert or scram-sha-256",
      ),
    );
}

const weakMethods: Partial<Record<HbaMethod, string>> = {
  trust: "trust lets everybody in as anybody, without a password",
  password: "password sends the password in clear",
  md5: "md5 can be cracked, and PostgreSQL will drop it",
};

/** Why a rule's method is refused without `force: true`; undefined: it is strong, or forced. */
export function weaknessOf({ method, force }: HbaRule): string | undefined {
  return force === true ? undefined : weakMethods[method];
}

/** What needs `force: true`, an explicit word that the plan repeats. */
function checkStrength(rule: HbaRule): HbaProblem[] {
  if (rule.force === true) return [];
  const weak = weaknessOf(rule);
  const found: HbaProblem[] = [];
  if (weak !== undefined) {
    found.push(problem("method", weak, "write scram-sha-256, or add force: true to the rule"));
  }
  if (isOpenBeyondLoopback(rule)) {
    found.push(
      problem(
        "type",
        `${rule.type} lets ${rule.address ?? ""} in without encryption, which only loopback may`,
        "write hostssl, or add force: true to the rule",
      ),
    );
  }
  return found;
}

function isOpenBeyondLoopback({ type, address, method }: HbaRule): boolean {
  if (method === "reject" || address === undefined) return false;
  if (type !== "host" && type !== "hostnossl" && type !== "hostnogssenc") return false;
  // A host speaks to its own addresses over loopback, whatever they are.
  if (address === "samehost") return false;
  return address === "all" || address === "samenet" || (edgesOf(address).length > 0 && !isLoopback(address));
}

function checkComment({ comment }: HbaRule): HbaProblem[] {
  if (comment === undefined || !/[^\P{Cc}\n\r\t]/u.test(comment)) return [];
  return [problem("comment", "holds a control character", "write it without")];
}
