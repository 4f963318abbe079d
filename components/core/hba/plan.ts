import type { Plan, Refusal, Statement } from "../statement";
import { edgesOf, hostNetwork } from "./address";
import { isClosing } from "./check";
import type { HbaDatabase } from "./defaults";
import { diffLines } from "./diff";
import { simulateLogin, type HbaOrigin, type HbaVerdict } from "./match";
import { parseHba, type HbaLine } from "./parse";
import { renderComments, renderHba } from "./render";
import { renderRule, ruleKey, type HbaMethod, type HbaRule } from "./rule";

/** What `HostBasedAccess` declares. */
export interface DesiredHba {
  /** All rules, the closing rejection included. */
  readonly rules: readonly HbaRule[];
  /** Who is to be able to log in: those whom the rules cut off are named in the plan. */
  readonly logins: readonly HbaDatabase[];
  /** The login that all of this works as. */
  readonly managing: string;
}

/** What there is of pg_hba.conf on a server. */
export interface ActualHba {
  /** Null: the file is gone. */
  readonly content: string | null;
  /** What the server itself finds wrong with the file (`pg_hba_file_rules`). */
  readonly faults: readonly HbaFault[];
  /** A run ended between a new file and its proof; the rules before lie beside. */
  readonly isUnproven: boolean;
  /** False where the file was changed after the server had loaded it last. */
  readonly isLoaded: boolean;
  /** Where the managing login comes from now. */
  readonly origin: HbaOrigin;
  /** Groups of each role that there is, direct or not. */
  readonly groups: Readonly<Record<string, readonly string[]>>;
}

export interface HbaFault {
  readonly line: number;
  readonly message: string;
}

/** Why pg_hba.conf cannot be looked at. */
export type HbaObstacle = "not superuser" | "preview login" | "windows";

/** What leads from the file that is there to the declared one, as a diff of rules, and what may not be done. */
export function planHba(
  desired: DesiredHba,
  before: Pick<DesiredHba, "rules"> | undefined,
  actual: ActualHba,
): Plan {
  const lines = actual.content === null ? [] : parseHba(actual.content);
  const changes = diffRules(lines, desired.rules);
  const statements = changes.length > 0 ? changes : mendRest(desired, before, actual);
  if (statements.length === 0 && actual.isLoaded) return { statements, refusals: [] };
  const refusals = refuseLockOut(desired, actual);
  return { statements: [...statements, reload(desired, actual)], refusals };
}

/** Where the file cannot be looked at, nothing can be compared: that is said, and stops a run that would write it. */
export function planObstacle(obstacle: HbaObstacle, user: string): Plan {
  const subject = "pg_hba.conf";
  if (obstacle === "not superuser") {
    const message = `${user} is no superuser and may not read or write it`;
    const hint = "remove pgstead:server.hba, and set the rules where the server's provider has them";
    return { statements: [], refusals: [{ subject, message, hint }] };
  }
  const message =
    obstacle === "preview login"
      ? `${user} may not read it: a run as the managing login compares it`
      : "the server runs on Windows, where it is not written";
  return { statements: [], refusals: [], undeclared: [{ kind: "pg_hba", subject, message, beyond: true }] };
}

const common = { kind: "pg_hba", risk: "access" } as const;

function diffRules(lines: readonly HbaLine[], rules: readonly HbaRule[]): Statement[] {
  const wanted = rules.map((rule) => ({ key: ruleKey(rule), rule }));
  return diffLines(lines, wanted).map((change): Statement => {
    if (change.kind === "remove") {
      const { shown, line } = change.item;
      const sql = `pg_hba.conf: - ${shown}`;
      return { ...common, step: true, sql, reason: `line ${line}: ${reasonToRemove(change.item)}` };
    }
    const { rule } = change.item;
    const sql = `pg_hba.conf: + ${renderRule(rule)}`;
    return { ...common, step: true, sql, reason: reasonToAdd(rule) };
  });
}

function reasonToRemove({ rule, fault }: HbaLine): string {
  if (fault !== undefined) return fault;
  if (rule?.method === "reject") return "it is not declared; whom it kept out may come in again";
  return "it is not declared, or not at this place";
}

function reasonToAdd(rule: HbaRule): string {
  const said = (rule.comment ?? "").trim().replace(/\s+/g, " ");
  const why = said === "" ? (isClosing(rule) ? closes : "declared") : said;
  return rule.force === true ? `${why}; forced` : why;
}

