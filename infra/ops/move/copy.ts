import { availableParallelism } from "node:os";
import type { BackupManifest } from "../../../components/core/backup/manifest";
import { checkExpressions, nameOf, type MaskingRule } from "../../../components/core/move/masking";
import { readContents } from "../../../components/core/move/contents";
import { planCopy, type CopyPlan } from "../../../components/core/move/plan";
import { checkTarget } from "../../../components/core/move/target";
import { loadSqlParser, type SqlParser } from "../../../components/core/migrations/sql-parser";
import { problemError, ProblemError } from "../../../components/core/problem";
import { findClientTools } from "../../../components/io/backup/client-tools";
import { lookTarget } from "../../../components/io/move/look-target";
import { replaceDatabase, type Moved } from "../../../components/io/move/replace-database";
import { LoginRefusedError, ServerUnreachableError, withSession } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { untilInterrupted } from "../interrupt";
import type { StackOutputs } from "../outputs";
import type { Report } from "../report";
import { readStackConfig } from "../stack";
import { assertMovable, chooseMoved, rulesOf, type MovePair } from "./assert-movable";
import { withBackup, type BackupSource } from "./find-backup";
import { renderPlan, type CopyData } from "./render";

export interface CopyArgs {
  readonly from?: string;
  readonly to?: string;
  readonly database?: string;
  readonly backup?: string;
  readonly confirm?: string;
  readonly dryRun?: boolean;
  readonly unmasked?: boolean;
}

/** What is known from the two files alone. */
interface Wanted {
  readonly pair: MovePair;
  /** Name of the database where the data comes from, and of the one that is replaced. */
  readonly original: string;
  readonly database: string;
  readonly rules: readonly MaskingRule[];
  readonly parser: SqlParser;
  readonly args: CopyArgs;
}

/** Replaces a database of a stack by a backup of another one, once somebody has said its name. */
export async function copy(context: CommandContext, args: CopyArgs): Promise<Report<CopyData>> {
  const wanted = await readWanted(context, args);
  assertConfirmable(context, wanted);
  const { pair, original } = wanted;
  const which = { database: original, name: args.backup };
  return untilInterrupted(context.write, ({ signal }) =>
    withBackup(context, pair.from, which, signal, (source) => copyFrom(context, wanted, source, signal)),
  );
}

async function readWanted({ root }: CommandContext, args: CopyArgs): Promise<Wanted> {
  const { from = "", to = "", database: name, unmasked = false } = args;
  const pair = { from: await readStackConfig(root, from), to: await readStackConfig(root, to) };
  assertMovable(pair);
  const [source, { name: database }] = chooseMoved(pair, name);
  const rules = rulesOf(source, unmasked, from);
  const parser = await loadSqlParser();
  const problems = checkExpressions(rules, parser);
  if (problems.length > 0)
    throw new ProblemError(`the masking rules of stack ${from} are not usable`, problems);
  return { pair, original: source.name, database, rules, parser, args };
}

/** @throws ProblemError where nobody has said which database is replaced, and nobody can be asked */
function assertConfirmable({ askFor }: CommandContext, { database, args }: Wanted): void {
  const { confirm, dryRun, to = "" } = args;
  if (dryRun === true || confirm === database) return;
  const hint = `all that database ${database} of stack ${to} holds is replaced: say --confirm ${database}, or --dry-run to see more`;
  if (confirm !== undefined) {
    throw problemError(
      "--confirm",
      `${confirm} is not the database that is replaced; nothing was done`,
      hint,
    );
  }
  if (askFor !== undefined) return;
  throw problemError(
    "--confirm",
    "is missing, and there is no terminal to type it at; nothing was done",
    hint,
  );
}

