import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { problemError } from "../../../components/core/problem";

/** The content of a file, or of standard input for `-`. */
export async function readInput(file: string): Promise<string> {
  if (file === "-") return text(process.stdin);
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    throw problemError(file, `cannot be read: ${(error as Error).message}`, "is it the right file?");
  }
}

/** What Pulumi calls a stack, with its organisation and project before it: nothing that would end a comment of HTML. */
export function assertStackWord(stack: string): string {
  if (/^[A-Za-z0-9_][A-Za-z0-9._/-]*$/.test(stack)) return stack;
  throw problemError(
    "--stack",
    `${JSON.stringify(stack)} is not the name of a stack`,
    "write it such as dev",
  );
}

/**
 * The pull request of a workflow's run: `--pull-request`, or what `GITHUB_REF` says.
 *
 * @throws ProblemError where neither says it
 */
export function findPullRequest(wanted: string | undefined, env: NodeJS.ProcessEnv): number {
  const number = wanted ?? /^refs\/pull\/(\d+)\//.exec(env.GITHUB_REF ?? "")?.[1] ?? "";
  if (/^[1-9]\d{0,9}$/.test(number)) return Number(number);
  const hint = "a workflow on `pull_request` has it in GITHUB_REF; give its number elsewhere";
  throw problemError("--pull-request", number === "" ? "is missing" : `${number} is no number`, hint);
}
