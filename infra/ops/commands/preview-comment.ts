import { appendFile } from "node:fs/promises";
import type { Finding } from "../../../components/core/finding";
import { renderDocument, type CommentDocument, type Place } from "../comment/document";
import { openRepository } from "../comment/github";
import { assertStackWord, findPullRequest, readInput } from "../comment/input";
import { publishComment, type Published } from "../comment/publish";
import { failureDocument, previewDocument, previewMarker, withLint } from "../comment/render";
import { parseLint, type LintComment } from "../comment/lint";
import { resolveReport, type PreviewReport } from "../comment/resolve";
import { assertNoSecrets } from "../comment/secrets";
import type { OpsCommand, CommandContext } from "../command";
import { CannotTellError } from "../failure";
import { parsePreview, splitError } from "../plan/preview";
import { explainFailure } from "../pulumi-outputs";
import type { Report } from "../report";

interface CommentArgs {
  readonly operands: readonly string[];
  readonly errorFile?: string;
  readonly lintFile?: string;
  readonly url?: string;
  readonly summaryFile?: string;
  readonly post?: boolean;
  readonly pullRequest?: string;
  readonly author: string;
}

export interface CommentData {
  readonly outcome: PreviewReport["outcome"];
  /** The comment, with its marker in the first line. */
  readonly markdown: string;
  /** Lines of the plan that had no room in it. */
  readonly missing: number;
  /** What became of it on GitHub; null where it was not to be posted. */
  readonly posted: Published | null;
}

/** Turns the JSON of a preview into the comment of a pull request. */
export const previewCommentCommand: OpsCommand<CommentArgs, CommentData> = {
  name: "preview-comment",
  summary: "turn `pulumi preview --json` into the comment of a pull request",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .argument("[file]", "what Pulumi printed; - is standard input", "-")
      .option("--error-file <file>", "what Pulumi said at standard error, for a preview that printed no JSON")
      .option("--lint-file <file>", "what `migrate lint --json` printed, for the same comment")
      .option("--url <url>", "the run that this is part of, linked where the plan is cut")
      .option("--summary-file <file>", "append the whole plan, such as to $GITHUB_STEP_SUMMARY")
      .option("--post", "write the comment on the pull request, or change the one that is there")
      .option("--pull-request <number>", "with --post: its number (default: that of GITHUB_REF)")
      .option("--author <login>", "with --post: who the token belongs to", "github-actions[bot]")
      .addHelpText("after", help);
  },
  run: writeComment,
  render: ({ data: { markdown, posted } }) => ({
    output: posted === null ? markdown : `comment ${posted.action}: ${posted.url ?? ""}\n`,
    machine: true,
  }),
};

const help = `
Ends with 1 where the preview was refused or failed, or a migration is blocked, after the comment is written. --post takes the token from
GITHUB_TOKEN and the repository from GITHUB_REPOSITORY. A text that would hold a password or a verifier is not written.

Example, in a workflow:
  PGSTEAD_PLAN=full npm run --silent pulumi -- preview --json --stack prod > preview.json 2> preview.err || true
  npm run --silent ops -- preview-comment preview.json --error-file preview.err --stack prod --post`;

async function writeComment(context: CommandContext, args: CommentArgs): Promise<Report<CommentData>> {
  const stack = assertStackWord(context.stack);
  const read = await readDocument(stack, args);
  const lint = args.lintFile === undefined ? undefined : parseLint(await readInput(args.lintFile));
  const { outcome } = read;
  const document = lint === undefined ? read.document : withLint(read.document, lint);
  const findings = [...read.findings, ...lintFindings(lint)];
  const { text, missing } = renderDocument(document, commentPlace(stack, args));
  const whole = renderDocument(document, summaryPlace(stack)).text;
  assertNoSecrets(whole);
  assertNoSecrets(text);
  if (args.summaryFile !== undefined) await appendFile(args.summaryFile, `${whole}\n`);
  const posted = args.post === true ? await post(context, args, text) : null;
  return { command: "preview-comment", stack, data: { outcome, markdown: text, missing, posted }, findings };
}

async function post(
  { stack, progress }: CommandContext,
  args: CommentArgs,
  body: string,
): Promise<Published> {
  const pullRequest = findPullRequest(args.pullRequest, process.env);
  const signature = { marker: previewMarker(stack), author: args.author };
  const written = publishComment(openRepository(process.env), pullRequest, signature, body);
  return progress(`commenting on pull request ${pullRequest}`, written);
}

interface ReadDocument {
  readonly document: CommentDocument;
  readonly outcome: PreviewReport["outcome"];
  readonly findings: readonly Finding[];
}

async function readDocument(stack: string, { operands, errorFile }: CommentArgs): Promise<ReadDocument> {
  const text = await readInput(operands[0] ?? "-");
  try {
    const report = resolveReport(parsePreview(text));
    return {
      document: previewDocument(stack, report),
      outcome: report.outcome,
      findings: findingsOf(stack, report),
    };
  } catch (error) {
    if (!(error instanceof CannotTellError) || errorFile === undefined) throw error;
    // The preview ended before it could print its plan, or while it did: what it said instead is the reason.
    const { reason, hint } = explainFailure(await readInput(errorFile), stack);
    const [problem] = error.problems;
    const told = reason === "" ? `what it printed cannot be read: ${problem?.message ?? ""}` : reason;
    return {
      document: failureDocument(stack, told, hint),
      outcome: "failed",
      findings: [{ subject: `preview of stack ${stack}`, message: told, hint }],
    };
  }
}

function lintFindings(lint: LintComment | undefined): Finding[] {
  const hint = "`npm run ops -- migrate lint` says it here as well";
  return (lint?.blocking ?? []).map((text) => {
    const [message = ""] = text.split("\n");
    return { subject: "migrate lint", message, hint };
  });
}

function findingsOf(stack: string, { outcome, refusals, errors }: PreviewReport): Finding[] {
  const subject = `preview of stack ${stack}`;
  const hint = `\`npm run ops -- plan --stack ${stack}\` shows the whole plan`;
  if (outcome === "refused") return [{ subject, message: `refused: ${refusals.join("; ")}`, hint }];
  if (outcome !== "failed") return [];
  return errors.map(splitError).map((error) => ({ subject, ...error, hint: error.hint ?? hint }));
}

/**
 * Below the 65,536 characters of a comment. GitHub's own bound is four bytes for each; JavaScript's count of UTF-16
 * units is never less than that of characters.
 */
const commentLimit = 65_000;

function commentPlace(stack: string, { url, summaryFile }: CommentArgs): Place {
  const summary = url === undefined ? "the run's summary" : `[the run's summary](${url})`;
  const where =
    summaryFile !== undefined
      ? `The whole plan is in ${summary}.`
      : `\`npm run ops -- plan --stack ${stack}\` shows the whole plan.`;
  return {
    limit: commentLimit,
    measure: (text) => text.length,
    announce: (missing, all) =>
      `> **Cut:** ${missing} of ${all} lines have no room in a comment; what costs most stays. ${where}`,
  };
}

/** Below the 1 MiB that a step's summary may have; GitHub drops one that is larger. */
const summaryLimit = 1_000_000;

function summaryPlace(stack: string): Place {
  return {
    limit: summaryLimit,
    measure: (text) => Buffer.byteLength(text),
    announce: (missing, all) =>
      `> **Cut:** ${missing} of ${all} lines have no room in a summary. \`npm run ops -- plan --stack ${stack}\` shows the whole plan.`,
  };
}
