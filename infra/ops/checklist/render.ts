import type { ItemStatus } from "../../../components/core/operations/checklist/item";
import { visible } from "../../../components/core/visible";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { plural } from "../text";
import type { ChecklistData } from "./run";

/** Words of a list for people. */
const words: Readonly<Record<ItemStatus, string>> = {
  passed: "passed",
  found: "found",
  unseen: "not seen",
  "not-declared": "not declared",
  person: "for a person",
};

/** The list in its order: a line an item, and below it what was seen, found or is to be done. */
export function renderChecklist({ stack, data }: Report<ChecklistData>, colors: Colors): string {
  const paint: Readonly<Record<ItemStatus, (text: string) => string>> = {
    passed: colors.green,
    found: colors.red,
    unseen: colors.yellow,
    "not-declared": colors.dim,
    person: colors.cyan,
  };
  const counts = (Object.keys(words) as ItemStatus[])
    .filter((status) => data.counts[status] > 0)
    .map((status) => paint[status](`${data.counts[status]} ${words[status]}`));
  const width = Math.max(...Object.values(words).map(({ length }) => length));
  const lines = data.items.flatMap(({ id, title, status, message, findings, command }) => {
    const word = status === "found" ? `found ${findings.length}` : words[status];
    const more = status === "found" || status === "unseen" ? command : null;
    const told = status === "found" ? `${plural(findings.length, "finding")}, below` : message;
    return [
      `  ${paint[status](word.padEnd(width))}  ${colors.bold(id)}: ${title}`,
      ...(told === "" ? [] : [`  ${" ".repeat(width)}  ${visible(told)}`]),
      ...(more === null ? [] : [colors.dim(`  ${" ".repeat(width)}  more: ${more}`)]),
    ];
  });
  return [`stack ${stack}, ${data.list} checklist: ${counts.join(", ")}`, "", ...lines, ""].join("\n");
}
