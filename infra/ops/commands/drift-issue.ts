import { renderDocument } from "../comment/document";
import { driftDocument, driftMarker, parseDrift, type DriftReport } from "../comment/drift-issue";
import { openRepository } from "../comment/github";
import { assertStackWord, readInput } from "../comment/input";
import { closeIssue, publishIssue, type Published } from "../comment/publish";
import { assertNoSecrets } from "../comment/secrets";
import type { OpsCommand, CommandContext } from "../command";
import type { Report } from "../report";
import { plural } from "../text";

interface IssueArgs {
  readonly operands: readonly string[];
  readonly url?: string;
  readonly post?: boolean;
  readonly author: string;
}

export interface IssueData {
  /** How many things differ from what is declared. */
  readonly differences: number;
  /** Text of the issue, with its marker in the first line; null where nothing differs. */
  readonly markdown: string | null;
  /** What became of the issue on GitHub; null where it was not to be posted. */
  readonly posted: Published | null;
}

/** Turns the JSON of `drift` into one issue for each stack, which is closed when nothing differs any more. */
export const driftIssueCommand: OpsCommand<IssueArgs, IssueData> = {
  name: "drift-issue",
  summary: "turn `drift --json` into an issue, and close it when the drift is gone",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .argument("[file]", "what `drift --json` printed; - is standard input", "-")
      .option("--url <url>", "the run that this is part of")
      .option("--post", "open the issue, change the one that is open, or close it")
      .option("--author <login>", "with --post: who the token belongs to", "github-actions[bot]")
      .addHelpText("after", help);
  },
  run: writeIssue,
  render: ({ data: { markdown, posted } }) => ({ output: renderOutcome(markdown, posted), machine: true }),
};

const help = `
The stack is the one that the report names. Ends with 1 where there is drift. A drift that could not be told (3) changes no issue. --post takes the token from
GITHUB_TOKEN and the repository from GITHUB_REPOSITORY.

Example, in a workflow:
  npm run --silent ops -- drift --json --stack prod > drift.json || true
  npm run --silent ops -- drift-issue drift.json --post`;

/** Room for an issue as for a comment. */
const issueLimit = 65_000;

async function writeIssue(context: CommandContext, args: IssueArgs): Promise<Report<IssueData>> {
  const drift = parseDrift(await readInput(args.operands[0] ?? "-"));
  const stack = assertStackWord(drift.stack);
  const markdown = drift.drift.length === 0 ? null : renderIssue(drift, args.url);
  if (markdown !== null) assertNoSecrets(markdown);
  const posted = args.post === true ? await post(context, stack, args, markdown) : null;
  const differences = drift.drift.length;
  const hint = `\`npm run ops -- drift --stack ${stack}\` shows them; with --fix it mends them`;
  const findings =
    differences === 0
      ? []
      : [{ subject: `stack ${stack}`, message: plural(differences, "difference"), hint }];
  return { command: "drift-issue", stack, data: { differences, markdown, posted }, findings };
}

function renderIssue(drift: DriftReport, url: string | undefined): string {
  return renderDocument(driftDocument(drift, url), {
    limit: issueLimit,
    measure: (text) => text.length,
    announce: (missing, all) =>
      `> **Cut:** ${missing} of ${all} lines have no room in an issue. \`npm run ops -- drift --stack ${drift.stack}\` shows all.`,
  }).text;
}

function post(
  { progress }: CommandContext,
  stack: string,
  args: IssueArgs,
  body: string | null,
): Promise<Published> {
  const repository = openRepository(process.env);
  const signature = { marker: driftMarker(stack), author: args.author };
  const run = args.url === undefined ? "" : ` ([run](${args.url}))`;
  const written =
    body === null
      ? closeIssue(repository, signature, `The server of stack \`${stack}\` is as declared again${run}.`)
      : publishIssue(repository, signature, { title: `Drift of stack ${stack}`, body });
  return progress(`looking after the issue of stack ${stack}`, written);
}

function renderOutcome(markdown: string | null, posted: Published | null): string {
  if (posted === null) return markdown ?? "no drift: there is nothing to open\n";
  return posted.action === "none"
    ? "no drift, and no open issue\n"
    : `issue ${posted.action}: ${posted.url ?? ""}\n`;
}
