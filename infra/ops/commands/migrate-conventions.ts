import { Argument } from "commander";
import { conventionSets, type ConventionSet } from "../../../components/core/conventions/files";
import { problemError } from "../../../components/core/problem";
import type { OpsCommand } from "../command";
import { writeConventions, type WrittenConvention } from "../migrate/conventions";
import { findPlace } from "../migrate/directory";

interface ConventionsArgs {
  readonly operands: readonly ConventionSet[];
  readonly schema?: string;
  readonly dir?: string;
  readonly database?: string;
}

export interface ConventionsData {
  readonly files: readonly WrittenConvention[];
}

/** Writes functions that are offered and that nobody has to take. */
export const migrateConventionsCommand: OpsCommand<ConventionsArgs, ConventionsData> = {
  name: "migrate conventions",
  summary: "write functions for operators (operations) and for tables by the conventions (tables)",
  worksWithoutConfig: true,
  declare: (command) => {
    command
      .addArgument(new Argument("[sets...]", "which of them (default: all)").choices(conventionSets))
      .option("--schema <name>", "schema that they are made in; has to be said")
      .option("--dir <directory>", "directory of the migrations (default: as the stack says, sql/migrations)")
      .option("-d, --database <name>", "database, where the stack has several")
      .addHelpText("after", help);
  },
  async run(context, args) {
    const { operands, schema } = args;
    if (schema === undefined || schema === "") {
      throw problemError("--schema", "is missing", "say where they are made, such as --schema app");
    }
    const sets = operands.length === 0 ? conventionSets : operands;
    const files = await writeConventions(await findPlace(context, args), sets, schema);
    return { command: "migrate conventions", stack: context.stack, data: { files }, findings: [] };
  },
  render: ({ data: { files } }) => ({
    output: files.map(({ path, written }) => `${path}${written ? "" : " (is there, and stays)"}\n`).join(""),
  }),
};

const help = `
They are files of yours from then on, in functions/ and views/ beside the migrations: \`migrate upgrade\` applies them.
A file that is there stays as it is.

operations: terminate_idle_connections(minutes), database_size(), active_connections(), view table_sizes
tables:     new_id(), acting_user(), trigger keep_row(), make_partitions(parent, ahead, every),
            partitions_before(parent, before)

JSON: data.files [{ path, written }].

Example:
  npm run ops -- migrate conventions operations --schema app`;
