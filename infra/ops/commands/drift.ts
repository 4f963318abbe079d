import { planStack } from "../../plan";
import type { OpsCommand, CommandContext } from "../command";
import { compareAll } from "../drift/compare";
import { fixDrift } from "../drift/fix";
import { renderDrift, type DriftData } from "../drift/render";
import { compareSchema, type SchemaDrift, type SchemaDriftArgs, type SchemaUnseen } from "../drift/schema";
import { mendScript } from "../drift/script";
import { driftSources } from "../drift/sources";
import { cannotTell } from "../failure";
import type { Report } from "../report";
import { choosePlace, declareScratch, scratchHelp } from "../schema/scratch-options";
import { lookInto } from "../sessions";
import { plural } from "../text";

interface DriftArgs extends SchemaDriftArgs {
  readonly fix?: boolean;
  readonly sql?: boolean;
  readonly allowDataLoss?: boolean;
  readonly yes?: boolean;
}

/** Compares the live server with what is declared. */
export const driftCommand: OpsCommand<DriftArgs, DriftData> = {
  name: "drift",
  summary: "compare the live server with what is declared",
  declare: (command) => {
    declareScratch(command)
      .option("--fix", "show what would mend it, ask, and run `pulumi up` for what differs")
      .option("-y, --yes", "with --fix: do not ask")
      .option("--sql", "print the statements that would mend schema objects, as a script")
      .option("--allow-data-loss", "with --sql: also those that lose data, which are comments otherwise")
      .option("--dir <directory>", "directory of the migrations (default: sql/migrations of the project)")
      .addHelpText(
        "after",
        `
Roles, memberships, privileges, default privileges, PUBLIC, owners, settings, pg_hba.conf, extensions and schemas are
compared with the declaration; a migration that waits is named. Everything inside of schemas is compared with what the
declaration and the applied migrations give on a scratch database: tables, columns, constraints, indexes, sequences,
views, functions, triggers, rules, policies, types, and every other kind, each property by itself. Of an application with
Alembic they are its applied revisions, which its own Python runs there. That is kept in a cache until a file, the
declaration or the server's version changes. pgstead:drift.ignore names what is left out.

What the managing login may neither see nor change, such as the passwords that only a superuser reads, is told and is no
difference: nothing that this stack does would end it.

Nothing is changed without --fix; there is one connection at a time, and no statement takes over 10 s. --fix mends what
is declared: a schema object is a migration's to change, and --sql prints the statements for one.

${scratchHelp}

JSON: data.drift [{ kind, resource, subject, message, sql, risk, mend [{ sql, class, place }] }]; data.compared;
data.unseen, data.notCompared [{ what, reason }]; data.remarks [{ subject, message }]; data.schemas [{ database, head,
pending, cached, readMs, compareMs }].

Examples:
  npm run ops -- drift --stack prod --json
  npm run ops -- drift --fix
  npm run --silent ops -- drift --sql > mend.sql`,
      );
  },
  run: runDrift,
  render: (report, { sql, allowDataLoss }, colors) =>
    sql === true
      ? { output: mendScript(report.data.drift, { allowDataLoss: allowDataLoss === true }), machine: true }
      : { output: renderDrift(report, colors) },
};

async function runDrift(context: CommandContext, args: DriftArgs): Promise<Report<DriftData>> {
  const found = await compare(context, args);
  const mend = args.fix === true && found.drift.some(({ sql }) => sql !== undefined);
  const fixed = mend && (await fixDrift(context, found.drift.filter(isMendable), { yes: args.yes === true }));
  return reportOf(context, fixed ? await compare(context, args) : found);
}

const isMendable = ({ sql }: { readonly sql?: string }): boolean => sql !== undefined;

async function compare(context: CommandContext, args: DriftArgs): Promise<DriftData> {
  const { config, project, root, outputs, progress } = context;
  choosePlace(config, args); // a place that there is not is told before anything is asked
  const { host, port, administrator } = await outputs();
  const sources = driftSources(planStack(config), { project, stack: config.stack, root });
  const look = compareAll(sources, (database, use) => lookInto(administrator, database, use));
  const declared = await progress(`comparing the server at ${host}:${port}`, look);
  const seen = config.databases.filter(
    ({ name }) => !declared.unseen.some(({ what }) => what === `Access ${name}`),
  );
  const schemas = [];
  for (const database of seen) schemas.push(await compareSchema(context, database, args));
  const data = withSchemas(declared, schemas);
  if (data.drift.length > 0 || data.unseen.length === 0) return data;
  const [first] = data.unseen;
  throw cannotTell(
    `not everything could be compared: ${data.unseen.map(({ what }) => what).join(", ")}`,
    first?.reason ?? "",
    first?.what.startsWith("Schema ") === true
      ? "mend that, then run this again; all else is as declared"
      : "does the administrator get into that database? See pg_hba.conf and ALLOW_CONNECTIONS",
  );
}

function withSchemas(
  declared: Pick<DriftData, "drift" | "compared" | "unseen" | "remarks">,
  schemas: readonly (SchemaDrift | SchemaUnseen)[],
): DriftData {
  const compared = schemas.filter((one) => "drift" in one);
  const others = (isFine: boolean) =>
    schemas
      .filter((one) => "reason" in one)
      .filter((one) => one.isFine === isFine)
      .map(({ database, reason }) => ({ what: `Schema ${database}`, reason }));
  return {
    drift: [...declared.drift, ...compared.flatMap(({ drift }) => drift)],
    compared: [...declared.compared, ...compared.map(({ database }) => `Schema ${database}`)],
    unseen: [...declared.unseen, ...others(false)],
    notCompared: others(true),
    remarks: [...declared.remarks, ...compared.flatMap(({ remarks }) => remarks)],
    schemas: compared.map(({ drift: _drift, remarks: _remarks, ...rest }) => rest),
  };
}

function reportOf({ stack }: CommandContext, data: DriftData): Report<DriftData> {
  const { drift } = data;
  const fixed = drift.filter(isMendable).length;
  const printed = drift.filter(({ mend = [] }) => mend.length > 0).length;
  const ways = [
    ...(fixed === 0 ? [] : [`\`npm run ops -- drift --fix --stack ${stack}\` mends ${fixed} of them`]),
    ...(printed === 0
      ? []
      : [
          `\`npm run ops -- drift --sql --stack ${stack}\` prints the statements for ${printed}, for a migration`,
        ]),
  ];
  const hint =
    ways.length > 0 ? ways.join("; ") : "declare it, write it into a migration, or take it away by hand";
  const message = plural(drift.length, "difference");
  const findings = drift.length === 0 ? [] : [{ subject: "drift", message, hint }];
  return { command: "drift", stack, data, findings };
}
