import { isOutOfSpace } from "./full-volume";

/** What a server that has ended has said, line by line. */
export interface ServerWords {
  /** On its standard error, since its last start. */
  readonly sinceStart: readonly string[];
  /** On its standard error, of earlier starts as well: the engine starts it again, and the last start may just begin. */
  readonly said: readonly string[];
  /** In its log file, which takes over once the server has opened it. */
  readonly logged: readonly string[];
}

/** The line that says why a server has ended; undefined: none does. */
export function findStopReason({ sinceStart, said, logged }: ServerWords): string | undefined {
  const earlier = logged.length === 0 ? findCause(said) : [...logged, ...said].findLast(isReason);
  return findCause(sinceStart) ?? earlier;
}

/** A disk that is full has consequences, which come after it and do not tell of it. */
function findCause(lines: readonly string[]): string | undefined {
  return lines.findLast(isOutOfSpace) ?? lines.findLast(isReason);
}

/** What a start says when it begins is no reason for the end of the one before. */
function isReason(line: string): boolean {
  return /\b(?:FATAL|PANIC|ERROR)\b|: error: |^pgstead: (?!initializing )/.test(line) || isOutOfSpace(line);
}
