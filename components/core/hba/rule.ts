import { addressKeywords } from "./address";
import { renderWord } from "./word";

export const hbaTypes = ["local", "host", "hostssl", "hostnossl", "hostgssenc", "hostnogssenc"] as const;
export type HbaType = (typeof hbaTypes)[number];

/** Methods that PostgreSQL 14 to 18 know; which of them a server was built with is its own affair. */
export const hbaMethods = [
  "scram-sha-256",
  "reject",
  "cert",
  "peer",
  "ident",
  "ldap",
  "gss",
  "sspi",
  "pam",
  "bsd",
  "radius",
  "oauth",
  "md5",
  "password",
  "trust",
] as const;
export type HbaMethod = (typeof hbaMethods)[number];

/** One line of pg_hba.conf ("The pg_hba.conf File"), in the words of the file. The first one that matches decides. */
export interface HbaRule {
  readonly type: HbaType;
  /** Names, or `all`, `sameuser`, `samerole`, `replication`; `"all"` in quotes is a name. */
  readonly database: readonly string[];
  /** Names, `all`, or `+group`. */
  readonly user: readonly string[];
  /** A network in CIDR notation, `samehost`, `samenet` or `all`; none for `local`. */
  readonly address?: string;
  readonly method: HbaMethod;
  readonly options?: Readonly<Record<string, string>>;
  /** Why it is there: written above the rule. */
  readonly comment?: string;
  /** True: a method, or a way without encryption, that is refused otherwise. */
  readonly force?: boolean;
}

/** Options that are passwords. */
export const secretOptions: readonly string[] = ["ldapbindpasswd", "radiussecrets", "oauth_client_secret"];

/** The fields of a rule, as the file has them. */
export function renderFields(rule: HbaRule): string[] {
  return [
    rule.type,
    rule.database.map(renderWord).join(","),
    rule.user.map(renderWord).join(","),
    ...(rule.address === undefined ? [] : [renderAddress(rule.address)]),
    rule.method,
    ...Object.entries(rule.options ?? {})
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, value]) => renderOption(name, value)),
  ];
}

/** One line for people and for comparing: the same meaning gives the same line. Without comment and secrets. */
export function renderRule(rule: HbaRule): string {
  const { options, ...rest } = rule;
  const fields = renderFields(rest);
  const shown = Object.entries(options ?? {}).map(([name, value]) =>
    secretOptions.includes(name) ? `${name}=***` : renderOption(name, value),
  );
  return [...fields, ...shown.toSorted()].join(" ");
}

/** The same line with its secrets: what tells whether two rules are the same. It must not be shown. */
export function ruleKey(rule: HbaRule): string {
  return renderFields(rule).join(" ");
}

function renderOption(name: string, value: string): string {
  return /^[\w./:@+-]+$/.test(value) ? `${name}=${value}` : `"${`${name}=${value}`.replaceAll('"', '""')}"`;
}

/** Two words for a mask with holes; else one. */
function renderAddress(address: string): string {
  return addressKeywords.includes(address) || address.includes(" ") ? address : renderWord(address);
}
