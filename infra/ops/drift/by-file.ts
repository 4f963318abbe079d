import type { Plan, Undeclared } from "../../../components/core/statement";

/**
 * A plan of migrations file by file: that one waits is a difference, its SQL is the preview's to show, and what its
 * statements cost `migrate lint`'s.
 */
export function byFile(plan: Plan): Plan {
  const files = new Map<string, "up" | "down" | "repeat">();
  for (const { migration } of plan.statements) {
    if (migration !== undefined) files.set(migration.file, migration.direction);
  }
  const waiting = [...files].map(([subject, direction]): Undeclared => {
    const message = direction === "down" ? "`up` takes it back" : "waits to be applied: `up` does it";
    return { kind: "migration", subject, message };
  });
  return {
    ...plan,
    statements: plan.statements.filter(({ migration }) => migration === undefined),
    refusals: plan.refusals.filter(({ subject }) => !files.has(subject.replace(/:\d+$/, ""))),
    undeclared: [...(plan.undeclared ?? []), ...waiting],
  };
}
