import { compareRevisions } from "../../../../components/core/migrations/alembic/decide-revisions";
import { judgeRevisions } from "../../../../components/core/migrations/alembic/judge-revisions";
import type { RevisionSql } from "../../../../components/core/migrations/alembic/offline-sql";
import { ancestorsOf } from "../../../../components/core/migrations/alembic/revision";
import type { JudgedMigration } from "../../../../components/core/migrations/gate/judge";
import type { JudgedFiles } from "../../../../components/core/migrations/judged-files";
import { loadSqlParser } from "../../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../../components/core/problem";
import type { AlembicSetup } from "../../../../components/core/migrations/alembic/application";
import { lookWithAlembic, withAlembicFiles } from "../../../../components/io/alembic/look";
import { digestOf } from "../../../../components/io/migrations/digest";
import { withMigratedScratch } from "../../../../components/io/scratch/revisions";
import type { CommandContext } from "../../command";
import type { Report } from "../../report";
import { runTestOf, type TestArgs, type TestData } from "../test-report";
import { alembicSubject } from "../from-backup/alembic-revisions";
import { runBackupTest } from "../from-backup/report";
import { chooseDatabase } from "../stack-database";
import { alembicOf, alembicSetup, findAlembic, shownApplication } from "./application";
import { readBothWays } from "./lint-run";

/** Tests the revisions of an application. */
export async function testRun(context: CommandContext, args: TestArgs): Promise<Report<TestData>> {
  const database = chooseDatabase(context.config, args.database);
  const setup = alembicSetup(context, context.config, database);
  const reading = readRevisions(setup, shownApplication(database));
  const files = await context.progress(`asking the Alembic of ${database.name}`, reading);
  if (args.fromBackup !== undefined) {
    const application = { setup, shown: files.directory };
    return runBackupTest(context, args, {
      ...{ database, files, application: setup.place },
      subject: (server) => alembicSubject(context, database, files, application, server),
    });
  }
  const { seenAt } = alembicOf(database);
  return runTestOf(context, args, {
    database,
    files,
    withScratch: (options, use) => withMigratedScratch(options, { setup, seenAt }, use),
    async appliedTo() {
      const { login } = await findAlembic(context, database);
      const state = await lookWithAlembic({ ...login, setup }, (look) => Promise.resolve(look.state));
      const problems = compareRevisions(state);
      if (problems.length > 0) throw new ProblemError("the history and the files differ", problems);
      if (state.current.length === 0) return "no revision was ever applied to it";
      const applied = ancestorsOf(state.current, state.revisions);
      const first = files.judged.slice(0, applied.size).map(({ migration }) => migration);
      // Of several branches others may be applied there than come first here.
      if (!first.every(({ version }) => applied.has(version)))
        return "what is applied there is not what comes first here";
      return first.map(({ name }) => name);
    },
  });
}

async function readRevisions(setup: AlembicSetup, directory: string): Promise<JudgedFiles> {
  const parser = await loadSqlParser();
  const judged = await withAlembicFiles(setup, async (bridge) => {
    const { revisions } = await bridge.ask("describe", {});
    const sql = await readBothWays(bridge, new Set(revisions), revisions);
    return judgeRevisions(sql, parser).map((one, index) => withWayBack(one, sql[index]));
  });
  return { directory, judged, repeatables: [], parser, digest: digestOf };
}

/** Python's own word for what is not written. */
function withWayBack(judged: JudgedMigration, sql: RevisionSql | undefined): JudgedMigration {
  if (sql?.down?.failure?.type !== "NotImplementedError") return judged;
  const irreversible = "its downgrade raises NotImplementedError";
  return { ...judged, migration: { ...judged.migration, irreversible } };
}
