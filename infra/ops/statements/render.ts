import {
  renderMs,
  type Regression,
  type StatementFigures,
} from "../../../components/core/operations/statements";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable, type Column } from "../table";
import type { SlowQueriesArgs, SlowQueriesData, SpanData } from "./read";

/** Width of a text that is cut. */
const textWidth = 70;

/** The report for people. */
export function renderSlowQueries(
  { data }: Report<SlowQueriesData>,
  { full = false }: Pick<SlowQueriesArgs, "full">,
  colors: Colors,
): string {
  const { spans, statements, by, regressions, newStatements, remarks } = data;
  const sections = [
    spans.map(renderSpan).join("\n"),
    ...(regressions === null
      ? [renderStatements(`Statements by ${words[by]}`, statements, full, colors)]
      : [
          renderRegressions(regressions, full, colors),
          renderStatements("New in this span", newStatements ?? [], full, colors),
        ]),
    ...(remarks.length === 0 ? [] : [remarks.map((remark) => colors.yellow(`note: ${remark}`)).join("\n")]),
  ];
  return `${sections.join("\n\n")}\n`;
}

const words = {
  total: "total time",
  mean: "mean time",
  calls: "calls",
  io: "blocks read and written",
  temp: "temporary files",
  wal: "WAL",
  rows: "rows",
} as const;

function renderSpan({ database, from, to, statementCount, calls, totalMs }: SpanData): string {
  const when = from === null ? `until ${shortMoment(to)}` : `${shortMoment(from)} to ${shortMoment(to)}`;
  return `${database}: ${statementCount} statements, ${count(calls)} calls, ${renderMs(totalMs)} in all; ${when}`;
}

const shortMoment = (moment: string): string =>
  moment.replace("T", " ").replace(/(:\d\d)(:\d\d)?\.\d+Z$/, "$1Z");

function renderStatements(
  title: string,
  statements: readonly StatementFigures[],
  full: boolean,
  colors: Colors,
): string {
  const columns: Column[] = [
    ...numeric("total", "share", "calls", "mean", "max", "± dev", "rows/call", "hit", "temp", "WAL"),
    ...["role", "database", "statement"].map((heading) => ({ heading })),
  ];
  const rows = statements.map((statement) => [
    renderMs(statement.totalMs),
    percent(statement.share),
    count(statement.calls),
    renderMs(statement.meanMs),
    statement.maxMs === null ? "" : renderMs(statement.maxMs),
    renderMs(statement.deviationMs),
    count(statement.rowsPerCall),
    statement.hitRatio === null ? "" : percent(statement.hitRatio),
    size(statement.tempBytes),
    size(statement.walBytes),
    statement.role ?? "",
    statement.database,
    full ? (statement.queryId ?? "") : shortText(statement),
  ]);
  return [renderTable(title, columns, rows, colors), ...(full ? texts(statements, colors) : [])].join("\n");
}

function renderRegressions(regressions: readonly Regression[], full: boolean, colors: Colors): string {
  const columns: Column[] = [
    ...numeric("slower", "before", "now", "calls before", "calls now", "added"),
    ...["role", "database", "statement"].map((heading) => ({ heading })),
  ];
  const rows = regressions.map(({ before, after, factor, addedMs }) => [
    `${factor.toFixed(1)}×`,
    renderMs(before.meanMs),
    renderMs(after.meanMs),
    count(before.calls),
    count(after.calls),
    renderMs(addedMs),
    after.role ?? "",
    after.database,
    full ? (after.queryId ?? "") : shortText(after),
  ]);
  const after = regressions.map((regression) => regression.after);
  return [
    renderTable("Slower than before", columns, rows, colors),
    ...(full ? texts(after, colors) : []),
  ].join("\n");
}

const numeric = (...headings: readonly string[]): Column[] =>
  headings.map((heading) => ({ heading, numeric: true }));

const percent = (share: number): string => `${(share * 100).toFixed(share > 0.0995 || share === 0 ? 0 : 1)}%`;

const size = (bytes: number): string => (bytes === 0 ? "" : renderSize(bytes));

function count(value: number): string {
  return value !== 0 && value < 10 && !Number.isInteger(value)
    ? value.toFixed(1)
    : Math.round(value).toString();
}

function shortText({ text }: StatementFigures): string {
  const characters = Array.from(text ?? "(thrown out before its text was kept)");
  return characters.length <= textWidth
    ? characters.join("")
    : `${characters.slice(0, textWidth - 1).join("")}…`;
}

function texts(statements: readonly StatementFigures[], colors: Colors): string[] {
  return statements.map(({ queryId, text }) => `\n${colors.bold(queryId ?? "")}\n  ${text ?? "(no text)"}`);
}
