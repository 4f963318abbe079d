import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import {
  parseTableName,
  tableMigration,
  type TableName,
} from "../../../components/core/conventions/new-table";
import { migrationTemplate, nextFileName } from "../../../components/core/migrations/new-migration";
import { problemError } from "../../../components/core/problem";
import type { MigrationPlace } from "../../../components/io/migration-files";
import { createFile } from "../../../components/io/replace-file";
import type { OpsCommand } from "../command";
import { writeConventions, type WrittenConvention } from "../migrate/conventions";
import { findPlace } from "../migrate/directory";

export interface MigrateCreateArgs {
  /** What it does, in words. */
  readonly operands: readonly string[];
  readonly dir?: string;
  readonly database?: string;
  readonly timestamp?: boolean;
  readonly number?: boolean;
  /** A table by the conventions: `app.orders`. */
  readonly table?: string;
  readonly partitioned?: boolean;
}

export interface MigrateCreateData {
  /** Path of the new file, as seen from where the command runs. */
  readonly path: string;
  /** Repeatable files that the table stands on. */
  readonly beside: readonly WrittenConvention[];
}

/** Writes the file of the next migration. */
export const migrateCreateCommand: OpsCommand<MigrateCreateArgs, MigrateCreateData> = {
  name: "migrate create",
  summary: "write the file of the next migration, with the questions that it has to answer",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .argument("[name...]", 'what it does, in words, such as "add user preferences"')
      .option("--number", "count it: 0008-add-user-preferences.sql (default where there is no other file)")
      .option("--timestamp", "name it after the moment (UTC): 20260314150926-add-user-preferences.sql")
      .option("--table <name>", "makes a table by the conventions, such as app.orders")
      .option("--partitioned", "with --table: divided by month of created_at")
      .option("--dir <directory>", "directory of the migrations (default: as the stack says, sql/migrations)")
      .option("-d, --database <name>", "database, where the stack has several")
      .addHelpText("after", help);
  },
  async run(context, args) {
    const { stack } = context;
    const data = await createMigration(await findPlace(context, args), args, new Date());
    return { command: "migrate create", stack, data, findings: [] };
  },
  render: ({ data: { path, beside } }) => ({
    output: [path, ...beside.filter(({ written }) => written).map((one) => one.path)]
      .map((one) => `${one}\n`)
      .join(""),
  }),
};

const help = `
It is counted as the files that are there. Numbers show what is missing, and two branches that took the same one do not
get past \`migrate lint\`; timestamps suit many authors. A file that is there is never replaced. With engine alembic the
application's Alembic writes a revision of what its models have and the database has not (\`--autogenerate\`).

--table writes a whole migration: a UUID as key (version 7), created_at, created_by, updated_at and updated_by that a
trigger keeps, is_active and deleted_at in the place of DELETE; and the functions it stands on beside the migrations,
where they are not there (\`migrate conventions\`).

JSON: data.path; data.beside [{ path, written }].

Examples:
  npm run ops -- migrate create "add user preferences"
  npm run ops -- migrate create --table app.orders`;

export async function createMigration(
  { directory, shown }: MigrationPlace,
  args: MigrateCreateArgs,
  now: Date,
): Promise<MigrateCreateData> {
  const { timestamp = false, number = false, partitioned = false } = args;
  const table = args.table === undefined ? undefined : parseTableName(args.table);
  const title = titleOf(args.operands, table);
  if (partitioned && table === undefined) {
    throw problemError("--partitioned", "says nothing without --table", "say which: --table app.events");
  }
  if (timestamp && number) {
    throw problemError("--timestamp", "is the other way of --number", "give one of them, or none");
  }
  const existing = await namesIn(directory);
  const wanted = timestamp ? { kind: "timestamp" as const } : number ? { kind: "number" as const } : {};
  const name = nextFileName({ title, existing, now, ...wanted });
  await mkdir(directory, { recursive: true });
  const text = table === undefined ? migrationTemplate() : tableMigration(table, { partitioned });
  if (!(await createFile(join(directory, name), text, 0o644))) {
    throw problemError(
      `${shown}/${name}`,
      "is there already",
      "run this command again: another one was as quick",
    );
  }
  const beside =
    table === undefined ? [] : await writeConventions({ directory, shown }, ["tables"], table.schema);
  return { path: `${shown}/${name}`, beside };
}

/** What it is called: by the table where nothing is said. */
function titleOf(words: readonly string[], table: TableName | undefined): string {
  if (words.length > 0) return words.join(" ");
  if (table !== undefined) return `table ${table.schema} ${table.name}`;
  throw problemError("name", "is missing", 'say in a few words what it does, such as "add user preferences"');
}

async function namesIn(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []; // it is made with the first file
    throw problemError(directory, `cannot be read: ${(error as Error).message}`, "is it a directory?", {
      cause: error,
    });
  }
}
