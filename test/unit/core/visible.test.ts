import { expect, test } from "vitest";
import { visible, visibleLines } from "../../../components/core/visible";
import { colorsFor } from "../../../infra/ops/colors";
import { renderNagios } from "../../../infra/ops/nagios";
import { renderTable } from "../../../infra/ops/table";
import { renderFailure, renderFindings } from "../../../infra/ops/text";

// Clears a screen, begins a line, and turns the direction of reading.
const hostile = "a\u001B[2Jb\nc\u202Ed\u061C";
const sign = "\uFFFD";

test("what a terminal obeys and what turns the direction of reading is shown as a sign", () => {
  expect(visible(hostile)).toBe(`a${sign}[2Jb${sign}c${sign}d${sign}`);
  expect(visible("naïve 日本 👩\u200D🚀")).toBe("naïve 日本 👩\u200D🚀");
  expect(visibleLines(`\t${hostile}`)).toBe(`\ta${sign}[2Jb\nc${sign}d${sign}`);
});

test("whatever a command prints of a server has none of it", () => {
  const colors = colorsFor({}, {});
  const finding = { subject: hostile, message: hostile, hint: hostile };
  const problem = { path: hostile, message: hostile, hint: hostile };
  const texts = [
    renderFindings([finding], colors),
    renderFailure({ status: "usage", title: "no", problems: [problem] }, colors),
    renderFailure({ status: "usage", title: "no", problems: [{ ...problem, path: "" }] }, colors),
    renderTable("Table", [{ heading: "name" }], [[hostile]], colors),
    renderNagios("health", "OK", { summary: hostile, performance: [{ label: hostile, value: 1 }] }),
  ];
  for (const text of texts) {
    expect(text).toContain(sign);
    expect(text.replaceAll("\n", "")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  }
  // Of the server's text none begins where a finding does.
  expect(texts[0]?.split("\n").filter((line) => /^ {2}\S/.test(line))).toHaveLength(1);
  expect(texts[4]?.trimEnd()).not.toContain("\n");
});
