import { problemError } from "../../../../components/core/problem";
import { readArchiver } from "../../../../components/io/catalog/archiver";
import { backRest } from "../../../../components/io/physical/pgbackrest";
import { runHere } from "../../../../components/io/physical/run-here";
import type { OpsCommand } from "../../command";
import { readRecovery, type RecoveryData } from "../../recovery/read-recovery";
import { recoveryHelp, renderRecovery } from "../../recovery/render-recovery";
import { lookInto } from "../../sessions";
import { administratorOf } from "../context";
import type { ContainerContext } from "../surroundings";

/** The same report as on an operator's machine, from what the container knows. */
export const containerRecoveryCommand: OpsCommand<object, RecoveryData, ContainerContext> = {
  name: "recovery",
  summary: "show which moments can be restored, and the physical backups",
  declare: (command) => {
    command.addHelpText(
      "after",
      `${recoveryHelp}\nExample:\n  node /usr/lib/pgstead/ops.cjs recovery --json`,
    );
  },
  async run({ read, clock }) {
    const context = await read();
    const { physical, schedules, stack, timeZone, server } = context;
    const { "physical-full": full, "physical-incremental": incremental } = schedules;
    if (physical === undefined || full === undefined || incremental === undefined) {
      const hint = "declare them: `pgstead:backup: { physical: {} }`, and run `up`";
      throw problemError(`stack ${stack}`, "declares no physical backups", hint);
    }
    return readRecovery({
      stack,
      backend: backRest(runHere, physical.configuration),
      readArchiver: () => lookInto(administratorOf(context), server.maintenanceDatabase, readArchiver),
      schedules: { full, incremental },
      timeZone,
      now: clock.now(),
    });
  },
  render: (report, _args, colors) => ({ output: renderRecovery(report, colors) }),
};
