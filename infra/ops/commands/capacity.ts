import { InvalidArgumentError } from "commander";
import {
  forecastCapacity,
  fullWithin,
  judgeCapacity,
  type CapacityData,
} from "../../../components/core/operations/capacity";
import { parseMemory } from "../../../components/core/settings/value";
import { readCapacityFacts } from "../../../components/io/catalog/capacity";
import { readSamplePlace } from "../../../components/io/catalog/samples";
import { parseLimit } from "../arguments";
import { renderCapacity } from "../capacity/render";
import type { CommandContext, OpsCommand } from "../command";
import { cannotTell } from "../failure";
import type { Report } from "../report";
import { openWatcher } from "../watcher";

interface CapacityArgs {
  readonly days: number;
  readonly top: number;
  /** Bytes. */
  readonly size?: number;
}

/** Tells how fast databases and tables grow, and when the volume is full at that rate. */
export const capacityCommand: OpsCommand<CapacityArgs, CapacityData> = {
  name: "capacity",
  summary: "show how fast databases and tables grow, and when the volume is full at that rate",
  declare: (command) => {
    command
      .option("--days <count>", "look back so far", parseLimit, 30)
      .option("--top <count>", "so many tables of each database, those that grow most", parseLimit, 10)
      .option(
        "--size <size>",
        "space that there is, such as 100GB, where no sample knows the volume",
        parseSize,
      )
      .addHelpText("after", help);
  },
  run,
  render: (report, _args, colors) => ({ output: renderCapacity(report, colors) }),
  nagios: ({ data: { server, databases } }) => ({
    summary:
      server.volume?.daysLeft == null
        ? "no end of the volume in sight"
        : `the volume is full in ${server.volume.daysLeft.toFixed(0)} days`,
    performance: [
      ...(server.volume?.daysLeft == null
        ? []
        : [
            {
              label: "days_left",
              value: Math.round(server.volume.daysLeft),
              warning: fullWithin.warningDays,
              critical: fullWithin.criticalDays,
            },
          ]),
      ...(server.volume === null
        ? []
        : [{ label: "used", value: server.volume.used, unit: "B" as const, max: server.volume.limit }]),
      ...databases.flatMap(({ database, sizeBytes }) =>
        sizeBytes === null ? [] : [{ label: `${database}_size`, value: sizeBytes, unit: "B" as const }],
      ),
    ],
  }),
};

const help = `
From the samples in schema pgstead. A rate is the median of the slopes between any two samples, so that a load or a VACUUM
FULL does not turn it; it needs 10 samples of 3 days. Connections are counted when a sample is taken: a shorter peak is not
seen. Transactions are those until the server would take no more writes if nothing were frozen: autovacuum freezes by then.

JSON: data.days; data.databases [{ database, sampleCount, from | null, to | null, spanDays, sizeBytes | null, bytesPerDay |
null, tables [{ schema, name, sizeBytes, bytesPerDay }] }]; data.server { volume, connections, wraparound (each { used,
limit, perDay | null, daysLeft | null } | null; volume has source), walBytesPerDay | null }; data.remarks.

Examples:
  npm run ops -- capacity --stack prod
  npm run ops -- capacity --days 90 --size 500GB --nagios --stack legacy`;

function parseSize(text: string): number {
  const kilobytes = parseMemory(text);
  if (kilobytes !== undefined && kilobytes > 0) return kilobytes * 1024;
  throw new InvalidArgumentError("Write a number and MB, GB or TB, such as 100GB.");
}

async function run(context: CommandContext, args: CapacityArgs): Promise<Report<CapacityData>> {
  const watcher = await openWatcher(context);
  const found = await Promise.all(
    watcher.databases.map((name) =>
      watcher.look(name, async (session) => {
        const place = await readSamplePlace(session);
        return place.layout === undefined ? undefined : readCapacityFacts(session, name, args.days);
      }),
    ),
  );
  const facts = found.filter((one) => one !== undefined);
  if (facts.every(({ samples }) => samples.length === 0)) {
    throw cannotTell(
      `the growth of stack ${context.stack} is not known`,
      "there are no samples",
      facts.length === 0
        ? "set pgstead:monitoring.samples to true and run `npm run pulumi -- up`"
        : "the ops container takes one every ten minutes; `npm run ops -- sample` takes one now",
    );
  }
  const data = forecastCapacity(facts, args);
  const remarks = [
    ...data.remarks,
    ...(data.server.volume === null
      ? ["no sample knows the volume of the data: say how large it is with --size, such as --size 100GB"]
      : []),
  ];
  const whole = { ...data, remarks };
  return { command: "capacity", stack: context.stack, data: whole, findings: judgeCapacity(whole) };
}