async function copyFrom(
  context: CommandContext,
  wanted: Wanted,
  source: BackupSource,
  signal: AbortSignal,
): Promise<Report<CopyData>> {
  const { database, args, rules } = wanted;
  const { from = "", to = "", confirm, dryRun } = args;
  const { name, manifest } = source.backup;
  if (manifest === undefined) throw new Error(`${name} has no manifest`);
  assertTables(manifest, rules);
  const outputs = await context.outputs(to);
  assertMajor(manifest, outputs.version);
  const plan = await context.progress("looking at both", readPlan(wanted, source, outputs));
  const described = { from, to, database, plan };
  const end = (moved: Moved | null, findings: Report<CopyData>["findings"] = []): Report<CopyData> => ({
    ...{ command: "copy", stack: to, data: { ...described, moved }, findings },
  });
  if (dryRun === true) return end(null);
  if (confirm === undefined && !(await isTyped(context, described, signal))) {
    const message = "nothing was done: what was typed is not its name";
    return end(null, [{ subject: database, message, hint: "run this again to type it" }]);
  }
  const work = replace(context, { ...wanted, outputs, source }, signal);
  return work.then(end, (error: unknown) => {
    if (error instanceof ServerUnreachableError || error instanceof LoginRefusedError) throw error;
    if (signal.aborted || !(error instanceof ProblemError)) throw error;
    return end(null, toFindings(error));
  });
}

async function readPlan(
  { database, rules, parser }: Wanted,
  { backup: { manifest }, readSchema }: BackupSource,
  { administrator }: StackOutputs,
): Promise<CopyPlan> {
  if (manifest === undefined) throw new Error("a backup without a manifest");
  const options = { asItself: true, readOnly: true, applicationName: "pgstead copy" };
  const facts = await withSession(administrator, options, (session) => lookTarget(session, database));
  const problems = checkTarget(facts, manifest, database);
  if (problems.length > 0) throw new ProblemError("the server that it goes to cannot take it", problems);
  const statements = await readSchema();
  const contents = statements === undefined ? undefined : readContents(statements, parser);
  return planCopy({ manifest, contents, rules, facts, now: Date.now() });
}

/** Shows what will happen, and has the name typed. */
async function isTyped(
  { write, askFor }: CommandContext,
  described: Omit<CopyData, "moved">,
  signal: AbortSignal,
): Promise<boolean> {
  if (askFor === undefined) return false;
  write(renderPlan(described));
  const cancelled = new Promise<never>((_resolve, reject) => {
    signal.addEventListener("abort", () => {
      reject(signal.reason as Error);
    });
  });
  const asked = askFor("Type the name of the database to replace it:");
  return (await Promise.race([asked, cancelled])) === described.database;
}

async function replace(
  { progress, write }: CommandContext,
  {
    source,
    outputs,
    rules,
    database,
  }: Wanted & { readonly source: BackupSource; readonly outputs: StackOutputs },
  signal: AbortSignal,
): Promise<Moved> {
  // What is missing on this machine shows before the long part.
  const tools = await findClientTools(Number.parseInt(outputs.version, 10));
  const { repository, backup } = await source.bring();
  return replaceDatabase({
    ...{ repository, backup, rules, database, signal, tools, progress },
    login: outputs.administrator,
    jobs: Math.min(availableParallelism(), 4),
    now: () => Date.now(),
    say: write,
  });
}

/** Everything that can be told before anything is made. */
function assertTables({ name, snapshot }: BackupManifest, rules: readonly MaskingRule[]): void {
  const tables = new Set(snapshot.tables.map((one) => `${one.schema}.${one.name}`));
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
function assertMajor({ name, snapshot }: BackupManifest, version: string): void {
  const [major = 0, its = 0] = [version, snapshot.serverVersion].map((text) => Number.parseInt(text, 10));
  if (its <= major) return;
  throw problemError(
    name,
    `is of PostgreSQL ${its}, and the target is ${major}`,
    "copy to a server of that version or a newer one",
  );
}

function toFindings(error: ProblemError): Report<CopyData>["findings"] {
  return error.problems.map(({ path, message, hint }) => ({
    subject: path === "" ? error.title : path,
    message,
    hint,
  }));
}
