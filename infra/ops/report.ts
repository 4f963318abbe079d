import type { Finding } from "../../components/core/finding";
import type { Problem } from "../../components/core/problem";

/** How a command ended; only `cli.ts` ends a process with it. */
export type Status = "good" | "finding" | "usage" | "cannot-tell" | "cancelled";

export const exitCodes: Readonly<Record<Status, number>> = {
  good: 0,
  finding: 1,
  usage: 2,
  "cannot-tell": 3,
  // As a shell has it of a program that Ctrl-C ends.
  cancelled: 130,
};

/** What a command found out: the one source of its text and its JSON. */
export interface Report<Data> {
  readonly command: string;
  readonly stack: string;
  readonly data: Data;
  /** Empty: all is as it should be. */
  readonly findings: readonly Finding[];
  /** Somebody ended it; the findings say what is done. */
  readonly cancelled?: boolean;
}

/** Why a command gave no report. */
export interface Failure {
  readonly status: "usage" | "cannot-tell" | "cancelled";
  readonly title: string;
  readonly problems: readonly Problem[];
}

/** Raised when a field of the JSON changes its meaning or goes; new fields may come without. */
const schemaVersion = 1;

export function statusOf({ findings, cancelled }: Report<unknown>): Status {
  if (cancelled === true) return "cancelled";
  return findings.length === 0 ? "good" : "finding";
}

/** The report as one JSON document. */
export function renderJson(report: Report<unknown>): string {
  const { command, stack, data, findings } = report;
  return document({ command, stack, schemaVersion, status: statusOf(report), data, findings });
}

/** A failure as one JSON document, on standard output as well: who asks for JSON reads one stream. */
export function renderFailureJson(
  failure: Failure,
  run: { readonly command: string | null; readonly stack: string | null },
): string {
  const { status, title, problems } = failure;
  return document({ ...run, schemaVersion, status, error: { title, problems }, findings: [] });
}

function document(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
