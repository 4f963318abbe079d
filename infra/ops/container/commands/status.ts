import type { OpsCommand } from "../../command";
import { renderStatus } from "../../commands/status";
import { readStatus, type StatusData } from "../../read-status";
import { withProgress } from "../../progress";
import { statusSource } from "../jobs/status";
import type { ContainerContext } from "../surroundings";

/** The same report as on an operator's machine, from what the container knows. */
export const containerStatusCommand: OpsCommand<object, StatusData, ContainerContext> = {
  name: "status",
  summary: "show the server, its databases, extensions, schemas and roles",
  declare: (command) => {
    command.addHelpText("after", "\nExample:\n  node /usr/lib/pgstead/ops.cjs status --json");
  },
  run: async ({ read, write }) =>
    readStatus({
      ...statusSource(await read()),
      progress: (label, work) => withProgress(label, write, work),
    }),
  render: (report, _args, colors) => ({ output: renderStatus(report, colors) }),
};
