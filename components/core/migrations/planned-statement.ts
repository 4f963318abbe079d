import { type MigrationOrigin, type Risk } from "../statement";
import { visible } from "../visible";
import type { JudgedStatement } from "./gate/judge";
import type { FindingClass } from "./gate/rules";

/** What programs and people have to look at is neither a lock nor a loss. */
export const classRisks: Readonly<Record<FindingClass | "safe", Risk>> = {
  safe: "none",
  review: "review",
  opaque: "review",
  breaking: "review",
  lock: "lock",
  rewrite: "lock",
  "data-loss": "data-loss",
};

export function reasonOf({ findings }: JudgedStatement, { file, line, direction }: MigrationOrigin): string {
  const place = `${file}:${line}${direction === "down" ? " (down)" : ""}`;
  const costs = findings.map(({ class: of, rule, message, acknowledged }) => {
    const allowed = acknowledged === null ? "" : ` (allowed: ${acknowledged.reason})`;
    return `${of} (${rule}): ${message}${allowed}`;
  });
  return visible([place, ...costs].join("; "));
}
