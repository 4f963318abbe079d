import type { Finding } from "../../../components/core/finding";
import { backups as backupItem } from "../../../components/core/operations/checklist/looks";
import { ProblemError } from "../../../components/core/problem";
import { planStack } from "../../plan";
import type { StatusData } from "../backup/look";
import type { CommandContext, OpsCommand } from "../command";
import { describeStack } from "../checklist/run";
import { backups } from "../commands/backup";
import { bloatCommand } from "../commands/bloat";
import { capacityCommand } from "../commands/capacity";
import { connectionsCommand } from "../commands/connections";
import { diskCommand } from "../commands/disk";
import { healthCommand } from "../commands/health";
import { indexesCommand } from "../commands/indexes";
import { locksCommand } from "../commands/locks";
import { metricsCommand } from "../commands/metrics";
import { recoveryCommand } from "../commands/recovery";
import { settingsCommand } from "../commands/settings";
import { slowQueriesCommand } from "../commands/slow-queries";
import { compareAll } from "../drift/compare";
import { driftSources } from "../drift/sources";
import { plural } from "../text";
import { lookInto } from "../sessions";
import type { PlacedTable, SectionName } from "./placed";
import { backupTables, driftTables, recoveryTables, settingTables } from "./tables-declared";
import { bloatTables, indexTables, statementTables } from "./tables-inside";
import {
  capacityTables,
  connectionTables,
  diskTables,
  healthTables,
  lockTables,
  metricTables,
} from "./tables-server";

/** What one command tells for the report. */
export interface ReportPart {
  /** As one would ask for it. */
  readonly command: string;
  /** Where it is missed when it cannot be had. */
  readonly section: SectionName;
  readonly needsServer: boolean;
  /** False: that it cannot be told is no finding, as it may be too early to tell. */
  readonly isExpected: boolean;
  /** Subjects of its findings that checks of `health` judge as well: what those have told is not told again. */
  readonly checks?: Readonly<Record<string, string>>;
  run(context: CommandContext): Promise<PartAnswer>;
}

export interface PartAnswer {
  readonly findings: readonly Finding[];
  readonly tables: readonly PlacedTable[];
}

/** Rows of what is largest or slowest. */
const top = 10;

/** Everything that is asked of a stack, in the order of the findings: what the commands themselves say, by their own code. */
export function partsOf({ config }: Pick<CommandContext, "config">, since: Date): readonly ReportPart[] {
  const isPhysical = config.docker?.physical !== undefined;
  return [
    part("overview", healthCommand, {}, healthTables),
    {
      ...part("overview", connectionsCommand, {}, connectionTables),
      checks: { server: "connections" },
    },
    part("overview", locksCommand, {}, lockTables),
    part("overview", diskCommand, { top }, diskTables),
    part("overview", metricsCommand, { interval: 1_000 }, metricTables),
    statements(config.samples ? since : undefined),
    part("tables", bloatCommand, { top }, bloatTables),
    part("tables", indexesCommand, {}, indexTables),
    ...(config.samples
      ? [{ ...part("overview", capacityCommand, { days: 30, top }, capacityTables), isExpected: false }]
      : []),
    ...backups.filter(({ name }) => name === "backup status").map(backupPart),
    ...(isPhysical ? [part("backups", recoveryCommand, {}, recoveryTables)] : []),
    part("backups", settingsCommand, {}, settingTables),
    drift,
  ];
}

/** Where none are declared, the rule of the checklists says what that is worth: nothing where the stack is disposable. */
function backupPart(command: OpsCommand<object, StatusData>): ReportPart {
  const asked = part("backups", command, {}, backupTables);
  return {
    ...asked,
    needsServer: false,
    async run(context) {
      const task = backupItem.taskOn(describeStack(context.stack, context.config));
      const answer = await asked.run(context);
      if (task.kind === "look") return answer;
      return { ...answer, findings: task.kind === "found" ? [task.finding] : [] };
    },
  };
}

function part<Args extends object, Data>(
  section: SectionName,
  command: OpsCommand<Args, Data>,
  args: Args,
  tables: (data: Data) => PlacedTable[],
): ReportPart {
  return {
    command: command.name,
    section,
    needsServer: true,
    isExpected: true,
    async run(context) {
      const { data, findings } = await command.run(context, args);
      return { findings, tables: tables(data) };
    },
  };
}

/** Of the span where the samples reach back so far, else the counters as they are: the table says which. */
function statements(since: Date | undefined): ReportPart {
  const now = { by: "total", top } as const;
  const all = part("queries", slowQueriesCommand, now, statementTables);
  if (since === undefined) return all;
  const sampled = part(
    "queries",
    slowQueriesCommand,
    { ...now, since: { at: since.getTime() } },
    statementTables,
  );
  const run = (context: CommandContext): Promise<PartAnswer> =>
    sampled.run(context).catch((error: unknown) => {
      if (error instanceof ProblemError) return all.run(context);
      throw error;
    });
  return { ...all, run };
}

/** What can be compared without migrating a scratch database, as the ops container does it. */
const drift: ReportPart = {
  command: "drift",
  section: "backups",
  needsServer: true,
  isExpected: true,
  async run({ config, project, root, stack, outputs }) {
    const { administrator } = await outputs();
    const sources = driftSources(planStack(config), { project, stack: config.stack, root });
    const found = await compareAll(sources, (database, use) => lookInto(administrator, database, use));
    const message = `${plural(found.drift.length, "difference")} from what is declared`;
    const hint = `\`npm run ops -- drift --stack ${stack}\` lists them, with what is inside of schemas`;
    const findings = found.drift.length === 0 ? [] : [{ subject: "drift", message, hint }];
    return { findings, tables: driftTables(found) };
  },
};
