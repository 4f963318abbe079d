import type { LogEntry } from "./entry";

/** What an entry tells besides its level. */
export type LogKind =
  | { readonly kind: "slow"; readonly milliseconds: number; readonly statement: string }
  | { readonly kind: "temporaryFile"; readonly bytes: number }
  | { readonly kind: "lockWait"; readonly milliseconds: number }
  | { readonly kind: EventName }
  | { readonly kind: "error" }
  | { readonly kind: "other" };

/** Events that are counted, in the order in which they are told. */
export const eventNames = [
  "corruption",
  "crash",
  "outOfSpace",
  "outOfMemory",
  "archiveFailed",
  "deadlock",
  "loginFailed",
  "connectionRefused",
  "notReady",
  "autovacuumCancelled",
  "checkpointsTooFrequent",
  "systemError",
] as const;
export type EventName = (typeof eventNames)[number];

/** Errors by their SQLSTATE ("PostgreSQL Error Codes"). */
const codes: Readonly<Record<string, EventName>> = {
  XX001: "corruption",
  XX002: "corruption",
  "53100": "outOfSpace",
  "53200": "outOfMemory",
  "53300": "connectionRefused",
  "57P03": "notReady",
  "40P01": "deadlock",
  "28000": "loginFailed",
  "28P01": "loginFailed",
};

/** What the log tells with no code of its own, or in a text that has none. The wording is that of 14 to 18 in English. */
const wordings: readonly (readonly [RegExp, EventName])[] = [
  [/^(?:page verification failed|invalid page in block|unexpected data beyond EOF)/, "corruption"],
  [/^.* \(PID \d+\) was terminated by (?:signal|exception)/, "crash"],
  [/No space left on device$/, "outOfSpace"],
  [/^out of memory$/, "outOfMemory"],
  [
    /^archive command (?:failed|was terminated)|^archiving write-ahead log file .* failed too many times/,
    "archiveFailed",
  ],
  [/^deadlock detected$/, "deadlock"],
  [
    /^(?:password|peer|\S+) authentication failed for user|^no pg_hba\.conf entry|^pg_hba\.conf rejects/,
    "loginFailed",
  ],
  [/^(?:sorry, too many clients|remaining connection slots|too many connections for)/, "connectionRefused"],
  [/^the database system is (?:starting up|shutting down|not yet accepting|in recovery)/, "notReady"],
  [/^canceling autovacuum task$/, "autovacuumCancelled"],
  [/^checkpoints are occurring too frequently/, "checkpointsTooFrequent"],
];

/** An error that is not the sender's: of the system, or inside of PostgreSQL. */
const systemClasses = /^(?:58|XX|F0)/;

const isFailure: ReadonlySet<string> = new Set(["ERROR", "FATAL", "PANIC"]);

export function kindOf({ level, code = "", message, statement }: LogEntry): LogKind {
  if (level === "LOG") {
    const slow = readSlow(message);
    if (slow !== undefined) return { kind: "slow", ...slow, statement: slow.statement || (statement ?? "") };
    const [, bytes] = /^temporary file: path ".*", size (\d+)$/.exec(message) ?? [];
    if (bytes !== undefined) return { kind: "temporaryFile", bytes: Number(bytes) };
    const [, waited] =
      /^process \d+ (?:acquired|still waiting for|detected deadlock while waiting for) .* after ([\d.]+) ms$/.exec(
        message,
      ) ?? [];
    if (waited !== undefined) return { kind: "lockWait", milliseconds: Number(waited) };
  }
  const known = codes[code] ?? wordings.find(([wording]) => wording.test(message))?.[1];
  if (known !== undefined && (known !== "loginFailed" || level === "FATAL")) return { kind: known };
  if (!isFailure.has(level)) return { kind: "other" };
  return { kind: systemClasses.test(code) || level === "PANIC" ? "systemError" : "error" };
}

/** `duration: 1203.4 ms  statement: …`, the same of a prepared one, and the plan of auto_explain, which has its query. */
function readSlow(message: string): { milliseconds: number; statement: string } | undefined {
  if (!message.startsWith("duration: ")) return undefined;
  const found =
    /^duration: ([\d.]+) ms(?: {2}(?:statement|parse [^:]*|bind [^:]*|execute [^:]*): ([\s\S]*)| {2}plan:\n([\s\S]*))?$/.exec(
      message,
    );
  if (found === null) return undefined;
  const [, milliseconds = "0", statement, plan] = found;
  return { milliseconds: Number(milliseconds), statement: statement ?? queryOfPlan(plan ?? "") };
}

function queryOfPlan(plan: string): string {
  const json = /"Query Text": "((?:[^"\\]|\\.)*)"/.exec(plan)?.[1];
  return json ?? /^\s*Query Text: ([\s\S]*?)(?:\n\S.*\(cost=|$)/.exec(plan)?.[1] ?? "";
}
