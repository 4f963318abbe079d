import { basename } from "node:path";
import type { JudgedMigration } from "../../../../components/core/migrations/gate/judge";
import {
  ancestorsOf,
  headsAfter,
  inRunningOrder,
  type AlembicRevision,
} from "../../../../components/core/migrations/alembic/revision";
import { judgeRevisions } from "../../../../components/core/migrations/alembic/judge-revisions";
import { loadSqlParser } from "../../../../components/core/migrations/sql-parser";
import { findRevision } from "../../../../components/core/migrations/alembic/decide-revisions";
import type { RevisionSql } from "../../../../components/core/migrations/alembic/offline-sql";
import { problemError } from "../../../../components/core/problem";
import type { Bridge } from "../../../../components/io/alembic/bridge";
import { withAlembicFiles } from "../../../../components/io/alembic/look";
import type { DatabaseConfig, StackConfig } from "../../../config";
import type { CommandContext } from "../../command";
import { reportLint, type MigrateLintArgs } from "../../commands/migrate-lint";
import type { Report } from "../../report";
import { findPlaces } from "../directory";
import { describeJudged, joinLint, lint, type LintData } from "../lint";
import { chooseDatabase } from "../stack-database";
import { alembicOf, alembicSetup, shownApplication } from "./application";

/** Judges revisions, and the files of SQL of the stack's other databases. */
export async function lintRun(context: CommandContext, args: MigrateLintArgs): Promise<Report<LintData>> {
  const { config } = context;
  const databases = args.database === undefined ? config.databases : [chooseDatabase(config, args.database)];
  const ofAlembic = databases.filter(({ migrations }) => migrations.engine === "alembic");
  const names = args.operands.map((file) => basename(file));
  const work = async (): Promise<LintData> => {
    const parts = [];
    for (const database of ofAlembic) parts.push(await lintRevisions(context, config, database, names));
    if (names.length === 0) parts.push(await lint(await findPlaces(context, args)));
    return joinLint(parts);
  };
  return reportLint(context.stack, await context.progress("judging migrations", work()));
}

async function lintRevisions(
  context: Pick<CommandContext, "root">,
  config: StackConfig,
  declared: DatabaseConfig,
  names: readonly string[],
): Promise<LintData> {
  const { baseline } = alembicOf(declared);
  const judged = await withAlembicFiles(alembicSetup(context, config, declared), async (bridge) => {
    const { revisions } = await bridge.ask("describe", {});
    return judgeRevisions(
      await readBothWays(bridge, chosen(revisions, baseline, names), revisions),
      await loadSqlParser(),
    );
  });
  return {
    directories: [shownApplication(declared)],
    migrations: judged.map(describeJudged),
    repeatables: [],
    findings: judged.flatMap(({ up, down }: JudgedMigration) =>
      [...up, ...down].flatMap(({ findings }) => findings),
    ),
    advice: [],
    squawkMissing: "it reads files of SQL, which Alembic has none of",
  };
}

/** What is asked about: named files, else all behind the baseline. */
function chosen(
  revisions: readonly AlembicRevision[],
  baseline: string | undefined,
  names: readonly string[],
): ReadonlySet<AlembicRevision> {
  if (names.length > 0) {
    const missing = names.find((name) => !revisions.some(({ file }) => file === name));
    if (missing !== undefined)
      throw problemError(missing, "is no revision of Alembic's", "name files of its versions");
    return new Set(revisions.filter(({ file }) => names.includes(file)));
  }
  if (baseline === undefined) return new Set(revisions);
  const last = findRevision(baseline, revisions);
  if (last === undefined)
    throw problemError("alembic.baseline", `${baseline} is no revision`, "name one, or delete it");
  const before = ancestorsOf([last.revision], revisions);
  return new Set(revisions.filter(({ revision }) => !before.has(revision)));
}

/** The SQL of revisions, up and down, in the order in which they run. */
export async function readBothWays(
  bridge: Bridge,
  wanted: ReadonlySet<AlembicRevision>,
  revisions: readonly AlembicRevision[],
): Promise<RevisionSql[]> {
  let heads: readonly string[] = [];
  const read: RevisionSql[] = [];
  for (const one of inRunningOrder(revisions)) {
    const from = heads;
    heads = headsAfter(heads, one);
    if (!wanted.has(one)) continue;
    const { revision } = one;
    const up = await bridge.ask("sql", { revision, direction: "up", from });
    read.push({
      revision: one,
      up,
      down: await bridge.ask("sql", { revision, direction: "down", from: heads }),
    });
  }
  return read;
}
