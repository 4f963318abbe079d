import Table from "cli-table3";
import type { Colors } from "./colors";
import { visible } from "../../components/core/visible";

/** A column: its heading, and whether it holds numbers, which stand at the right. */
export interface Column {
  readonly heading: string;
  readonly numeric?: boolean;
}

const noBorders = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: " ",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: " ",
};

/** A heading and rows in columns, without borders, so that `grep` and `awk` can work on it. */
export function renderTable(
  title: string,
  columns: readonly Column[],
  rows: readonly (readonly (string | number)[])[],
  colors: Colors,
): string {
  if (rows.length === 0) return `${colors.bold(title)}\n  none`;
  const table = new Table({
    head: columns.map(({ heading }) => colors.dim(heading)),
    colAligns: columns.map(({ numeric }) => (numeric === true ? "right" : "left")),
    chars: noBorders,
    style: { head: [], border: [], "padding-left": 1, "padding-right": 0 },
  });
  table.push(...rows.map((row) => row.map((cell) => visible(String(cell)))));
  const lines = table.toString().split("\n");
  return [colors.bold(title), ...lines.map((line) => line.trimEnd())].join("\n");
}
