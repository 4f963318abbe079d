import type { Statement } from "../statement";
import { expiredPartitions, futureMonths, monthsAhead, planPartitions } from "./log-table";
import type { AuditCatalog, AuditDeclaration } from "./model";
import { asOwner, planAudit } from "./plan";

/** What keeps a trail going between two runs of `up`. */
export interface AuditMaintenance {
  /** Makes the partitions of a year. */
  readonly make: readonly Statement[];
  /** Drops what is older than it is kept. */
  readonly drop: readonly Statement[];
  /** What is not as declared, and is for `up` to mend. */
  readonly differences: readonly Statement[];
  /** Months ahead that have a partition. */
  readonly ahead: number;
}

export function planMaintenance(declaration: AuditDeclaration, catalog: AuditCatalog): AuditMaintenance {
  const isThere = catalog.relations.some(({ name, kind }) => name === "change_log" && kind === "p");
  const made = isThere ? planPartitions(catalog, monthsAhead) : [];
  const partitions = new Set(made.map(({ sql }) => sql));
  const { statements } = planAudit(declaration, catalog);
  return {
    make: asOwner(declaration.owner, made),
    drop: expiredPartitions(declaration, catalog),
    differences: statements.filter(
      ({ sql }) => !partitions.has(sql) && !sql.startsWith("SET LOCAL ROLE ") && sql !== "RESET ROLE",
    ),
    ahead: futureMonths(catalog),
  };
}
