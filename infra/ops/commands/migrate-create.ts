import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { migrationTemplate, nextFileName } from "../../../components/core/migrations/new-migration";
import { problemError } from "../../../components/core/problem";
import type { MigrationPlace } from "../../../components/io/migration-files";
import { createFile } from "../../../components/io/replace-file";
import type { OpsCommand } from "../command";
import { findPlace } from "../migrate/directory";

export interface MigrateCreateArgs {
  /** What it does, in words. */
  readonly operands: readonly string[];
  readonly dir?: string;
  readonly database?: string;
  readonly timestamp?: boolean;
  readonly number?: boolean;
}

export interface MigrateCreateData {
  /** Path of the new file, as seen from where the command runs. */
  readonly path: string;
}

/** Writes the file of the next migration. */
export const migrateCreateCommand: OpsCommand<MigrateCreateArgs, MigrateCreateData> = {
  name: "migrate create",
  summary: "write the file of the next migration, with the questions that it has to answer",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .argument("<name...>", 'what it does, in words, such as "add user preferences"')
      .option("--number", "count it: 0008-add-user-preferences.sql (default where there is no other file)")
      .option("--timestamp", "name it after the moment (UTC): 20260314150926-add-user-preferences.sql")
      .option("--dir <directory>", "directory of the migrations (default: as the stack says, sql/migrations)")
      .option("-d, --database <name>", "database, where the stack has several")
      .addHelpText("after", help);
  },
  async run(context, args) {
    const { stack } = context;
    const data = await createMigration(await findPlace(context, args), args, new Date());
    return { command: "migrate create", stack, data, findings: [] };
  },
  render: ({ data }) => ({ output: `${data.path}\n` }),
};

const help = `
It is counted as the files that are there. Numbers show what is missing, and two branches that took the same one do not
get past \`migrate lint\`; timestamps suit many authors. A file that is there is never replaced. With engine alembic the
application's Alembic writes a revision of what its models have and the database has not (\`--autogenerate\`).

JSON: data.path.

Example:
  npm run ops -- migrate create "add user preferences"`;

export async function createMigration(
  { directory, shown }: MigrationPlace,
  args: MigrateCreateArgs,
  now: Date,
): Promise<MigrateCreateData> {
  const { operands, timestamp = false, number = false } = args;
  if (timestamp && number) {
    throw problemError("--timestamp", "is the other way of --number", "give one of them, or none");
  }
  const existing = await namesIn(directory);
  const wanted = timestamp ? { kind: "timestamp" as const } : number ? { kind: "number" as const } : {};
  const name = nextFileName({ title: operands.join(" "), existing, now, ...wanted });
  await mkdir(directory, { recursive: true });
  if (!(await createFile(join(directory, name), migrationTemplate(), 0o644))) {
    throw problemError(
      `${shown}/${name}`,
      "is there already",
      "run this command again: another one was as quick",
    );
  }
  return { path: `${shown}/${name}` };
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
