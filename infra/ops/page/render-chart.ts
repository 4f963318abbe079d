import { judgeValue } from "./judge";
import { drawnLines, summarize, type DrawLines, type Span } from "./draw";
import { markup, prose, type Html, type Piece } from "./markup";
import type { ReportChart, ReportLine } from "./model";
import { renderValue } from "./units";

/** A chart with what tells the same in words and figures. */
export function renderChart(chart: ReportChart, span: Span, draw: DrawLines): Html {
  const { title, description } = chart;
  return markup`<figure>
    <figcaption><b>${title} ${badge(chart)}</b>${prose(description)}${limitsOf(chart)}</figcaption>
    ${body(chart, span, draw)}
  </figure> `;
}

function body(chart: ReportChart, span: Span, draw: DrawLines): Piece {
  switch (chart.kind) {
    case "lines":
      return [draw(chart, span), figuresTable(chart), valuesTable(chart)];
    case "number":
      return numbers(chart);
    case "bars":
      return bars(chart);
    case "table":
      return rows(chart);
  }
}

function limitsOf({ thresholds, unit }: ReportChart): string {
  // That it is to be up needs no words.
  if (thresholds === null || unit === "upDown") return "";
  const where = thresholds.below ? "below" : "from";
  const names = thresholds.warning === thresholds.critical ? ["critical"] : ["warning", "critical"];
  const parts = (names as ("critical" | "warning")[]).flatMap((name) => {
    const value = thresholds[name];
    return value === null ? [] : [`${name} ${where} ${renderValue(value, unit)}`];
  });
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

/** Colour alone tells nothing to some. */
function badge(chart: ReportChart): Piece {
  const found = chart.lines.map((line) => judgeValue(summarize(line).last, chart));
  const worst = found.includes("critical") ? "critical" : found.includes("warning") ? "warning" : undefined;
  return worst === undefined ? "" : markup`<span class="badge ${worst}">${worst}</span>`;
}

function figuresTable(chart: ReportChart): Html {
  const { lines, unit } = chart;
  const cell = (value: number | undefined): Html =>
    markup`<td class="number">${value === undefined ? "" : renderValue(value, unit)}</td>`;
  return markup`<div class="scroll">
    <table>
      <thead>
        <tr>
          <th scope="col">line</th>
          ${["last", "lowest", "mean", "highest"].map((name) => markup`<th scope="col" class="number">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${lines.map((line, index) => {
          const { last, low, mean, high } = summarize(line);
          return markup`<tr>
            <td>${key(index)}${line.name}</td>
            ${[last, low, mean, high].map(cell)}
          </tr>`;
        })}
      </tbody>
    </table>
  </div>`;
}

/** The colour of a line, where it is drawn. */
function key(index: number): Piece {
  if (index >= drawnLines) return "";
  return markup`<svg class="key" viewBox="0 0 18 8" aria-hidden="true">
    <path class="l${index}" d="M0 4H18" />
  </svg>`;
}

/** So many moments of a line are readable; `--json` has them all. */
const mostMoments = 24;

function valuesTable({ lines, unit, title }: ReportChart): Html {
  const drawn = lines.slice(0, drawnLines);
  const byTime = drawn.map((line) => new Map(line.points.map(({ at, value }) => [at, value])));
  const times = [...new Set(drawn.flatMap(({ points }) => points.map(({ at }) => at)))].toSorted();
  const step = Math.max(1, Math.ceil(times.length / mostMoments));
  // From the newest back, which is what one looks for.
  const shown = times.toReversed().filter((_, index) => index % step === 0);
  const rows = shown.map(
    (at) =>
      markup`<tr>
        <th scope="row">${at.slice(0, 16).replace("T", " ")}</th>
        ${byTime.map((values) => {
          const value = values.get(at);
          return markup`<td class="number">${value == null ? "" : renderValue(value, unit)}</td>`;
        })}
      </tr>`,
  );
  return markup`<details>
    <summary>Values of ${title}</summary>
    <div class="scroll">
      <table>
        <thead>
          <tr>
            <th scope="col">UTC</th>
            ${drawn.map(({ name }) => markup`<th scope="col" class="number">${name}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </details>`;
}

function numbers(chart: ReportChart): Html {
  return markup`<dl class="figures">
    ${chart.lines.map((line) => {
      const { last } = summarize(line);
      const judgement = judgeValue(last, chart);
      return markup`<div>
        <dt>${line.name}</dt>
        <dd class="${judgement}">${valueOf(line, chart)}</dd>
      </div>`;
    })}
  </dl>`;
}

function bars(chart: ReportChart): Html {
  const values = chart.lines.map((line) => summarize(line).last ?? 0);
  const whole = chart.unit === "percent" ? 100 : Math.max(...values, 0);
  const rendered = chart.lines.map((line, index) => {
    const value = values[index] ?? 0;
    const width = whole === 0 ? 0 : Math.round(Math.min(1, Math.max(0, value / whole)) * 1_000) / 10;
    return markup`<tr>
      <td>${line.name}</td>
      <td>
        <svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">
          <rect class="${judgeValue(value, chart)}" width="${width}" height="10" />
        </svg>
      </td>
      <td class="number">${valueOf(line, chart)}</td>
    </tr>`;
  });
  return markup`<div class="scroll">
    <table>
      <tbody>
        ${rendered}
      </tbody>
    </table>
  </div>`;
}

function rows(chart: ReportChart): Html {
  return markup`<div class="scroll">
    <table>
      <tbody>
        ${chart.lines.map(
          (line) =>
            markup`<tr>
              <td>${line.name}</td>
              <td class="number">${valueOf(line, chart)}</td>
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function valueOf(line: ReportLine, { unit }: ReportChart): string {
  const { last } = summarize(line);
  return last === undefined ? "" : renderValue(last, unit);
}
