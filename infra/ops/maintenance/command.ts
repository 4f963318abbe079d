import { InvalidArgumentError, type Command } from "commander";
import { parseTime } from "../../../components/core/duration";
import type { MaintenanceAction } from "../../../components/core/operations/maintenance-facts";
import type { OpsCommand } from "../command";
import type { MaintenanceArgs, MaintenanceData } from "./maintenance-report";
import { maintain } from "./run";
import { renderMaintenance } from "./render";

/** What the three commands of maintenance have in common. */
export function maintenanceCommand(
  action: MaintenanceAction,
  own: { readonly summary: string; readonly help: string; readonly declare?: (command: Command) => void },
): OpsCommand<MaintenanceArgs, MaintenanceData> {
  const names = action === "reindex" ? "[names...]" : "[tables...]";
  return {
    name: action,
    summary: own.summary,
    declare: (command) => {
      command
        .argument(
          names,
          `${action === "reindex" ? "tables or indexes" : "tables"}, such as app.orders (default: all)`,
        )
        .option("-d, --database <name>", "database, where the stack has several");
      own.declare?.(command);
      command
        .option("--lock-timeout <time>", lockTimeoutHelp(action), parseLockTimeout)
        .option("--dry-run", "show what would run, and change nothing")
        .option("-y, --yes", "do not ask")
        .addHelpText("after", `${own.help}${commonHelp}`);
    },
    run: (context, args) => maintain(context, action, args),
    render: (report, _args, colors) => ({ output: renderMaintenance(report, colors) }),
  };
}

function lockTimeoutHelp(action: MaintenanceAction): string {
  const usual = action === "reindex" ? "10min, with --locking 5s" : "5s";
  return `longest wait for a lock, such as 30s or 5min (default: ${usual})`;
}

function parseLockTimeout(text: string): number {
  const milliseconds = parseTime(text);
  if (milliseconds !== undefined && milliseconds >= 1) return milliseconds;
  throw new InvalidArgumentError("It is a time such as 500ms, 5s or 10min.");
}

const commonHelp = `

What would run is shown first, with its lock and the size of what it touches, and asked for. One that fails does not keep
the others from being run: the exit code is 1, and it is listed. What waits too long for a lock says who has it. Ctrl-C
ends the statement on the server, and the command with 130. It works as the administrator, or as the table's owner where
only that one may; on a standby it is refused.

JSON: data.database, action, dryRun, confirmed; data.steps [{ subject, statement, lock, sizeBytes, needsBytes, runAs,
lockTimeoutMs, outcome (planned, done, failed, left), durationMs, sizeAfterBytes }]; data.skipped [{ subject, reason }];
data.remarks.`;
