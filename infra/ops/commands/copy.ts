import type { CommandContext, OpsCommand } from "../command";
import { copy, type CopyArgs } from "../move/copy";
import { renderCopy, type CopyData } from "../move/render";

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
      .option("--backup <name>", "this one of `backup list`, rather than the newest that is verified")
      .option("--confirm <name>", "name of the database that is replaced, for scripts; a person types it")
      .option("--dry-run", "say what would happen, and end")
      .option("--unmasked", "copies everything as it is, whatever pgstead:database.masking says")
      .addHelpText("after", help);
  },
  run: (context: CommandContext, args) => copy(context, args),
  render: ({ data }, _args, colors) => ({ output: renderCopy(data, colors) }),
};

const help = `
The newest verified logical backup of the first stack is restored beside the database of the other one, compared with its
manifest, masked by \`masking\` of the first stack's database, and then takes the name in one moment, once somebody has typed
it. Until then nobody but superusers can connect to it, also as a replica. The one that was there stays as
<database>_before_<moment>, without connections. Whatever fails or is killed before leaves it as it is, and the next run
removes what is left.

Masked columns are rewritten with their tables, TOAST and indexes; materialized views and statistics are made of what is
masked; the trail of audits is emptied. The write-ahead log of the target has the rows as they were, until it is recycled.
Rules for generated columns, for keys that others refer to and for rows on other servers are refused.

What belongs to an environment stays there: subscriptions and user mappings never come, jobs of schedulers come and are not
active, the owner, privileges and settings of the database are those of the one that is replaced. Roles that the target
lacks are made without login. Extensions that it lacks are refused.

A stack that is protected, or that declares masking itself, is refused as a target. The client programs of its major
version have to be on this machine. Without a terminal and without --confirm nothing is done (2).

JSON: data.from, data.to, data.database; data.plan { backup, takenAt, age, masking [{ column, rows }], looksPersonal,
leftOut, roles { there, made }, replaced { size, sessions, subscriptions, slots } | null }; data.moved { tables [{ table, rows }], notes, kept,
roles } | null.

Examples:
  npm run ops -- copy --from prod --to staging --dry-run
  npm run ops -- copy --from prod --to staging --confirm shop`;
