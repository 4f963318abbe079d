import { InvalidArgumentError } from "commander";
import { problemError } from "../../../components/core/problem";
import { momentOf, parseMoment } from "../moment";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand, Rendering } from "../command";
import { CannotTellError } from "../failure";
import type { WholeReportData } from "../page/model";
import { readReport } from "../page/read-report";
import { findPlace, writePage, type PagePlace } from "../page/write-page";
import type { Failure, Report } from "../report";
import { plural } from "../text";

interface ReportArgs {
  readonly html?: boolean;
  readonly out?: string;
  readonly since?: Date;
  /** Of the frame. */
  readonly json?: boolean;
}

/** Standard output in place of a file. */
const standardOutput = "-";

/** Everything at once, for people who have no Grafana: what is wrong, and the five dashboards. */
export const reportCommand: OpsCommand<ReportArgs, WholeReportData> = {
  name: "report",
  summary:
    "ask everything at once; --html writes one page with the findings and the charts of the dashboards",
  declare: (command) => {
    command
      .option("--html", "write it as one page that needs nothing else: no network, no script")
      .option(
        "--out <file>",
        "with --html: there, replacing it; - is standard output (default: a name with the time)",
      )
      .option(
        "--since <moment>",
        "charts from then on: 2h, 7d, yesterday, 2026-03-01 (default: 24h)",
        parseStart,
      )
      .addHelpText("after", help);
  },
  run,
  render,
};

const help = `
Findings are those of the commands, which each section has the tables of; what one of them could not tell is a finding as
well. Charts are those of the dashboards, from the stack's Prometheus; where there is none, from the samples in schema
pgstead, which have fewer. What could not be had stands on the page by name, with the reason. Drift of what is inside of
schemas is left to \`drift\`, as that takes a scratch database.

A new page may be read by nobody else (mode 0600); one that is replaced keeps its mode. It is written also where the server
is away, with what Prometheus and the repository of backups have, and the command ends with 3.

JSON: data.place; data.at, since; data.source (prometheus, samples) | null; data.asked [{ command, findings | null }];
data.file { path, sizeBytes } | null; data.sections [{ uid, title, question, charts [{ title, description, unit, kind, source,
thresholds { warning | null, critical | null, below } | null, check | null, lines [{ name, points [{ at, value | null }] }] }],
tables [{ title, columns [{ heading, numeric }], rows, note }], untold [{ what, reason, hint, isFine }] }].

Examples:
  npm run ops -- report --stack prod
  npm run ops -- report --html --since 7d --out /srv/www/postgres.html --stack prod`;

/** A year and a month: samples are kept no longer. */
const mostDays = 400;

function parseStart(text: string): Date {
  const since = momentOf(parseMoment(text), Date.now());
  const ago = Date.now() - since.getTime();
  if (ago >= 60_000 && ago <= mostDays * 86_400_000) return since;
  throw new InvalidArgumentError(`It is a moment from a minute to ${mostDays} days ago.`);
}

/** The page beside the report that it was made of: its text is nothing for the JSON. */
const pages = new WeakMap<Report<WholeReportData>, string>();

async function run(context: CommandContext, args: ReportArgs): Promise<Report<WholeReportData>> {
  assertFitting(args);
  const { html = false, out, since = new Date(Date.now() - 86_400_000) } = args;
  const place = html && out !== standardOutput ? await findPlace(out, context.stack, new Date()) : undefined;
  const { report, away } = await readReport(context, since);
  const whole = html ? await makePage(report, place) : report;
  if (away !== undefined) throw awayError(away, whole);
  return whole;
}

function assertFitting({ html, out, json }: ReportArgs): void {
  if (html !== true && out !== undefined) {
    throw problemError("--out", "stands without --html", "add --html; text and --json go to standard output");
  }
  if (json === true && out === standardOutput) {
    throw problemError(
      "--out -",
      "stands beside --json",
      "one of the two can have standard output: name a file",
    );
  }
}

async function makePage(
  report: Report<WholeReportData>,
  place: PagePlace | undefined,
): Promise<Report<WholeReportData>> {
  // What draws is loaded for a page only.
  const [{ loadDrawing }, { renderPage }] = await Promise.all([
    import("../page/draw.js"),
    import("../page/render-page.js"),
  ]);
  const page = renderPage(report, await loadDrawing());
  if (place !== undefined) await writePage(place, page);
  const file = place === undefined ? null : { path: place.path, sizeBytes: Buffer.byteLength(page) };
  const whole = { ...report, data: { ...report.data, file } };
  if (place === undefined) pages.set(whole, page);
  return whole;
}

/** Nothing can be told of a server that is away: the page says so too, and is there. */
function awayError(
  { title, problems }: Failure,
  { data: { file } }: Report<WholeReportData>,
): CannotTellError {
  if (file === null) return new CannotTellError(title, problems);
  const what = `${file.path} has what could be told without it`;
  return new CannotTellError(title, [
    ...problems,
    { path: "the page", message: what, hint: "its sections say what is missing, and why" },
  ]);
}

function render(report: Report<WholeReportData>, _args: ReportArgs, colors: Colors): Rendering {
  const page = pages.get(report);
  if (page !== undefined) return { output: page, machine: true };
  const { place, sections, file, since } = report.data;
  const lines = sections.map(({ title, charts, tables, untold }) => {
    const missing = untold.filter(({ isFine }) => !isFine).map(({ what }) => what);
    const note = missing.length === 0 ? "" : colors.yellow(`; not told: ${missing.join(", ")}`);
    return `  ${title}: ${plural(charts.length, "chart")}, ${plural(tables.length, "table")}${note}`;
  });
  const head = `stack ${report.stack}${place === null ? "" : ` at ${place}`}, charts since ${since}`;
  const written = file === null ? [] : [`wrote ${file.path} (${Math.round(file.sizeBytes / 1024)} kB)`];
  return { output: `${[colors.bold(head), ...lines, ...written].join("\n")}\n` };
}
