import { problemError } from "../../../../components/core/problem";
import type { OpsCommand } from "../../command";
import { containerRecovery } from "../../recovery/container-source";
import { readRecovery, type RecoveryData } from "../../recovery/read-recovery";
import { recoveryHelp, renderRecovery } from "../../recovery/render-recovery";
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
    const source = containerRecovery(context, clock.now());
    if (source !== undefined) return readRecovery(source);
    const hint = "declare them: `pgstead:backup: { physical: {} }`, and run `up`";
    throw problemError(`stack ${context.stack}`, "declares no physical backups", hint);
  },
  render: (report, _args, colors) => ({ output: renderRecovery(report, colors) }),
};
