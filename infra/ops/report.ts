import type { Finding } from "../../components/core/finding";
import type { Problem } from "../../components/core/problem";

/** How a command ended; only `cli.ts` ends a process with it. */
export type Status = "good" | "finding" | "usage" | "cannot-tell" | "cancelled";

export const exitCodes: Readonly<Record<Ending, number>> = {
  good: 0,
  finding: 1,
  usage: 2,
  "nagios-critical": 2,
  "cannot-tell": 3,
  // As a shell has it of a program that Ctrl-C ends.
  cancelled: 130,
};

/** What a process ends with: Nagios has a code of its own for what is critical. */
export type Ending = Status | "nagios-critical";

/** Nagios' states as endings: their codes are 0 to 3 as well, and 2 means another thing. */
export const nagiosEndings = {
  OK: "good",
  WARNING: "finding",
  CRITICAL: "nagios-critical",
  UNKNOWN: "cannot-tell",
} as const satisfies Readonly<Record<string, Ending>>;

/** What a command found out: the one source of its text and its JSON. */
export interface Report<Data> {
  readonly command: string;
  readonly stack: string;
  readonly data: Data;
  /** Empty: all is as it should be. */
  readonly findings: readonly Finding[];
  /** Somebody ended it; the findings say what is done. */
  readonly cancelled?: boolean;
  /** Something could not be looked at, which the data says: without a finding nobody can tell. */
  readonly incomplete?: boolean;
}

/** Why a command gave no report. */
export interface Failure {
  readonly status: "usage" | "cannot-tell" | "cancelled";
  readonly title: string;
  readonly problems: readonly Problem[];
}

/** Raised when a field of the JSON changes its meaning or goes; new fields may come without. */
export const schemaVersion = 1;

/** What every command prints with `--json`: the published schemas are made from these two and from `ReportData`. */
export interface ReportDocument {
  readonly command: string;
  /** Pulumi's name of the stack. */
  readonly stack: string;
  readonly schemaVersion: typeof schemaVersion;
  /** `cannot-tell` beside data: nothing was found, and not everything could be looked at. */
  readonly status: "good" | "finding" | "cancelled" | "cannot-tell";
  readonly data: unknown;
  /** Empty: all is as it should be. */
  readonly findings: readonly Finding[];
}

/** What it prints where it gives no report. */
export interface FailureDocument {
  /** Null where the command line names none that there is. */
  readonly command: string | null;
  readonly stack: string | null;
  readonly schemaVersion: typeof schemaVersion;
  readonly status: Failure["status"];
  readonly error: Pick<Failure, "title" | "problems">;
  readonly findings: readonly [];
}

export function statusOf({ findings, cancelled, incomplete }: Report<unknown>): ReportDocument["status"] {
  if (cancelled === true) return "cancelled";
  if (findings.length > 0) return "finding";
  return incomplete === true ? "cannot-tell" : "good";
}

/**
 * The report as one JSON document.
 *
 * @param form isLine: without line breaks, for a stream of documents
 */
export function renderJson(report: Report<unknown>, form: { readonly isLine?: boolean } = {}): string {
  const { command, stack, data, findings } = report;
  const whole: ReportDocument = { command, stack, schemaVersion, status: statusOf(report), data, findings };
  return form.isLine === true ? `${JSON.stringify(whole)}\n` : document(whole);
}

/** A failure as one JSON document, on standard output as well: who asks for JSON reads one stream. */
export function renderFailureJson(
  failure: Failure,
  run: { readonly command: string | null; readonly stack: string | null },
): string {
  const { status, title, problems } = failure;
  const whole: FailureDocument = { ...run, schemaVersion, status, error: { title, problems }, findings: [] };
  return document(whole);
}

function document(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
