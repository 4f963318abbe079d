import { diskFindings } from "../../../components/core/operations/disk";
import { renderSize } from "../../../components/core/size";
import { readDatabaseSpace, readServerSpace } from "../../../components/io/catalog/space";
import { maintenanceDatabase } from "../../../components/io/session";
import { parseLimit } from "../arguments";
import type { CommandContext, OpsCommand } from "../command";
import type { NagiosResult } from "../nagios";
import type { Report } from "../report";
import { databasesOf, declareDatabase, lookIntoEach, type DatabaseArgs } from "../space/databases";
import { renderDisk, type DiskData } from "../space/render-disk";
import { readVolumes } from "../space/volumes";
import { openWatcher } from "../watcher";

interface DiskArgs extends DatabaseArgs {
  readonly top: number;
}

/** Tells what takes room on the server's volumes, and how much is left. */
export const diskCommand: OpsCommand<DiskArgs, DiskData> = {
  name: "disk",
  summary: "show what databases, tables, log and write-ahead log take, and what is free",
  declare: (command) => {
    declareDatabase(command)
      .option("--top <count>", "how many of the largest tables", parseLimit, 10)
      .addHelpText("after", help);
  },
  run,
  watch: true,
  nagios: ({ data }): NagiosResult => ({
    summary: data.volumes
      .map(
        ({ holds, freePercent, freeBytes }) =>
          `${holds.join(", ")} ${freePercent}% free (${renderSize(freeBytes)})`,
      )
      .concat(data.volumes.length === 0 ? data.remarks : [])
      .join(", "),
    performance: performanceOf(data),
  }),
  render: (report, _args, colors) => ({ output: renderDisk(report, colors) }),
};

const help = `
Free space is that of the server's volumes: of this machine on target embedded, of the server's container on target docker;
of another server (target existing) it cannot be told. Findings: less free than the thresholds diskWarning and diskCritical
of pgstead:monitoring.thresholds, and a write-ahead log beyond walRatio times max_wal_size. What somebody has locked whole
is measured by the pages of its last VACUUM.

JSON: data.place; data.server { databases [{ name, sizeBytes }], tablespaces [{ name, location, sizeBytes }], wal { files,
sizeBytes, maxWalBytes, keepBytes }, temporary and log { files, sizeBytes }, dataDirectory, logDirectory }, null where the
login may not see it; data.volumes [{ holds, path, sizeBytes, freeBytes, freePercent }]; data.databases [{ database,
schemas [{ name, tables, sizeBytes }] }]; data.tables [{ database, table, tableBytes, indexBytes, toastBytes, sizeBytes }];
data.thresholds; data.remarks.

Examples:
  npm run ops -- disk --top 20
  npm run --silent ops -- disk --nagios`;

async function run(context: CommandContext, args: DiskArgs): Promise<Report<DiskData>> {
  const chosen = databasesOf(context, args);
  const watcher = await openWatcher(context);
  const { thresholds } = context.config;
  const server = await context.progress(
    `measuring the server at ${watcher.place}`,
    watcher.look(maintenanceDatabase, readServerSpace),
  );
  const inside = await lookIntoEach(context, chosen, ({ name }) =>
    watcher.look(name, (session) => readDatabaseSpace(session, args.top)),
  );
  const look = await readVolumes(context, server);
  const volumes = "volumes" in look ? look.volumes : [];
  const remarks = [
    ...("unseen" in look ? [look.unseen] : []),
    ...(server.wal === null
      ? [`${watcher.roleFor(maintenanceDatabase)} may not list the write-ahead log: that needs pg_monitor`]
      : []),
  ];
  const { diskWarning: warningPercent, diskCritical: criticalPercent } = thresholds;
  return {
    command: "disk",
    stack: context.stack,
    data: {
      ...{ place: watcher.place, server, volumes, top: args.top, remarks },
      databases: inside.map(({ database, schemas }) => ({ database, schemas })),
      tables: inside
        .flatMap(({ tables }) => tables)
        .toSorted((a, b) => b.sizeBytes - a.sizeBytes)
        .slice(0, args.top),
      thresholds: { warningPercent, criticalPercent },
    },
    findings: diskFindings(volumes, server, thresholds),
  };
}

/** Used bytes: their limits are upper ones, as those of most checks are. */
function performanceOf({ volumes, server, thresholds }: DiskData): NagiosResult["performance"] {
  const { warningPercent, criticalPercent } = thresholds;
  return [
    ...volumes.map(({ holds, sizeBytes, freeBytes }) => ({
      label: `${holds.join("+")}_used`,
      value: sizeBytes - freeBytes,
      unit: "B" as const,
      warning: Math.round(sizeBytes * (1 - warningPercent / 100)),
      critical: Math.round(sizeBytes * (1 - criticalPercent / 100)),
      min: 0,
      max: sizeBytes,
    })),
    ...(server.wal === null
      ? []
      : [{ label: "wal", value: server.wal.sizeBytes, unit: "B" as const, min: 0 }]),
    ...server.databases.flatMap(({ name, sizeBytes }) =>
      sizeBytes === null ? [] : [{ label: `database_${name}`, value: sizeBytes, unit: "B" as const, min: 0 }],
    ),
  ];
}
