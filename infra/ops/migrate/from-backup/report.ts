import type { ApplicationPlace } from "../../../../components/core/migrations/alembic/application";
import type { JudgedFiles } from "../../../../components/core/migrations/judged-files";
import { problemError } from "../../../../components/core/problem";
import type { DatabaseConfig } from "../../../config";
import type { CommandContext } from "../../command";
import { untilInterrupted } from "../../interrupt";
import type { Report } from "../../report";
import { plural } from "../../text";
import type { TestArgs, TestData } from "../test-report";
import { newest } from "./choose";
import { migratorOf, testOnServer, type BackupSubject } from "./run";
import { withServer, type UsedServer, type WantedServer } from "./server";

/** Migrations that are to be tested on a backup. */
export interface BackupTest {
  readonly database: DatabaseConfig;
  /** Both ways. */
  readonly files: JudgedFiles;
  /** Whose own program applies them; absent: ours does. */
  readonly application?: ApplicationPlace;
  readonly subject: (server: UsedServer) => BackupSubject;
}

/** Tests what is pending on the rows of a backup. Nothing of the stack's own server is asked or touched. */
export async function runBackupTest(
  context: CommandContext,
  args: TestArgs,
  { database, files, application, subject }: BackupTest,
): Promise<Report<TestData>> {
  const { stack, progress, write } = context;
  assertFits(context, args);
  const migrator = migratorOf(database);
  const wanted: WantedServer = {
    name: typeof args.fromBackup === "string" ? args.fromBackup : newest,
    database: database.name,
    logins: migrator === undefined ? [] : [migrator],
    application,
  };
  return untilInterrupted(write, (waiting) =>
    withServer(context, wanted, waiting, async (server) => {
      const test = testOnServer(context, subject(server), server, waiting);
      const {
        findings,
        notes,
        runs,
        tables,
        schemas: _,
        ...rest
      } = await progress(`testing what is pending on ${server.backup.name}`, test);
      const { backup, serverVersion, restoreSeconds } = server;
      const data: TestData = {
        ...{ database: database.name, directory: files.directory, scratch: "backup", ...rest },
        ...{ liveHead: null, liveUnseen: "--from-backup" },
        backup: {
          ...backup,
          serverVersion,
          restoreSeconds,
          notes: [...server.notes, ...notes],
          runs,
          tables,
        },
      };
      return { command: "migrate test", stack, data, findings };
    }),
  );
}

/** @throws ProblemError where a backup is not restored to what somebody names */
function assertFits({ config }: CommandContext, { scratch }: TestArgs): void {
  const own = config.docker === undefined ? "embedded" : "container";
  if (scratch === undefined || scratch === own) return;
  const hint = "leave --scratch out: a backup is restored to a server of its own, where the backups are";
  throw problemError("--from-backup", `contradicts --scratch ${scratch}`, hint);
}

/** What is said of a test on a backup, for people. */
export function headline({ data, findings }: Report<TestData>): string {
  const { backup, applied, reversed, directory } = data;
  const verdict = findings.length === 0 ? "all is as it should be" : plural(findings.length, "finding");
  const head = backup?.head == null ? "before the first migration" : `at ${backup.head}`;
  return `${directory} on ${backup?.name ?? ""} (${head}): ${plural(applied.length, "pending migration")} applied, ${reversed.length} taken back and applied again; ${verdict}`;
}
