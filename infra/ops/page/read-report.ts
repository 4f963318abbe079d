import type { CommandContext } from "../command";
import type { Failure, Report } from "../report";
import { openWatcher } from "../watcher";
import { askParts, type PartAnswers } from "./ask-parts";
import { readCharts, type DrawnDashboards } from "./charts";
import type { WholeReportData, ReportSection } from "./model";
import { chartFindings } from "./judge";
import { partsOf } from "./parts";

export interface ReadReport {
  readonly report: Report<WholeReportData>;
  /** Why the server could not be asked; undefined: it could. */
  readonly away: Failure | undefined;
}

/** Asks everything that a report has, of the server, the repository of backups and Prometheus. Changes nothing. */
export async function readReport(given: CommandContext, since: Date): Promise<ReadReport> {
  const context = askingOnce(given);
  const place = await openWatcher(context).then((watcher) => watcher.place);
  const parts = await askParts(partsOf(context, since), context);
  const now = new Date();
  const charts = await readCharts(context, { since, now, away: parts.away });
  const sections = sectionsOf(charts, parts);
  const data: WholeReportData = {
    place,
    at: now.toISOString(),
    since: since.toISOString(),
    source: charts.source,
    sections,
    asked: parts.asked,
    file: null,
  };
  const findings = [...parts.findings, ...chartFindings(sections, parts.findings)];
  const { away } = parts;
  return { report: { command: "report", stack: given.stack, data, findings }, away };
}

/** Every command reads the stack's state by itself, which takes a second. */
function askingOnce(context: CommandContext): CommandContext {
  let own: ReturnType<CommandContext["outputs"]> | undefined;
  return {
    ...context,
    outputs: (other) => (other === undefined ? (own ??= context.outputs()) : context.outputs(other)),
  };
}

/** Grafana's titles begin with the name of this program, which the page does not need. */
function sectionsOf({ dashboards }: DrawnDashboards, { tables, untold }: PartAnswers): ReportSection[] {
  return dashboards.map(({ uid, title, question, charts, untold: undrawn }) => {
    const isHere = ({ section }: { readonly section: string }): boolean => uid === `pgstead-${section}`;
    const name = title.replace(/^pgstead: /, "");
    return {
      uid,
      title: `${name.charAt(0).toUpperCase()}${name.slice(1)}`,
      question,
      charts,
      tables: tables.filter(isHere).map(({ table }) => table),
      untold: [...untold.filter(isHere).map((one) => one.untold), ...undrawn],
    };
  });
}
