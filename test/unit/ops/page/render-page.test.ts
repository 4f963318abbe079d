import { createHash } from "node:crypto";
import { beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../../components/core/finding";
import { loadDrawing, type DrawLines } from "../../../../infra/ops/page/draw";
import type { ReportChart, WholeReportData, ReportSection } from "../../../../infra/ops/page/model";
import { chartFindings } from "../../../../infra/ops/page/judge";
import { renderPage } from "../../../../infra/ops/page/render-page";

let draw: DrawLines;

beforeAll(async () => {
  draw = await loadDrawing();
});

const at = "2026-11-22T14:00:00.000Z";
const since = "2026-11-21T14:00:00.000Z";
const start = Date.parse(since);

function chart(change: Partial<ReportChart> = {}): ReportChart {
  return {
    title: "Connections in use",
    description: "Of those that roles may have.",
    unit: "percent",
    kind: "lines",
    source: "prometheus",
    thresholds: null,
    check: null,
    lines: [{ name: "in use", points: points([10, 20, 30]) }],
    ...change,
  };
}

function points(values: readonly (number | null)[]) {
  return values.map((value, index) => ({ at: new Date(start + index * 60_000).toISOString(), value }));
}

function page(
  section: Partial<ReportSection> = {},
  findings: readonly Finding[] = [],
  data: Partial<WholeReportData> = {},
) {
  const empty = { uid: "pgstead-overview", title: "Overview", question: "Is it well?" };
  const whole: ReportSection = { ...empty, charts: [], tables: [], untold: [], ...section };
  const report: WholeReportData = {
    ...{ place: "127.0.0.1:5432", at, since, source: "prometheus", file: null },
    ...{ asked: [{ command: "health", findings: findings.length }], sections: [whole] },
    ...data,
  };
  return renderPage({ command: "report", stack: "prod", data: report, findings }, draw);
}

const hostile = `</script></style><img src=x onerror="alert('1')">&amp;`;
const inert =
  "&lt;/script&gt;&lt;/style&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;amp;";

describe("findings of charts", () => {
  const section = (change: Partial<ReportChart>): ReportSection => ({
    ...{ uid: "pgstead-overview", title: "Overview", question: "", tables: [], untold: [] },
    charts: [chart(change)],
  });
  const thresholds = { warning: 20, critical: 30, below: false };

  test("are what Prometheus has beyond its limit, with the line and its value", () => {
    const lines = [
      { name: "a", points: points([1, 25]) },
      { name: "b", points: points([90, 1]) },
    ];
    expect(chartFindings([section({ thresholds, lines })], [])).toEqual([
      {
        subject: "Overview, Connections in use",
        message: "beyond its limit: a 25%",
        hint: "Of those that roles may have.",
        severity: "warning",
      },
    ]);
    expect(chartFindings([section({ thresholds })], [])[0]?.severity).toBe("critical");
  });

  test("are none of what is well, has no limit, or commands have told from now", () => {
    const high = { ...thresholds, warning: 31, critical: 40 };
    for (const change of [{}, { thresholds: high }, { thresholds, source: "samples" } as const]) {
      expect(chartFindings([section(change)], [])).toEqual([]);
    }
  });
});

describe("the page", () => {
  test("shows commands as such, and a lone backtick as it is", () => {
    const text = page({ untold: [{ what: "`x`", reason: "a ` b", hint: "run `<b>`", isFine: false }] });
    expect(text).toContain("<b><code>x</code></b> is not told: a ` b");
    expect(text).toContain("run <code>&lt;b&gt;</code>");
  });

  test("has no text of anybody as HTML, wherever it stands", () => {
    const charts = (["lines", "number", "bars", "table"] as const).map((kind) =>
      chart({
        kind,
        title: hostile,
        description: hostile,
        lines: [{ name: hostile, points: points([1, 2]) }],
      }),
    );
    const text = page(
      {
        ...{ title: hostile, question: hostile, charts },
        tables: [{ title: hostile, columns: [{ heading: hostile }], rows: [[hostile]], note: hostile }],
        untold: [{ what: hostile, reason: hostile, hint: hostile, isFine: false }],
      },
      [{ subject: hostile, message: hostile, hint: hostile }],
      { place: hostile },
    );
    expect(text).not.toMatch(/<script|<\/script|<img|onerror="/);
    expect(text.match(/<\/style/g)).toHaveLength(1);
    expect(text.split(inert).length).toBeGreaterThan(20);
  });

  test("shows what a terminal or a browser would obey as a sign of its own", () => {
    const text = page({ question: "a\u0000b\u001B[31mc\u202Ed\u2066e" });
    expect(text).toContain("a\uFFFDb\uFFFD[31mc\uFFFDd\uFFFDe");
  });

  test("has a policy that allows its own style, to the byte, and nothing else", () => {
    const text = page();
    const [, style = ""] = /<style>([\s\S]*?)<\/style>/.exec(text) ?? [];
    const hash = createHash("sha256").update(style).digest("base64");
    const policy = `default-src 'none'; style-src 'sha256-${hash}'; base-uri 'none'; form-action 'none'`;
    expect(text).toContain(`content="${policy.replaceAll("'", "&#39;")}"`);
    expect(text).not.toMatch(/ style="| on[a-z]+="|https?:/);
  });

  test("says that nothing is wrong only where nothing is, and critical findings first", () => {
    expect(page()).toContain("Nothing was found to be wrong.");
    const text = page({}, [
      { subject: "first", message: "is a warning", hint: "look" },
      { subject: "second", message: "is critical", hint: "look at once", severity: "critical" },
    ]);
    expect(text).not.toContain("Nothing was found");
    expect(text).toContain("2 findings, 1 critical");
    expect(text.indexOf("<b>second</b>")).toBeLessThan(text.indexOf("<b>first</b>"));
  });

  test("names what could not be had, and counts what is as it should be not among it", () => {
    const fine = { what: "Slots", reason: "there is no replication slot", hint: "", isFine: true };
    const missing = {
      what: "Charts",
      reason: "Prometheus does not answer",
      hint: "look at it",
      isFine: false,
    };
    const text = page({ untold: [fine, missing] });
    expect(text).toContain("<b>Charts</b> is not told: Prometheus does not answer");
    expect(text).toContain("<b>Slots</b>: there is no replication slot");
    expect(text).toContain("1 part could not be had");
  });

  test("draws a line of each series, breaks it at a gap, and says the same in words", () => {
    const text = page({
      charts: [chart({ lines: [{ name: "in use", points: points([10, 20, null, 30, 40]) }] })],
    });
    const [, path = ""] = /class="line l0" d="([^"]+)"/.exec(text) ?? [];
    expect(path.match(/M/g)).toHaveLength(2);
    expect(path).not.toMatch(/NaN|Infinity/);
    expect(text).toContain('aria-label="Connections in use: in use from 10% to 40%, last 40%"');
    expect(text).toContain("<summary>Values of Connections in use</summary>");
  });

  test.each([
    [{ warning: 20, critical: 50, below: false }, "warning"],
    [{ warning: 20, critical: 30, below: false }, "critical"],
    [{ warning: 40, critical: null, below: true }, "warning"],
    [{ warning: 40, critical: 35, below: true }, "critical"],
    [{ warning: 31, critical: null, below: false }, undefined],
  ] as const)("judges the last value by %o: %s", (thresholds, judgement) => {
    const text = page({ charts: [chart({ thresholds })] });
    const [, found] = /<figcaption>.*?<span class="badge (\w+)">/.exec(text) ?? [];
    expect(found).toBe(judgement);
    expect(text).toContain(`warning ${thresholds.below ? "below" : "from"} ${thresholds.warning}%`);
  });

  test("stays readable and small with more than anybody reads", () => {
    const lines = Array.from({ length: 40 }, (_, index) => ({
      name: `table ${index}`,
      points: points(Array.from({ length: 1_000 }, (_value, at) => at * index)),
    }));
    const text = page({ charts: [chart({ unit: "bytes", lines })] });
    expect(text.match(/class="line l\d+"/g)).toHaveLength(8);
    expect(text).toContain("table 39");
    expect(text.length).toBeLessThan(150_000);
  });

  test("folds what is more than one reads, and loses none of it", () => {
    const rows = Array.from({ length: 50 }, (_, index) => [`row ${index}`]);
    const text = page({
      tables: [
        { title: "Many", columns: [{ heading: "name" }], rows, note: "" },
        {
          title: "Long",
          columns: [{ heading: "text" }],
          rows: [[`SELECT ${"x".repeat(5_000)} end`]],
          note: "",
        },
      ],
    });
    expect(text).toContain('<details class="rest">');
    expect(text).toContain("<summary>30 more</summary>");
    expect(text).toContain("row 49");
    expect(text).toContain(`${"x".repeat(5_000)} end</details>`);
  });

  test.each([
    ["all zero", [0, 0, 0]],
    ["one value", [5]],
    ["tiny", [1e-9, 2e-9]],
    ["huge", [1e18, 2e18]],
    ["negative", [-5, 5]],
  ])("draws what is %s", (_, values) => {
    for (const unit of [
      "bytes",
      "count",
      "perSecond",
      "seconds",
      "transactions",
      "upDown",
      "percent",
    ] as const) {
      const text = page({ charts: [chart({ unit, lines: [{ name: "one", points: points(values) }] })] });
      expect(text).not.toMatch(/NaN|Infinity|undefined/);
    }
  });
});
