import { allowing } from "../../../components/core/migrations/acknowledgement";
import type { GateFinding } from "../../../components/core/migrations/gate/judge";
import { findingClasses } from "../../../components/core/migrations/gate/rules";
import type { Finding } from "../../../components/core/finding";
import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand, Rendering } from "../command";
import type { Advice } from "../migrate/advice";
import { findPlaces } from "../migrate/directory";
import { chooseFiles, lint, type LintData } from "../migrate/lint";
import type { Report } from "../report";
import { plural } from "../text";

export interface MigrateLintArgs {
  /** Files; all of the directory where there is none. */
  readonly operands: readonly string[];
  readonly dir?: string;
  readonly database?: string;
}

/** Judges migrations without a server. */
export const migrateLintCommand: OpsCommand<MigrateLintArgs, LintData> = {
  name: "migrate lint",
  summary: "say what migrations would lose, lock or break, without a server",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .argument("[files...]", "migrations of one directory, and functions or views beside it (default: all)")
      .option("--dir <directory>", "directory of the migrations (default: those of the stack's databases)")
      .option("-d, --database <name>", "of one database, where the stack has several (default: all)")
      .addHelpText("after", help);
  },
  async run(context: CommandContext, args): Promise<Report<LintData>> {
    const { stack, progress } = context;
    const [first, ...others] = args.operands;
    const places =
      first === undefined ? await findPlaces(context, args) : [chooseFiles([first, ...others], args.dir)];
    const data = await progress("judging migrations", lint(places));
    return reportLint(stack, data);
  },
  render: ({ data }, _args, colors) => renderLint(data, colors),
};

const help = `
Ends with 1 where a statement of an up part needs an acknowledgement and has none, and with 2 where files are not usable.
Findings are of these classes: ${findingClasses.join(", ")}.
An acknowledgement is a comment directly before its statement, of a class or of a rule, with the reason:
  -- pgstead:allow drop-column reason="nobody reads it since 4.2"
(\`# pgstead:allow …\` in a revision of Alembic's.)
Files of functions and views beside the directory are judged as well, where no file is named, or they are.
What loses data needs a backup on top of it when it runs. squawk's advice blocks nothing.

JSON: data.directories; data.migrations [{ file, path, version, name, checksum, transactional, irreversible, notes { why,
data, rollback, performance }, up [{ firstLine, lastLine, class }], down }]; data.repeatables [{ name, path, checksum,
makes, statements }], in their order; data.findings [{ class, rule, message, hint,
file, part, line, needs, acknowledged { target, reason, line } | null, blocks }]; data.advice [{ source, rule, message,
hint, file, line }]; data.squawkMissing. \`blocks\` of a down part stops a downgrade and not this command. The list
\`findings\` beside data has what blocks, as text.

Examples:
  npm run ops -- migrate lint
  npm run ops -- migrate lint sql/views/totals.sql
  npm run --silent ops -- migrate lint --json | jq '.data.findings[] | select(.blocks)'`;

/** The report of what was judged: what blocks is a finding. */
export function reportLint(stack: string, data: LintData): Report<LintData> {
  return { command: "migrate lint", stack, data, findings: blocking(data).map(toFinding) };
}

/** What keeps the migrations from being applied. */
function blocking({ findings }: LintData): GateFinding[] {
  return findings.filter(({ part, blocks }) => part === "up" && blocks);
}

function toFinding({ file, line, class: of, rule, message, hint, needs }: GateFinding): Finding {
  const also = needs === "backup" ? ", and have a backup when it runs" : "";
  return {
    subject: `${file}:${line}`,
    message: visible(`${of} (${rule}): ${message}`),
    hint: `${hint}; or allow it: ${allowing(file, rule)}${also}`,
  };
}

function renderLint(data: LintData, colors: Colors): Rendering {
  const acknowledged = data.findings.filter(
    (finding) => finding.part === "up" && finding.acknowledged !== null,
  );
  const down = data.findings.filter(({ part, blocks }) => part === "down" && blocks).length;
  const lines = [
    summary(data),
    ...section("acknowledged", acknowledged.map(renderAcknowledged), colors),
    ...section("advice", data.advice.map(renderAdvice), colors),
    ...(data.squawkMissing === null ? [] : [colors.dim(`no advice from squawk: ${data.squawkMissing}`)]),
    ...(down === 0
      ? []
      : [colors.dim(`${plural(down, "finding")} of down parts, which are for whoever downgrades (--json)`)]),
  ];
  return { output: `${lines.join("\n")}\n` };
}

function summary(data: LintData): string {
  if (data.directories.length === 0)
    return "no migrations: the stack names no directory, and the usual one is not there";
  return summarize(data);
}

function summarize({ directories, migrations, repeatables, findings }: LintData): string {
  const statements = [...migrations.flatMap(({ up }) => up), ...repeatables.flatMap((one) => one.statements)];
  const lines = new Set(
    findings.filter(({ part, blocks }) => part === "up" && blocks).map(({ file, line }) => `${file}:${line}`),
  );
  const counts = (["safe", ...findingClasses.toReversed()] as const).flatMap((of) => {
    const count = statements.filter((statement) => statement.class === of).length;
    return count === 0 ? [] : [`${count} ${of}`];
  });
  const found = counts.length === 0 ? "" : `: ${counts.join(", ")}`;
  const verdict =
    lines.size === 0 ? "nothing blocks" : `${lines.size} ${lines.size === 1 ? "blocks" : "block"}`;
  const files = repeatables.length === 0 ? "" : `, ${plural(repeatables.length, "repeatable file")}`;
  return `${directories.join(", ")}: ${plural(migrations.length, "migration")}${files}, ${plural(statements.length, "statement")}${found}; ${verdict}`;
}

function section(title: string, lines: readonly string[], colors: Colors): string[] {
  return lines.length === 0 ? [] : [colors.bold(title), ...lines.map((line) => `  ${visible(line)}`)];
}

function renderAcknowledged({
  file,
  line,
  class: of,
  rule,
  message,
  acknowledged,
  needs,
}: GateFinding): string {
  const also = needs === "backup" ? " [needs a backup]" : "";
  return `${file}:${line}: ${of} (${rule}): ${message}${also} -- ${acknowledged?.reason ?? ""}`;
}

function renderAdvice({ file, line, source, rule, message, hint }: Advice): string {
  return `${file}:${line}: ${source} (${rule}): ${message}${hint === null ? "" : ` ${hint}`}`;
}
