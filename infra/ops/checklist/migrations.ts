import { existsSync } from "node:fs";
import type { Looked } from "../../../components/core/operations/checklist/item";
import type { CommandContext } from "../command";
import { migrateCommands } from "../commands/migrate-commands";
import { migrationPlace } from "../migrate/directory";
import type { LintData } from "../migrate/lint";
import type { MigrationState } from "../migrate/state";
import type { Report } from "../report";
import { commandNamed, runLine } from "./run-words";

const status = commandNamed<MigrationState>(migrateCommands, "migrate status");
const lint = commandNamed<LintData>(migrateCommands, "migrate lint");

/** The state of each database with its files, read once for the items of a list. */
const known = new WeakMap<CommandContext, Promise<readonly Report<MigrationState>[]>>();

function readStates(context: CommandContext): Promise<readonly Report<MigrationState>[]> {
  const states = known.get(context) ?? readAll(context);
  known.set(context, states);
  return states;
}

async function readAll(context: CommandContext): Promise<readonly Report<MigrationState>[]> {
  const states: Report<MigrationState>[] = [];
  for (const database of context.config.databases) {
    const { engine, isNamed } = database.migrations;
    const { directory } = migrationPlace(undefined, database, context);
    // Nobody has to have migrations: the usual directory may be missing, one that is named may not.
    if (engine === "sql" && !isNamed && !existsSync(directory)) continue;
    states.push(await runLine({ command: status, words: ["--database", database.name] }, context));
  }
  return states;
}

/** Whether what ran is what the files say, and what is still to run. */
export async function lookAtMigrations(context: CommandContext): Promise<Looked> {
  const states = await readStates(context);
  const told = states.map(({ data: { database, applied, pending, repeatables } }) => {
    const waiting = pending.length + repeatables.pending.length;
    return `${database}: ${applied.length} applied, ${waiting} pending`;
  });
  const broken = states.flatMap(({ findings }) => findings);
  const half = states.flatMap(({ data: { database, unfinished } }) =>
    unfinished === null
      ? []
      : [
          {
            subject: `database ${database}`,
            message: `${unfinished.version} is half done since ${unfinished.startedAt}`,
            hint: "`migrate status` says how far; `migrate upgrade` goes on with it",
          },
        ],
  );
  return { findings: [...broken, ...half], told: told.join("; ") || "there are none" };
}

/** Judges what is pending, and nothing that ran long ago. */
export async function lookAtLint(context: CommandContext): Promise<Looked> {
  const states = await readStates(context);
  const findings: Looked["findings"][number][] = [];
  const told: string[] = [];
  for (const { data } of states) {
    const paths = [...data.pending, ...data.repeatables.pending].map(({ path }) => path);
    if (paths.length === 0) continue;
    const { migrations } = context.config.databases.find(({ name }) => name === data.database) ?? {};
    const words = migrations?.engine === "alembic" ? ["--database", data.database] : paths;
    const report = await runLine({ command: lint, words }, context);
    findings.push(...report.findings);
    told.push(`${data.database}: ${paths.join(", ")}`);
  }
  return {
    findings,
    told: told.length === 0 ? "nothing is pending" : `nothing blocks in ${told.join("; ")}`,
  };
}
