import { planStack } from "../../plan";
import type { OpsCommand, CommandContext } from "../command";
import { compareAll } from "../drift/compare";
import { fixDrift } from "../drift/fix";
import { renderDrift, type DriftData } from "../drift/render";
import { driftSources } from "../drift/sources";
import { cannotTell } from "../failure";
import type { Report } from "../report";
import { lookInto } from "../sessions";
import { plural } from "../text";

interface DriftArgs {
  readonly fix?: boolean;
  readonly yes?: boolean;
}

/** Compares the live server with what is declared. */
export const driftCommand: OpsCommand<DriftArgs, DriftData> = {
  name: "drift",
  summary: "compare the live server with what is declared",
  declare: (command) => {
    command
      .option("--fix", "show what would mend it, ask, and run `pulumi up` for what differs")
      .option("-y, --yes", "with --fix: do not ask")
      .addHelpText(
        "after",
        `
Roles, memberships, privileges, default privileges, PUBLIC, owners, settings, pg_hba.conf, extensions and schemas are
compared. Nothing is changed without --fix; there is one connection at a time, and no statement takes over 10 s.

Examples:
  npm run ops -- drift --stack prod --json
  npm run ops -- drift --fix`,
      );
  },
  run: runDrift,
  render: (report, _args, colors) => ({ output: renderDrift(report, colors) }),
};

async function runDrift(context: CommandContext, args: DriftArgs): Promise<Report<DriftData>> {
  const found = await compare(context);
  const mend = args.fix === true && found.drift.some(({ sql }) => sql !== undefined);
  const fixed = mend && (await fixDrift(context, found.drift.filter(isMendable), { yes: args.yes === true }));
  return reportOf(context, fixed ? await compare(context) : found);
}

const isMendable = ({ sql }: { readonly sql?: string }): boolean => sql !== undefined;

async function compare({ config, project, root, outputs, progress }: CommandContext): Promise<DriftData> {
  const { host, port, administrator } = await outputs();
  const sources = driftSources(planStack(config), { project, stack: config.stack, root });
  const look = compareAll(sources, (database, use) => lookInto(administrator, database, use));
  const data = await progress(`comparing the server at ${host}:${port}`, look);
  if (data.drift.length > 0 || data.unseen.length === 0) return data;
  const [first] = data.unseen;
  throw cannotTell(
    `not everything could be compared: ${data.unseen.map(({ what }) => what).join(", ")}`,
    first?.reason ?? "",
    "does the administrator get into that database? See pg_hba.conf and ALLOW_CONNECTIONS",
  );
}

function reportOf({ stack }: CommandContext, data: DriftData): Report<DriftData> {
  const { drift } = data;
  const mendable = drift.filter(isMendable).length;
  const hint =
    mendable === 0
      ? "declare it, or take it away by hand; `authoritative: true` of a database takes it away"
      : `\`npm run ops -- drift --fix --stack ${stack}\` mends what has a statement; or declare what is right`;
  const message = `${plural(drift.length, "difference")}, ${mendable} of which can be mended`;
  const findings = drift.length === 0 ? [] : [{ subject: "drift", message, hint }];
  return { command: "drift", stack, data, findings };
}
