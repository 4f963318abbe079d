import { createHash } from "node:crypto";
import type { Finding } from "../../../components/core/finding";
import type { Report } from "../report";
import { plural } from "../text";
import type { DrawLines, Span } from "./draw";
import { Html, markup, prose, type Piece } from "./markup";
import type { WholeReportData, ReportSection, ReportTable, Untold } from "./model";
import { renderChart } from "./render-chart";
import { style } from "./style";
import { renderMoment } from "./units";

/**
 * The page: one file with everything in it, no script and no address of anything else. Its policy lets nothing but its
 * own style be used, so that a text that got through as HTML would still do nothing.
 */
export function renderPage({ stack, data, findings }: Report<WholeReportData>, draw: DrawLines): string {
  const span = { from: Date.parse(data.since), to: Date.parse(data.at) };
  const title = `PostgreSQL of stack ${stack}`;
  return `<!doctype html>\n${
    markup`<html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="referrer" content="no-referrer" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}, ${renderMoment(data.at)}</title>
        <style>${new Html(style)}</style>
      </head>
      <body>
        <header>
          <h1>${title}</h1>
          <p class="soft">${headline(data)}</p>
        </header>
        <nav aria-label="Sections">
          <ul>
            ${data.sections.map(({ uid, title: name }) => markup`<li><a href="#${uid}">${name}</a></li>`)}
          </ul>
        </nav>
        <main>
          ${renderFindings(findings, data)}${data.sections.map((section) => renderSection(section, span, draw))}
        </main>
      </body>
    </html>
`.text
  }`;
}

/** Of the style as it stands in the page, to the byte. */
const policy = `default-src 'none'; style-src 'sha256-${createHash("sha256").update(style).digest("base64")}'; base-uri 'none'; form-action 'none'`;

function headline({ place, at, since, source }: WholeReportData): string {
  const charts =
    source === null
      ? "no charts"
      : `charts since ${renderMoment(since)} from ${source === "prometheus" ? "Prometheus" : "kept samples"}`;
  return `${place === null ? "" : `Server at ${place}. `}${renderMoment(at)} UTC, as all times here; ${charts}.`;
}

function renderFindings(findings: readonly Finding[], { asked, sections }: WholeReportData): Html {
  const critical = findings.filter(({ severity }) => severity === "critical");
  const names = asked.flatMap(({ command, findings: count }) => (count === null ? [] : [command]));
  const untold = sections.reduce(
    (sum, section) => sum + section.untold.filter(({ isFine }) => !isFine).length,
    0,
  );
  const nothing =
    untold === 0
      ? markup`<p class="verdict good">Nothing was found to be wrong.</p>`
      : markup`<p class="verdict warning">Not everything could be asked, and what could has no finding.</p>`;
  const verdict =
    findings.length === 0
      ? nothing
      : markup`<p class="verdict ${critical.length > 0 ? "critical" : "warning"}">${plural(findings.length, "finding")}${critical.length > 0 ? `, ${critical.length} critical` : ""}</p>`;
  // What is critical first, and otherwise in the order in which it was asked.
  const ordered = [...critical, ...findings.filter(({ severity }) => severity !== "critical")];
  return markup`<section aria-label="Findings">
    ${verdict}
    ${folded(ordered.map(renderFinding), (items) => markup`<ul class="findings">${items}</ul>`)}
    <p class="soft">Asked: ${names.length === 0 ? "nothing" : names.join(", ")}.${untold === 0 ? "" : ` ${plural(untold, "part")} could not be had: each section names its own.`}</p>
  </section> `;
}

function renderFinding({ subject, message, hint, severity }: Finding): Html {
  const is = severity ?? "warning";
  return markup`<li class="${is}">
    <span class="badge ${is}">${is}</span> <b>${prose(subject)}</b>: ${message}
    <div class="soft">${prose(hint)}</div>
  </li> `;
}

function renderSection(section: ReportSection, span: Span, draw: DrawLines): Html {
  const { uid, title, question, charts, tables, untold } = section;
  return markup`<section id="${uid}" aria-labelledby="${uid}-title">
    <h2 id="${uid}-title">${title}</h2>
    <p class="soft">${question}</p>
    ${renderUntold(untold)}
    <div class="charts">${charts.map((chart) => renderChart(chart, span, draw))}</div>
    ${tables.map(renderTable)}
  </section> `;
}

function renderUntold(untold: readonly Untold[]): Piece {
  if (untold.length === 0) return "";
  return markup`<ul class="untold">
    ${untold.map(
      ({ what, reason, hint, isFine }) =>
        markup`<li><b>${prose(what)}</b>${isFine ? "" : " is not told"}: ${prose(reason)}${hint === "" ? "" : markup`<div class="soft">${prose(hint)}</div>`}</li>`,
    )}
  </ul> `;
}

/** So many rows are read; the others are there for who looks for one. */
const mostRows = 20;

function folded(rows: readonly Html[], list: (rows: readonly Html[]) => Html): Piece {
  if (rows.length === 0) return "";
  const rest = rows.slice(mostRows);
  return [
    list(rows.slice(0, mostRows)),
    rest.length === 0
      ? ""
      : markup`<details class="rest"><summary>${rest.length} more</summary>${list(rest)}</details>`,
  ];
}

function renderTable({ title, columns, rows, note }: ReportTable): Html {
  const head = columns.map(
    ({ heading, numeric }) =>
      markup`<th scope="col" class="${numeric === true ? "number" : "text"}">${heading}</th>`,
  );
  const lines = rows.map(
    (row) => markup`<tr>${row.map((value, index) => renderCell(value, columns[index]?.numeric === true))}</tr>
`,
  );
  const grid = (some: readonly Html[]): Html =>
    markup`<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>${some}</tbody></table></div>`;
  return markup`<h3>${title}</h3>
    ${note === "" ? "" : markup`<p class="note">${prose(note)}</p>`}
    ${rows.length === 0 ? markup`<p class="soft">none</p>` : folded(lines, grid)}
    `;
}

/** A text of this length is better broken than beside its table; one of that is shown when somebody asks for it. */
const [long, veryLong] = [40, 300];

function renderCell(value: string | number, isNumber: boolean): Html {
  const text = String(value);
  if (isNumber) return markup`<td class="number">${text}</td>`;
  if (text.length <= veryLong)
    return markup`<td class="${text.length > long ? "long" : "text"}">${text}</td>`;
  return markup`<td class="long">${text.slice(0, veryLong / 2)}…<details><summary>all of it</summary>${text}</details></td>`;
}
