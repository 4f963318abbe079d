/** One thing that is wrong with what a user wrote or has: where, what, and what to do about it. */
export interface Problem {
  /** Where: a path in the configuration (`server.port`), a file, or a name. */
  readonly path: string;
  /** What is wrong, with the value and the limit, in lower case and without a full stop. */
  readonly message: string;
  /** What to do: an order or a question. */
  readonly hint: string;
}

/** Everything that is wrong, together: a user mends it all at once. */
export class ProblemError extends Error {
  constructor(
    /** What was being attempted, such as `the configuration of stack dev is not usable`. */
    readonly title: string,
    readonly problems: readonly Problem[],
    options?: ErrorOptions,
  ) {
    super(renderProblems(title, problems), options);
  }
}

/** An error of a single problem. */
export function problemError(
  path: string,
  message: string,
  hint: string,
  options?: ErrorOptions,
): ProblemError {
  return new ProblemError(path, [{ path: "", message, hint }], options);
}

/** What was written by another version, in a format that this one does not read: it may well be whole. */
export class OtherFormatError extends ProblemError {}

/** The text that users see: a title, then each problem with its hint below. */
export function renderProblems(title: string, problems: readonly Problem[]): string {
  const lines = problems.flatMap(({ path, message, hint }) => [
    `  ${path === "" ? "" : `${path}: `}${message}`,
    `    hint: ${hint}`,
  ]);
  return [`${title}:`, ...lines].join("\n");
}
