import type { Finding } from "../../../components/core/finding";
import { auditsOf, resolveOpsService } from "../../../components/core/ops-service";
import { problemError } from "../../../components/core/problem";
import { maintainAudit, type Maintained } from "../../../components/io/audit/maintain";
import type { CommandContext, OpsCommand } from "../command";
import { upCommand } from "../failure";
import type { Report } from "../report";
import { plural } from "../text";

interface MaintainArgs {
  readonly database?: string;
  readonly dryRun?: boolean;
}

export interface MaintainData {
  readonly dryRun: boolean;
  readonly trails: readonly {
    readonly database: string;
    /** Statements that ran. */
    readonly made: readonly string[];
    readonly dropped: readonly string[];
    /** What is not as declared. */
    readonly differences: readonly string[];
    readonly monthsAhead: number;
  }[];
}

/** Makes and drops the trail's partitions. */
export const auditMaintainCommand: OpsCommand<MaintainArgs, MaintainData> = {
  name: "audit maintain",
  summary: "make the trail's partitions of a year, and drop those that are older than it is kept",
  declare: (command) => {
    command
      .option("-d, --database <name>", "only this one of the stack's databases")
      .option("--dry-run", "show what would run, and end")
      .addHelpText("after", help);
  },
  run,
  render: ({ data: { trails, dryRun } }) => ({
    output: trails
      .map(({ database, made, dropped, monthsAhead }) => {
        const statements = [...made, ...dropped];
        const done = statements.length === 0 ? "nothing to do" : dryRun ? "would run" : "done";
        return [
          `trail of ${database}: ${done}; ${plural(monthsAhead, "month")} ahead`,
          ...statements.map((sql) => `  ${sql};`),
        ]
          .map((line) => `${line}\n`)
          .join("");
      })
      .join(""),
  }),
};

const help = `
For a schedule, once a day, where there is no ops container: target docker runs it by itself. Nothing is dropped unless
pgstead:audit has a retention. Ends with 1 where a trail, its functions or its triggers are not as declared.

JSON: data.dryRun; data.trails [{ database, made, dropped, differences, monthsAhead }].

Example:
  npm run ops -- audit maintain --stack prod`;

async function run(context: CommandContext, args: MaintainArgs): Promise<Report<MaintainData>> {
  const { config, stack, outputs, progress, write } = context;
  const declared = auditsOf(resolveOpsService(config));
  const audits = declared.filter(({ database }) => args.database === undefined || database === args.database);
  if (audits.length === 0) {
    const known = declared.map(({ database }) => database).join(", ");
    const hint = known === "" ? "declare pgstead:audit, and run `up`" : `known here: ${known}`;
    throw problemError(args.database ?? `stack ${stack}`, "has no trail", hint);
  }
  const { administrator } = await outputs();
  const say = (text: string): Promise<void> => {
    write(text);
    return Promise.resolve();
  };
  const waiting = { say, signal: new AbortController().signal };
  const dryRun = args.dryRun === true;
  const results: (Maintained & { readonly database: string })[] = [];
  for (const declaration of audits) {
    const { database } = declaration;
    const work = maintainAudit(administrator, declaration, { dryRun, waiting });
    results.push({ database, ...(await progress(`looking after the trail of ${database}`, work)) });
  }
  return {
    command: "audit maintain",
    stack,
    data: {
      dryRun,
      trails: results.map(({ database, made, dropped, differences, ahead }) => ({
        database,
        made: made.map(({ sql }) => sql),
        dropped: dropped.map(({ sql }) => sql),
        differences: differences.map(({ sql, summary }) => summary ?? sql),
        monthsAhead: ahead,
      })),
    },
    findings: results.flatMap(({ database, differences }) => toFindings(database, differences, stack)),
  };
}

function toFindings(database: string, differences: Maintained["differences"], stack: string): Finding[] {
  return differences.map(({ sql, summary, reason }) => ({
    subject: `trail of ${database}`,
    message: `${reason}: ${summary ?? sql}`,
    hint: `\`${upCommand(stack)}\` mends it`,
  }));
}
