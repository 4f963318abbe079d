import { availableParallelism } from "node:os";
import { checkExpressions, nameOf, type MaskingRule } from "../../../components/core/move/masking";
import { loadSqlParser } from "../../../components/core/migrations/sql-parser";
import { problemError, ProblemError } from "../../../components/core/problem";
import { findClientTools } from "../../../components/io/backup/client-tools";
import type { StoredBackup } from "../../../components/io/backup/repository";
import { replaceDatabase, type Moved } from "../../../components/io/move/replace-database";
import { LoginRefusedError, ServerUnreachableError } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import { untilInterrupted } from "../interrupt";
import { assertMovable, chooseMoved, rulesOf } from "../move/assert-movable";
import { withNewestBackup } from "../move/find-backup";
import type { Report } from "../report";
import { readStackConfig } from "../stack";

interface CopyArgs {
  readonly from?: string;
  readonly to?: string;
  readonly database?: string;
  readonly confirm?: string;
  readonly unmasked?: boolean;
}

interface CopyData {
  readonly from: string;
  readonly to: string;
  /** Of the target. */
  readonly database: string;
  readonly backup: string;
  readonly takenAt: string;
  /** Columns that are masked. */
  readonly masking: readonly string[];
  /** Null: it was not confirmed. */
  readonly moved: Moved | null;
}

/** Brings the data of one stack to another one, masked. */
export const copyCommand: OpsCommand<CopyArgs, CopyData> = {
  name: "copy",
  summary: "replace a database of another stack by the newest verified backup of this one, masked",
  worksWithoutConfig: true,
  worksWithoutStack: true,
  declare: (command) => {
    command
      .requiredOption("--from <stack>", "stack that the data comes from")
      .requiredOption("--to <stack>", "stack whose database is replaced")
      .option("-d, --database <name>", "which, where the first one has several")
      .option("--confirm <database>", "name of the database that is replaced: without it nothing is")
      .option("--unmasked", "copies everything as it is, whatever pgstead:database.masking says")
      .addHelpText("after", help);
  },
  run: copy,
  render: ({ data }) => ({ output: render(data) }),
};

const help = `
The newest verified logical backup of the first stack is restored beside the database of the other one, compared with its
manifest, masked by \`masking\` of the first stack's database, and then takes the name in one moment. Until then nobody but
superusers can connect to it. The one that was there stays as <database>_before_<moment>, without connections. Whatever
fails before leaves it as it is.

Masked columns are rewritten with their tables, TOAST and indexes; materialized views and statistics are made anew; the
trail of audits is emptied; subscriptions and user mappings go. The write-ahead log of the target has the rows as they
were, until it is recycled. Rules for generated columns and for keys that others refer to are refused.

A stack that is protected, or that declares masking itself, is refused as a target. The client programs of its major
version have to be on this machine.

JSON: data.from, data.to, data.database, data.backup, data.takenAt, data.masking [column]; data.moved { tables [{ table,
rows }], notes, kept, roles } | null.

Example:
  npm run ops -- copy --from prod --to staging --confirm shop`;

async function copy(context: CommandContext, args: CopyArgs): Promise<Report<CopyData>> {
  const { from: source = "", to: target = "", database: wanted, confirm, unmasked = false } = args;
  const pair = {
    from: await readStackConfig(context.root, source),
    to: await readStackConfig(context.root, target),
  };
  assertMovable(pair);
  const [{ name: original, ...declared }, { name: database }] = chooseMoved(pair, wanted);
  const rules = rulesOf({ name: original, ...declared }, unmasked, source);
  const problems = checkExpressions(rules, await loadSqlParser());
  if (problems.length > 0)
    throw new ProblemError(`the masking rules of stack ${source} are not usable`, problems);
  return untilInterrupted(context.write, ({ signal }) =>
    withNewestBackup(context, pair.from, original, signal, async ({ repository, backup }) => {
      assertTables(backup, rules);
      const described = {
        ...{ from: source, to: target, database, backup: backup.name },
        takenAt: new Date(backup.takenAt).toISOString(),
        masking: rules.map(nameOf),
      };
      const report = { command: "copy", stack: target };
      if (confirm !== database) {
        const data = { ...described, moved: null };
        return { ...report, data, findings: [unconfirmed(database, target, confirm)] };
      }
      const { administrator, version } = await context.outputs(target);
      const move = replaceDatabase({
        ...{ repository, backup, rules, database, signal },
        login: administrator,
        tools: await findClientTools(majorFor(backup, version)),
        jobs: Math.min(availableParallelism(), 4),
        now: () => Date.now(),
        progress: context.progress,
        say: context.write,
      });
      try {
        return { ...report, data: { ...described, moved: await move }, findings: [] };
      } catch (error) {
        if (error instanceof ServerUnreachableError || error instanceof LoginRefusedError) throw error;
        if (signal.aborted || !(error instanceof ProblemError)) throw error;
        return { ...report, data: { ...described, moved: null }, findings: toFindings(error) };
      }
    }),
  );
}

/** Everything that can be told before anything is made. */
function assertTables({ name, manifest }: StoredBackup, rules: readonly MaskingRule[]): void {
  const tables = new Set(manifest?.snapshot.tables.map((one) => `${one.schema}.${one.name}`));
  const problems = rules
    .filter(({ schema, table }) => !tables.has(`${schema}.${table}`))
    .map((rule) => ({
      path: nameOf(rule),
      message: "there is no such table in the backup",
      hint: "name it as it is now, or remove the rule",
    }));
  if (problems.length > 0) throw new ProblemError(`the masking rules do not fit ${name}`, problems);
}

/** What a newer server wrote an older one does not take. */
function majorFor({ name, manifest }: StoredBackup, version: string): number {
  const [major, its] = [version, manifest?.snapshot.serverVersion ?? ""].map((text) =>
    Number.parseInt(text, 10),
  );
  if (major === undefined || its === undefined || its <= major) return major ?? 0;
  throw problemError(
    name,
    `is of PostgreSQL ${its}, and the target is ${major}`,
    "copy to a server of that version or a newer one",
  );
}

function unconfirmed(database: string, stack: string, confirm: string | undefined) {
  const said = confirm === undefined ? "is not confirmed" : `is not what was confirmed (${confirm})`;
  return {
    subject: `database ${database} of stack ${stack}`,
    message: `${said}: nothing was changed, and all that it holds now would be replaced`,
    hint: `say --confirm ${database}`,
  };
}

function toFindings(error: ProblemError) {
  return error.problems.map(({ path, message, hint }) => ({
    subject: path === "" ? error.title : path,
    message,
    hint,
  }));
}

function render({ from, to, database, backup, takenAt, masking, moved }: CopyData): string {
  const what = `${backup} of stack ${from}, taken ${takenAt}`;
  const masked = masking.length === 0 ? "nothing is masked" : `masked: ${masking.join(", ")}`;
  if (moved === null) return `${what}, for database ${database} of stack ${to}; ${masked}\n`;
  const lines = [
    `database ${database} of stack ${to} is ${what}; ${masked}`,
    ...moved.tables.map(({ table, rows }) => `  ${table}: ${rows} rows masked`),
    ...moved.notes.map((note) => `  ${note}`),
    ...(moved.roles.length === 0 ? [] : [`  made without login: ${moved.roles.join(", ")}`]),
    ...(moved.kept === null
      ? []
      : [`  the one before it is ${moved.kept}, without connections: drop it when it is not needed`]),
    `its roles and privileges are those of ${from}: \`npm run pulumi -- up --stack ${to}\` brings them to what is declared`,
  ];
  return `${lines.join("\n")}\n`;
}
