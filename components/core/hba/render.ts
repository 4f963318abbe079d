import { renderFields, type HbaRule } from "./rule";

const head = [
  "# Written by pgstead from the configuration. Rules that are changed here are found by the next preview and",
  "# written again by the next `up`; comments are nobody's drift. The first rule that matches a login decides.",
  "",
];

/** Widths of PostgreSQL's own sample file. */
const widths = [8, 16, 16, 24];

/** The whole file: the rules in their order, each below its comment. */
export function renderHba(rules: readonly HbaRule[]): string {
  const title = `# ${padded(["TYPE", "DATABASE", "USER", "ADDRESS", "METHOD"]).slice(2)}`;
  return `${[...head, title, ...rules.flatMap(renderLines)].join("\n")}\n`;
}

/** The comments of a file that {@link renderHba} writes: they are written again where they were changed here. */
export function renderComments(rules: readonly HbaRule[]): string {
  return JSON.stringify(rules.map(commentLines));
}

function renderLines(rule: HbaRule): string[] {
  const fields = renderFields(rule);
  const columns = rule.address === undefined ? [...fields.slice(0, 3), "", ...fields.slice(3)] : fields;
  return [...commentLines(rule), padded(columns)];
}

/** A backslash at the end would take the rule below into the comment (hba.c): no line may end with one. */
function commentLines({ comment }: HbaRule): string[] {
  if (comment === undefined || comment.trim() === "") return [];
  return comment
    .trim()
    .split(/\r\n|[\r\n]/)
    .map((line) => `# ${line.trim()}`.replace(/\\+$/, "$& .").trimEnd());
}

function padded(columns: readonly string[]): string {
  return columns.map((column, index) => column.padEnd(widths[index] ?? 0)).join(" ");
}