/** Nobody has to declare the end of the file: it is always there. */
const closes = "closes the file, as every one: whom no rule before it lets in is rejected";

/** What is to be done though every rule is there and at its place. */
function mendRest(
  { rules }: DesiredHba,
  before: Pick<DesiredHba, "rules"> | undefined,
  { content, faults, isUnproven }: ActualHba,
): Statement[] {
  const reasons = [
    ...(isUnproven ? ["a run ended before it had proven the rules with a login"] : []),
    ...faults.map(({ line, message }) => `line ${line}: ${message}`),
  ];
  const commented = before !== undefined && renderComments(before.rules) !== renderComments(rules);
  const comments = commented && content !== renderHba(rules) ? ["its comments changed"] : [];
  const risk = reasons.length > 0 ? "access" : "none";
  return [...reasons, ...comments]
    .slice(0, 1)
    .map((reason) => ({ ...common, risk, step: true, sql: "pg_hba.conf: write it again", reason }));
}

function reload(desired: DesiredHba, actual: ActualHba): Statement {
  const lost = findCutOff(desired, actual);
  const cut = lost.length === 0 ? "" : `; these cannot log in from anywhere then: ${lost.join(", ")}`;
  const late = actual.isLoaded ? "" : "the server had loaded the file before it was changed; ";
  const gone = actual.content === null ? "the file is gone; " : "";
  const reason = `${gone}${late}after the server's own check of the file; kept once ${desired.managing} has logged in anew, else taken back${cut}`;
  return { ...common, sql: "SELECT pg_catalog.pg_reload_conf()", reason };
}

/** Methods that a session of this program answers: SCRAM, which `md5` asks for as well, or nothing at all. */
const answered: readonly HbaMethod[] = ["scram-sha-256", "md5", "trust", "ident", "peer"];

/** The managing login has to stay able to log in: to the maintenance database and to every declared one. */
function refuseLockOut(desired: DesiredHba, { origin, groups }: ActualHba): Refusal[] {
  const { managing: user, rules, logins } = desired;
  const from = origin.address ?? "the local socket";
  const login = { user, origin, groups: groups[user] ?? [] };
  for (const database of ["postgres", ...logins.map(({ name }) => name)]) {
    const verdict = simulateLogin(rules, { ...login, database });
    const why = explainLockOut(verdict);
    if (why === undefined) continue;
    const way = origin.address === null ? "local" : "host";
    const address = origin.address === null ? "" : `, address: ${hostNetwork(origin.address)}`;
    return [
      {
        subject: "pg_hba.conf",
        message: `${user}, which manages this server, could not log in to ${database} from ${from} any more: ${why}`,
        hint: `put a rule for it first: { type: ${origin.ssl ? "hostssl" : way}, database: all, user: ${user}${address}, method: scram-sha-256 }`,
      },
    ];
  }
  return [];
}

function explainLockOut({ outcome, rule, inDoubt }: HbaVerdict): string | undefined {
  const doubt = inDoubt ? "; it was not counted whether an address is in samenet or samehost" : "";
  if (outcome === "unmatched") return `no rule lets it in${doubt}`;
  const shown = rule === undefined ? "" : renderRule(rule);
  if (outcome === "rejected") return `\`${shown}\` rejects it${doubt}`;
  if (rule === undefined || answered.includes(rule.method)) return undefined;
  return `\`${shown}\` asks for what it does not answer`;
}

/** Declared logins that no rule lets in, wherever they come from. */
function findCutOff({ rules, logins }: DesiredHba, { groups }: ActualHba): string[] {
  const places = [null, "127.0.0.1", "::1", ...rules.flatMap(({ address = "" }) => edgesOf(address))];
  const origins = [...new Set(places)].flatMap((address) =>
    [false, true].flatMap((ssl) => [false, true].map((gss) => ({ address, ssl, gss }))),
  );
  const canLogIn = (user: string, database: string): boolean =>
    origins.some((origin) => {
      const known = Object.hasOwn(groups, user) ? { groups: groups[user] ?? [] } : {};
      const { outcome, inDoubt } = simulateLogin(rules, { user, database, origin, ...known });
      return outcome === "asked" || (inDoubt && known.groups === undefined);
    });
  return logins.flatMap(({ name, logins: users }) =>
    users.filter((user) => !canLogIn(user, name)).map((user) => `${user} (to ${name})`),
  );
}
