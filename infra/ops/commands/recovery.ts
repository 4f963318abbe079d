import { whereIsBucket } from "../../../components/core/copies/plan";
import { containerPlaces } from "../../../components/core/physical/configuration";
import { problemError } from "../../../components/core/problem";
import { readArchiver } from "../../../components/io/catalog/archiver";
import { backRest } from "../../../components/io/physical/pgbackrest";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import { findEngine } from "../find-engine";
import { readRecovery, type RecoveryData } from "../recovery/read-recovery";
import { recoveryHelp, renderRecovery } from "../recovery/render-recovery";
import type { Report } from "../report";
import { lookInto } from "../sessions";

/** Shows which moments of a server can be restored, and from which physical backups. */
export const recoveryCommand: OpsCommand<object, RecoveryData> = {
  name: "recovery",
  summary: "show which moments can be restored, and the physical backups",
  declare: (command) => {
    command.addHelpText("after", `${recoveryHelp}\nExample:\n  npm run ops -- recovery --stack prod --json`);
  },
  run: look,
  render: (report, _args, colors) => ({ output: renderRecovery(report, colors) }),
};

async function look({
  stack,
  config,
  root,
  outputs,
  progress,
}: CommandContext): Promise<Report<RecoveryData>> {
  const { docker } = config;
  if (docker?.physical === undefined) {
    throw problemError(
      `stack ${stack}`,
      "declares no physical backups",
      "declare them on target docker: `pgstead:backup: { physical: {} }`",
    );
  }
  const { administrator } = await outputs();
  const engine = findEngine(docker, root);
  // What speaks to an engine is loaded where there is one.
  const { runInContainer } = await import("../../../components/io/physical/run-in-container.js");
  const run = runInContainer(engine, `${docker.name}-server`);
  const { second } = docker.physical;
  const { configuration } = containerPlaces;
  const reading = readRecovery({
    stack,
    backend: backRest(run, configuration),
    ...(second === undefined
      ? {}
      : {
          second: {
            backend: backRest(run, configuration, 2),
            where: whereIsBucket(second.s3),
            schedules: second,
          },
        }),
    readArchiver: () => lookInto(administrator, maintenanceDatabase, readArchiver),
    schedules: docker.physical,
    timeZone: "UTC",
    now: Date.now(),
  });
  return progress("looking at the repository of physical backups", reading);
}
