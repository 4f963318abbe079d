import { addressKeywords, canonicalAddress, findAddressFault, joinMask } from "./address";
import { findMethodFault } from "./method";
import {
  hbaMethods,
  hbaTypes,
  renderRule,
  ruleKey,
  type HbaMethod,
  type HbaRule,
  type HbaType,
} from "./rule";
import { tokenizeHba, type HbaFields } from "./tokens";
import { canonicalWord, databaseKeywords, userKeywords, type HbaToken } from "./word";

/** A line of a file that somebody may have edited by hand. */
export interface HbaLine {
  readonly line: number;
  /** What tells it from other lines; it may hold a secret. */
  readonly key: string;
  /** The line for people. */
  readonly shown: string;
  /** Undefined where it is none that this program could have written: see `fault`. */
  readonly rule?: HbaRule;
  /** What PostgreSQL would say of it, or why it cannot be followed from here (`include`). */
  readonly fault?: string;
}

/** Reads pg_hba.conf as PostgreSQL does, comments left out. Nothing is dropped: what is no rule is a line with a fault. */
export function parseHba(text: string): HbaLine[] {
  return tokenizeHba(text).map((fields) => {
    const { line } = fields;
    const read = readRule(fields);
    if (typeof read !== "string") {
      return { line, key: ruleKey(read), shown: renderRule(read), rule: read };
    }
    const key = fields.fields.map((tokens) => tokens.map(({ text: word }) => word).join(",")).join(" ");
    return { line, key, shown: key.replace(/(passwd|secrets?)=\S+/g, "$1=***"), fault: read };
  });
}

const includes = ["include", "include_if_exists", "include_dir"];

/** The rule of a line, or what is wrong with it. */
function readRule({ fields }: HbaFields): HbaRule | string {
  const [type = "", ...rest] = fields.map((tokens) => tokens[0]?.text ?? "");
  if (includes.includes(type) && fields.length === 2) return `${type} reads another file`;
  if (!isType(type)) return `invalid connection type "${type}"`;
  if (fields[0]?.length !== 1) return "multiple values specified for connection type";
  const [database, user] = [fields[1], fields[2]];
  if (database === undefined) return "end-of-line before database specification";
  if (user === undefined) return "end-of-line before role specification";
  const place = type === "local" ? { after: 3 } : readAddress(fields);
  if (typeof place === "string") return place;
  const method = rest[place.after - 1];
  if (method === undefined) return "end-of-line before authentication method";
  if (fields[place.after]?.length !== 1) return "multiple values specified for authentication type";
  if (!isMethod(method)) return `invalid authentication method "${method}"`;
  const options = readOptions(fields.slice(place.after + 1).flat());
  if (typeof options === "string") return options;
  const rule: HbaRule = {
    type,
    database: database.map((token) => canonicalWord(token, databaseKeywords)),
    user: user.map((token) => canonicalWord(token, userKeywords)),
    ...(place.address === undefined ? {} : { address: place.address }),
    method,
    ...(Object.keys(options).length === 0 ? {} : { options }),
  };
  return findMethodFault(rule)?.message ?? rule;
}

/** The address, in one field or with its mask in a second one. */
function readAddress(
  fields: HbaFields["fields"],
): { readonly address?: string; readonly after: number } | string {
  const [tokens, maskTokens] = [fields[3], fields[4]];
  const token = tokens?.[0];
  if (token === undefined) return "end-of-line before IP address specification";
  if (tokens?.length !== 1) return "multiple values specified for host address";
  if (!token.quoted && addressKeywords.includes(token.text)) return { address: token.text, after: 4 };
  const fault = findAddressFault(token.text);
  if (fault === "bad mask") return `invalid CIDR mask in address "${token.text}"`;
  if (fault !== "no mask") {
    return { address: fault === "host name" ? hostName(token) : canonicalAddress(token.text), after: 4 };
  }
  const mask = maskTokens?.[0]?.text;
  if (mask === undefined) return "end-of-line before netmask specification";
  if (maskTokens?.length !== 1) return "multiple values specified for netmask";
  const joined = joinMask(token.text, mask);
  return joined === undefined ? `invalid IP mask "${mask}"` : { address: joined, after: 5 };
}

/** A host called `all` has to be told from the keyword. */
function hostName(token: HbaToken): string {
  return canonicalWord(token, addressKeywords);
}

function readOptions(tokens: readonly HbaToken[]): Record<string, string> | string {
  const options: Record<string, string> = {};
  for (const { text } of tokens) {
    const equals = text.indexOf("=");
    if (equals === -1) return `authentication option not in name=value format: ${text}`;
    options[text.slice(0, equals)] = text.slice(equals + 1);
  }
  return options;
}

function isType(text: string): text is HbaType {
  return (hbaTypes as readonly string[]).includes(text);
}

function isMethod(text: string): text is HbaMethod {
  return (hbaMethods as readonly string[]).includes(text);
}
