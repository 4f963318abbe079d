import { visible } from "../../../components/core/visible";
import type { DriftItem, DriftMend } from "./drift-item";

/**
 * The statements that would mend schema objects, as a script for psql or for a migration, in an order in which they can
 * run. What loses data is a comment unless it was asked for.
 */
export function mendScript(
  drift: readonly DriftItem[],
  { allowDataLoss }: { readonly allowDataLoss: boolean },
): string {
  const resources = [
    ...new Set(drift.flatMap(({ resource, mend }) => (mend === undefined ? [] : [resource]))),
  ];
  const parts = resources.map((resource) => {
    const all = drift
      .filter((item) => item.resource === resource)
      .flatMap((item) => (item.mend ?? []).map((mend) => ({ item, mend })))
      .toSorted((a, b) => a.mend.place - b.mend.place);
    const lines = all.flatMap(({ item, mend }, place) => [
      ...(all[place - 1]?.item === item
        ? []
        : [`\n-- ${visible(item.subject ?? "")}: ${visible(item.message)}`]),
      write(mend, allowDataLoss),
    ]);
    // A body may speak of what is made after it.
    return [`-- ${resource}`, "SET check_function_bodies = off;", ...lines].join("\n");
  });
  return parts.length === 0 ? "" : `${parts.join("\n\n")}\n`;
}

function write({ sql, class: of }: DriftMend, allowDataLoss: boolean): string {
  if (of !== "data-loss" || allowDataLoss) return `${sql};${of === "safe" ? "" : `  -- ${of}`}`;
  const lines = `${sql};`.split("\n").map((line) => `-- ${line}`);
  return ["-- data-loss, with --allow-data-loss only:", ...lines].join("\n");
}
