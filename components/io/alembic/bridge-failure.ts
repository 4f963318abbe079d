import { createHash } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProblemError } from "../../core/problem";
import { dataHome } from "../places";

/** An error as the application's Python describes it. */
export interface DescribedError {
  /** Of the server's words where it is the server's. */
  readonly type: string;
  readonly message: string;
  /** SQLSTATE. */
  readonly code: string | null;
  readonly hint: string | null;
  /** True where pgstead's own part of it refused. */
  readonly refused: boolean;
  readonly file: string | null;
  readonly line: number | null;
  readonly trace: string;
}

interface Told {
  readonly application: string;
  readonly password: string;
}

/** Something went wrong in the application's Alembic. */
export class ApplicationError extends ProblemError {
  constructor(
    path: string,
    message: string,
    hint: string,
    /** What the server said, and where; undefined: the program itself ended. */
    readonly described: Omit<DescribedError, "trace"> | undefined,
  ) {
    super("the application's Alembic", [{ path, message, hint }]);
  }
}

/** What the application's Python says, without the password; all of it goes to a file. */
export function applicationError(
  error: DescribedError,
  printed: readonly string[],
  told: Told,
): ApplicationError {
  const { type, code, hint, refused, file, line, trace } = error;
  const clean = hiding(told.password);
  const message = clean(error.message);
  const place = file === null ? told.application : `${file}${line === null ? "" : `:${line}`}`;
  const said = refused ? message : `${type}: ${message}${code === null ? "" : ` (${code})`}`;
  const log = refused ? undefined : writeLog([...printed, trace].map(clean).join("\n"), told);
  const where = log === undefined ? "" : `the whole traceback is in ${log}`;
  const described = { type, message, code, hint, refused, file, line };
  return new ApplicationError(
    place,
    said,
    [hint, where].filter((one) => one !== null && one !== "").join("; "),
    described,
  );
}

/** The application's Python ended without an answer. */
export function endedError(printed: readonly string[], told: Told): ApplicationError {
  const clean = hiding(told.password);
  const last = printed.findLast((line) => line.trim() !== "");
  const said = last === undefined ? "without a word" : `with: ${clean(last.trim())}`;
  const log = printed.length > 1 ? writeLog(printed.map(clean).join("\n"), told) : undefined;
  const where = log === undefined ? "" : `; all that it printed is in ${log}`;
  const hint = `does it start by itself? Try \`python -m alembic current\` there${where}`;
  return new ApplicationError(told.application, `its Python ended ${said}`, hint, undefined);
}

/** Takes a password out of a text, also as it stands in a URL. */
function hiding(password: string): (text: string) => string {
  const forms = [...new Set([password, encodeURIComponent(password)])].filter((form) => form !== "");
  return (text) => forms.reduce((left, form) => left.replaceAll(form, "***"), text);
}

/** Writes what is too long to show, for this account only; the next error of the same application takes its place. */
function writeLog(text: string, { application }: Told): string | undefined {
  const directory = join(dataHome(), "logs");
  const key = createHash("sha256").update(application).digest("hex").slice(0, 10);
  const file = join(directory, `alembic-${key}.log`);
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${text}\n`, { mode: 0o600 });
    return file;
  } catch {
    return undefined; // the error itself is told all the same
  }
}
