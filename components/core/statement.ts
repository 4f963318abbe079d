import { visible } from "./visible";

/**
 * What a statement may cost: from nothing, over changed access, what programs or people have to look at and locks, to a
 * restart and lost rows.
 */
export type Risk = "none" | "access" | "review" | "lock" | "restart" | "data-loss";

/** From the mildest to the worst, as a summary names them. */
export const risks: readonly Risk[] = ["none", "access", "review", "lock", "restart", "data-loss"];

/** What a statement is about: a report of drift groups by it. */
export type StatementKind =
  | "server"
  | "setting"
  | "pg_hba"
  | "file"
  | "certificate"
  | "role"
  | "membership"
  | "database"
  | "schema"
  | "extension"
  | "owner"
  | "privilege"
  | "default privilege"
  | "PUBLIC"
  | "migration"
  | "audit";

/** One thing that will run against the server, with its reason. */
export interface Statement {
  /**
   * What is sent. It may hold a SCRAM verifier: only {@link shown} may be printed. Of a {@link step} it is words for
   * people, such as `restart the server`.
   */
  readonly sql: string;
  /** The statement as people may see it, where that differs from what is sent. */
  readonly redacted?: string;
  /** One line in place of a long one, and the rest of it: a plan that is shown in full has that as well. */
  readonly summary?: string;
  readonly body?: readonly string[];
  readonly reason: string;
  readonly risk: Risk;
  readonly kind: StatementKind;
  /** Database that it runs in, where that is another one than its resource's own. */
  readonly database?: string;
  /** True for what is done and is not SQL: a file that is written, a restart. */
  readonly step?: true;
  /** What changes inside, line by line (`- old`, `+ new`), for people; nothing of it is secret. */
  readonly lines?: readonly string[];
  /** False for what PostgreSQL does not run inside of a transaction, such as CREATE DATABASE; default true. */
  readonly transactional?: boolean;
  /** Set where an official resource of the same run will send it, so that ours does not. */
  readonly by?: "@pulumi/postgresql";
  /** Set for what a migration sends. */
  readonly migration?: MigrationOrigin;
}

/** The file that a statement is of: its statements are sent as the owner, and recorded together. */
export interface MigrationOrigin {
  /** `sql/migrations/0001-orders.sql` */
  readonly file: string;
  readonly line: number;
  readonly owner: string;
  /** `repeat`: a file of functions or views, which has no version. */
  readonly direction: "up" | "down" | "repeat";
  readonly transactional: boolean;
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
}

/** Something the plan would have to do and may not: it stops the run before anything is changed. */
export interface Refusal {
  /** What it is about, such as `schema promptforge.app`. */
  readonly subject: string;
  readonly message: string;
  readonly hint: string;
}

/** Something that a plan loses and may lose, which a backup is to have first where the stack declares some. */
export interface Loss {
  /** Database whose backup is asked for. */
  readonly database: string;
  /** As of a {@link Refusal}. */
  readonly subject: string;
  readonly message: string;
  /** The entry of `pgstead:allowDataLoss` that lets it go without a backup. */
  readonly entry: string;
}

/** Something on the server that nobody declared: drift that is reported and left alone. */
export interface Undeclared {
  readonly kind: StatementKind;
  /** What it is, such as `membership of carol in shop_app_reader`. */
  readonly subject: string;
  readonly message: string;
  /**
   * Set for what the managing login may neither see nor change, whoever declared what: it is told, and is no drift, as no
   * run of this stack could ever end it.
   */
  readonly beyond?: true;
}

/** What a resource would do to a server. */
export interface Plan {
  readonly statements: readonly Statement[];
  readonly refusals: readonly Refusal[];
  /** Losses that are let through where a backup counts; absent: none, or they may go without one. */
  readonly losses?: readonly Loss[];
  /** What is not ours to change; it never makes a plan differ from an empty one. */
  readonly undeclared?: readonly Undeclared[];
  /** What people should know beside it; it never makes a plan differ from an empty one. */
  readonly notes?: readonly string[];
  /** What the state is to know of the server, for the next comparison and for dependants: plain values. */
  readonly outputs?: Readonly<Record<string, unknown>>;
  /** Outputs that are not what the state has, without anything to do about it: the resource differs. */
  readonly differs?: readonly string[];
}

/** The statement without anything secret. */
export function shown(statement: Statement): string {
  return statement.redacted ?? statement.sql;
}

/** The statements that the resource itself sends. */
export function ownStatements(plan: Plan): readonly Statement[] {
  return plan.statements.filter(({ by }) => by === undefined);
}

