import { ProblemError } from "../../../components/core/problem";
import type { Clock } from "./clock";

export type Level = "info" | "warning" | "error";

/** What a line tells besides its message. */
export type Fields = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** Writes one JSON object a line. Lines are told to whoever keeps the container's output; nothing is kept here. */
export interface Log {
  info(message: string, fields?: Fields): void;
  warning(message: string, fields?: Fields): void;
  error(message: string, fields?: Fields): void;
  /** The same, with the name of a job in each line. */
  of(job: string): Log;
}

/** A log whose lines go to `write`, each with its line end. */
export function createLog(write: (line: string) => void, clock: Clock, job?: string): Log {
  const tell =
    (level: Level) =>
    (message: string, fields: Fields = {}): void => {
      const time = new Date(clock.now()).toISOString();
      const line = { time, level, ...(job === undefined ? {} : { job }), message, ...fields };
      write(
        `${JSON.stringify(line, (_key, value: unknown) => (typeof value === "string" ? redact(value) : value))}\n`,
      );
    };
  return {
    info: tell("info"),
    warning: tell("warning"),
    error: tell("error"),
    of: (name) => createLog(write, clock, name),
  };
}

/** Writes each line to both. */
export function teeLog(one: Log, other: Log): Log {
  const tell =
    (level: Level) =>
    (message: string, fields?: Fields): void => {
      one[level](message, fields);
      other[level](message, fields);
    };
  return {
    info: tell("info"),
    warning: tell("warning"),
    error: tell("error"),
    of: (job) => teeLog(one.of(job), other.of(job)),
  };
}

/** An error in one line: what is wrong and what to do about it. */
export function describeError(error: unknown): string {
  if (error instanceof ProblemError) {
    const problems = error.problems.map(
      ({ path, message, hint }) => `${path === "" ? "" : `${path}: `}${message} (hint: ${hint})`,
    );
    return `${error.title}: ${problems.join("; ")}`;
  }
  if (!(error instanceof Error)) return String(error);
  return error.message || error.name;
}

/** Nothing secret is told to the log in the first place; what an error of a library quotes is taken out here. */
const secrets: readonly (readonly [pattern: RegExp, instead: string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$)/g, "[private key]"],
  [/(\b[a-z][a-z0-9+.-]*:\/\/[^\s:/@]*):[^\s@/]+@/gi, "$1:[secret]@"],
  [/SCRAM-SHA-256\$[^\s'"]+/g, "[verifier]"],
];

/** A text without what looks like a secret. */
export function redact(text: string): string {
  return secrets.reduce((rest, [pattern, instead]) => rest.replace(pattern, instead), text);
}
