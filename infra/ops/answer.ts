import { problemError, ProblemError } from "../../components/core/problem";
import { CannotTellError, upCommand } from "./failure";
import type { Failure, Report } from "./report";

/**
 * The report that operations code elsewhere has given, as one of this stack.
 *
 * @param where for messages: `container shop-ops`
 * @throws what the command there ended with
 */
export function readAnswer<Data>(
  where: string,
  {
    stdout,
    stderr,
    exitCode,
  }: { readonly stdout: string; readonly stderr: string; readonly exitCode: number | null },
  stack: string,
): Report<Data> {
  return parse(stdout, stack) ?? fail(where, exitCode, stderr, stack);
}

function parse<Data>(text: string, stack: string): Report<Data> | undefined {
  try {
    const found = JSON.parse(text) as
      Report<Data> | { readonly status: Failure["status"]; readonly error: Failure };
    if (!("error" in found)) return { ...found, stack };
    const { title, problems } = found.error;
    throw new (found.status === "usage" ? ProblemError : CannotTellError)(title, problems);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fail(where: string, exitCode: number | null, stderr: string, stack: string): never {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw problemError(
    where,
    `ended with ${exitCode ?? "a signal"} and gave no answer${said === "" ? "" : `: ${said}`}`,
    `is it of this version of pgstead? \`${upCommand(stack)}\` brings it there`,
  );
}
