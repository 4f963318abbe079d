import { judgeHealth } from "../../../components/core/operations/health";
import type { CommandContext, OpsCommand } from "../command";
import type { HealthData } from "../health/found";
import { readStackCare, type CareArgs } from "../health/read-care";
import { readStackHealth } from "../health/read-health";
import { renderHealth } from "../health/render";
import type { NagiosResult, PerformanceFigure } from "../nagios";
import type { Report } from "../report";
import { openWatcher } from "../watcher";

/** Asks whether a server is well: one check a question, each with its figure. */
export const healthCommand: OpsCommand<object, HealthData> = {
  name: "health",
  summary: "check whether the server is well: connections, locks, archiving, slots, wraparound and more",
  declare: (command) => {
    command.addHelpText("after", help);
  },
  watch: true,
  run: (context) => look(context),
  nagios: tellNagios,
  render: (report, _args, colors) => ({ output: renderHealth(report, colors) }),
};

/** The same for who looks at the backups by itself: asking for them takes a program of its own where they are in a container. */
export const healthBesideBackups: OpsCommand<object, HealthData> = {
  ...healthCommand,
  run: (context) => look(context, { backups: false }),
};

const help = `
Asks the server as a whole and each declared database, as the stack's role of profile monitor where there is one. On a
server without a free connection it has one of the reserved ones (PostgreSQL 16), else the administrator has.
A standby is told as such, and that is no finding. What counts from when the statistics began (cache_hit_ratio,
rollback_ratio) is judged where there is enough of it. Backups are judged as by \`backup status\`, passwords as by
\`rotate --list\`; of containers that is asked inside of one, and where it takes over 2 s a remark says so. Thresholds: pgstead:monitoring.thresholds, the same as the alerts'.

JSON: data { place, role, version, inRecovery, uptimeSeconds, databases, checks [{ name, status (ok, warning, critical),
value, unit (s, B, %, none for a count), message, hint, warning, critical }], remarks }

Examples:
  npm run ops -- health --stack prod --watch
  npm run ops -- health --stack prod --nagios`;

async function look(context: CommandContext, { backups = true }: CareArgs = {}): Promise<Report<HealthData>> {
  const { stack, config } = context;
  const watcher = await openWatcher(context);
  const looking = readStackHealth(watcher, context);
  // Beside each other: what takes longer is in containers.
  const [{ facts, declared }, care] = await context.progress(
    `asking the server at ${watcher.place}`,
    Promise.all([looking, readStackCare(context, watcher, { backups })]),
  );
  const checks = [...judgeHealth(facts, config.thresholds), declared, ...care.checks];
  const findings = checks.flatMap(({ name, status, message, hint }) =>
    status === "ok" ? [] : [{ subject: name, message, hint, severity: status }],
  );
  return {
    command: "health",
    stack,
    data: {
      place: watcher.place,
      role: watcher.roleFor("postgres"),
      version: facts.version,
      inRecovery: facts.recovery !== null,
      uptimeSeconds: facts.uptimeSeconds,
      databases: facts.inside.map(({ database }) => database),
      checks,
      remarks: care.remarks,
    },
    findings,
  };
}

function tellNagios({ data, findings }: Report<HealthData>): NagiosResult {
  const summary =
    findings.length === 0
      ? `${data.checks.length} checks are well${data.inRecovery ? ", in recovery" : ""}`
      : findings.map(({ subject, message }) => `${subject}: ${message}`).join("; ");
  const performance = data.checks.flatMap(({ name, value, unit, warning, critical }): PerformanceFigure[] =>
    value === null
      ? []
      : [
          {
            label: name,
            value,
            ...(unit === undefined ? {} : { unit }),
            ...(warning === undefined ? {} : { warning }),
            ...(critical === undefined ? {} : { critical }),
          },
        ],
  );
  return { summary, performance };
}