/** Several plans as one, in their order. */
export function joinPlans(...plans: readonly Plan[]): Plan {
  const notes = plans.flatMap((plan) => plan.notes ?? []);
  const losses = plans.flatMap((plan) => plan.losses ?? []);
  return {
    ...(notes.length === 0 ? {} : { notes }),
    ...(losses.length === 0 ? {} : { losses }),
    statements: plans.flatMap(({ statements }) => statements),
    refusals: plans.flatMap(({ refusals }) => refusals),
    undeclared: plans.flatMap(({ undeclared = [] }) => undeclared),
  };
}

/** True where nothing is to be done and nothing is refused. */
export function isEmptyPlan(plan: Plan): boolean {
  return ownStatements(plan).length === 0 && plan.refusals.length === 0;
}

/** One line: `7 statements: 5 access, 1 restart`; what has no risk counts in the total alone. */
export function renderSummary(statements: readonly Pick<Statement, "risk">[]): string {
  const counts = risks.flatMap((risk) => {
    const count = risk === "none" ? 0 : statements.filter((statement) => statement.risk === risk).length;
    return count === 0 ? [] : [`${count} ${risk}`];
  });
  const noun = statements.length === 1 ? "statement" : "statements";
  return `${statements.length} ${noun}${counts.length === 0 ? "" : `: ${counts.join(", ")}`}`;
}

/** Longest plan that is printed whole; the rest is counted. */
const maxLines = 40;

/** The whole plan as text: the summary, then each statement with its reason, then the refusals. */
export function renderPlan(plan: Plan, options: { full?: boolean } = {}): string {
  const limit = options.full === true ? Infinity : maxLines;
  const undeclared = plan.undeclared ?? [];
  const cut = plan.statements.length - limit;
  return [
    `plan: ${renderSummary(plan.statements)}${plan.refusals.length === 0 ? "" : `; ${plan.refusals.length} refused`}`,
    ...pickShown(plan.statements, limit).flatMap((statement) => renderStatement(statement, limit)),
    ...(cut > 0 ? [`  … and ${cut} more; PGSTEAD_PLAN=full shows them all`] : []),
    ...plan.refusals.map(({ subject, message, hint }) =>
      visible(`  refused: ${subject}: ${message}; ${hint}`),
    ),
    ...undeclared
      .slice(0, limit)
      .map(({ subject, message }) => visible(`  left alone: ${subject}: ${message}`)),
    ...(undeclared.length > limit ? [`  … and ${undeclared.length - limit} more left alone`] : []),
    ...(plan.notes ?? []).map((note) => visible(`  note: ${note}`)),
  ].join("\n");
}

/** The first ones, in their order; what has a risk is not what is left out, wherever it stands. */
function pickShown(statements: readonly Statement[], limit: number): readonly Statement[] {
  const risky = statements.filter(({ risk }) => risk !== "none").length;
  const room = { risky: limit, harmless: Math.max(0, limit - risky) };
  return statements.filter(({ risk }) => {
    const kind = risk === "none" ? "harmless" : "risky";
    room[kind] -= 1;
    return room[kind] >= 0;
  });
}

/** One line: what is sent, why, what it may cost, and what of it is not the resource's own way; then what changes inside. */
function renderStatement(statement: Statement, limit: number): string[] {
  const { reason, risk, database, by, step, body = [] } = statement;
  const lines = [...(limit === Infinity ? body : []), ...(statement.lines ?? [])];
  const notes = [
    ...(risk === "none" ? [] : [`[${risk}]`]),
    ...(database === undefined ? [] : [`(in database ${database})`]),
    ...(by === undefined ? [] : [`(by ${by})`]),
  ];
  const end = step === true ? "" : ";";
  return [
    ...renderSql(statement, limit, `${end}  ${["--", reason, ...notes].join(" ")}`),
    ...lines.slice(0, limit).map((line) => visible(`    ${line}`)),
    ...(lines.length > limit
      ? [`    … and ${lines.length - limit} more; PGSTEAD_PLAN=full shows them all`]
      : []),
  ];
}

/**
 * Names on a server may hold line breaks, which are made visible; a migration's text is shown as its file has it, all
 * lines but the first one further in, so that none looks like a line of the plan.
 */
function renderSql(statement: Statement, limit: number, end: string): string[] {
  const text = statement.summary ?? shown(statement);
  if (statement.migration === undefined) return [visible(`  ${text}${end}`)];
  const all = text.replaceAll("\t", "  ").split("\n");
  const cut = all.length - limit;
  const more = `… and ${cut} more lines; PGSTEAD_PLAN=full shows them all`;
  const lines = cut > 0 ? [...all.slice(0, limit), more] : all;
  return lines.map((line, index) =>
    visible(`${index === 0 ? "  " : "    "}${line}${index === lines.length - 1 ? end : ""}`),
  );
}
