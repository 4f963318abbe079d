import { InvalidArgumentError } from "commander";
import { securityAreas, type SecurityArea } from "../../../components/core/operations/security/control";
import {
  judgeSecurity,
  securityFindings,
  type ControlResult,
} from "../../../components/core/operations/security/judge";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";
import { readSecurity } from "../security/facts";
import { renderTable } from "../table";

interface AuditSecurityArgs {
  readonly area?: SecurityArea;
}

/** What `audit-security` tells, as JSON. */
export interface AuditSecurityData {
  /** As the server says it: `17.10`. */
  readonly version: string;
  readonly controls: readonly ControlResult[];
  readonly counts: Readonly<Record<ControlResult["status"], number>>;
}

/** Holds a server against public recommendations for a hardened PostgreSQL. */
export const auditSecurityCommand: OpsCommand<AuditSecurityArgs, AuditSecurityData> = {
  name: "audit-security",
  summary: "check the server against public recommendations for hardening PostgreSQL",
  nagios: ({ data: { counts } }) => ({
    summary: `${counts.fail} of ${Object.values(counts).reduce((sum, count) => sum + count, 0)} controls fail`,
    performance: [{ label: "failed", value: counts.fail, warning: 0, min: 0 }],
  }),
  declare: (command) => {
    command
      .option("--area <area>", `one area only: ${securityAreas.join(", ")}`, parseArea)
      .addHelpText("after", help);
  },
  run: look,
  render: (report, _args, colors) => ({ output: renderSecurity(report, colors) }),
};

const help = `
Each control has its own id, its source (a page of PostgreSQL's manual) and, where a public page shows it, its number in
the CIS PostgreSQL 17 Benchmark. The areas are that benchmark's, the words are ours. It is no certificate: of the
benchmark's recommendations about the host, accounts of people and processes nothing is said here.

What cannot be seen is told as such and never passes: files of an existing server, or rules that only a superuser reads.
A control that fails and has to is declared with its reason:

  pgstead:security: { exceptions: { special.backup: "the storage takes snapshots every hour" } }

JSON: data.controls [{ id, area, title, status, evidence, reason, source, cis, mend }], status pass, fail, exception,
cannot-tell or not-applicable; data.counts.

Examples:
  npm run ops -- audit-security --stack prod
  npm run ops -- audit-security --area connection --json`;

async function look(
  context: CommandContext,
  { area }: AuditSecurityArgs,
): Promise<Report<AuditSecurityData>> {
  const { stack, config, progress } = context;
  const facts = await progress("looking at the server", readSecurity(context));
  const controls = judgeSecurity(
    facts,
    config.security.exceptions,
    area === undefined ? securityAreas : [area],
  );
  const count = (status: ControlResult["status"]): number =>
    controls.filter((one) => one.status === status).length;
  const counts = {
    pass: count("pass"),
    fail: count("fail"),
    exception: count("exception"),
    "cannot-tell": count("cannot-tell"),
    "not-applicable": count("not-applicable"),
  };
  const data = { version: facts.version, controls, counts };
  return { command: "audit-security", stack, data, findings: securityFindings(controls) };
}

function renderSecurity({ stack, data }: Report<AuditSecurityData>, colors: Colors): string {
  const { version, controls, counts } = data;
  const told = Object.entries(counts).filter(([, count]) => count > 0);
  const paint = {
    pass: colors.green,
    fail: colors.red,
    exception: colors.yellow,
    "cannot-tell": colors.yellow,
    "not-applicable": colors.dim,
  };
  const rows = controls.map(({ id, status, evidence, cis, reason }) => [
    id,
    status,
    cis?.number ?? "",
    shortened(reason === null ? evidence : `${evidence} (${reason})`),
  ]);
  const columns = ["control", "status", "CIS", "seen"].map((heading) => ({ heading }));
  return [
    `stack ${stack}: PostgreSQL ${version}; ${told.map(([status, count]) => paint[status as keyof typeof paint](`${count} ${status}`)).join(", ")}`,
    "",
    renderTable("Controls", columns, rows, colors),
    "",
  ].join("\n");
}

function shortened(text: string): string {
  return text.length <= 140 ? text : `${text.slice(0, 139)}…`;
}

function parseArea(text: string): SecurityArea {
  const area = securityAreas.find((known) => known === text);
  if (area !== undefined) return area;
  throw new InvalidArgumentError(`It is one of ${securityAreas.join(", ")}.`);
}
