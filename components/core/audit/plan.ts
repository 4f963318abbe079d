import { quoteIdentifier } from "../identifier";
import { ownSchemaStatements } from "../own-schema";
import { joinPlans, type Plan, type Statement } from "../statement";
import { planEventTriggers, removeEventTriggers, tellWithout } from "./event-triggers";
import { functionName, planGuardFunctions, planRecordFunctions } from "./functions";
import { monthsAhead, planLog, planPartitions } from "./log-table";
import type { AuditCatalog, AuditDeclaration } from "./model";
import { planTrailPrivileges } from "./privileges";
import { planTriggers } from "./triggers";

export interface AuditPlanOptions {
  /** Months that are to have a partition, beside the current one. */
  readonly ahead?: number;
}

/**
 * The statements that make a database's trail what is declared: the log, what writes to it, and the triggers that call
 * that. Refused are tables that cannot be audited.
 */
export function planAudit(
  declaration: AuditDeclaration,
  catalog: AuditCatalog,
  { ahead = monthsAhead }: AuditPlanOptions = {},
): Plan {
  const log = planLog(catalog);
  const triggers = planTriggers(declaration, catalog);
  const without = catalog.superuser ? [] : tellWithout(declaration);
  const told: Plan = { statements: [], refusals: [], undeclared: without };
  const refused = log.refusals.length > 0 ? joinPlans(log, told) : undefined;
  if (refused !== undefined) return { ...refused, statements: [] };
  const made = [
    ...log.statements,
    ...planPartitions(catalog, ahead),
    ...planRecordFunctions(declaration, catalog),
  ];
  return joinPlans(
    {
      statements: [
        ...planTrailPrivileges(declaration, catalog),
        ...asOwner(declaration.owner, made),
        ...(catalog.superuser ? planGuard(declaration, catalog) : []),
      ],
      refusals: [],
    },
    triggers,
    told,
  );
}

/** What is made belongs to who makes it. */
export function asOwner(owner: string, statements: readonly Statement[]): Statement[] {
  if (statements.length === 0) return [];
  const end = { risk: "none", kind: "audit" } as const;
  return [
    {
      sql: `SET LOCAL ROLE ${quoteIdentifier(owner)}`,
      reason: "what follows belongs to the trail's owner",
      ...end,
    },
    ...statements,
    { sql: "RESET ROLE", reason: "what follows does not", ...end },
  ];
}

function planGuard(declaration: AuditDeclaration, catalog: AuditCatalog): Statement[] {
  const own: Statement[] = catalog.hasOwnSchema
    ? []
    : ownSchemaStatements.map((sql) => ({
        sql,
        reason: "pgstead's own schema",
        risk: "none",
        kind: "schema",
      }));
  return [...own, ...planGuardFunctions(declaration, catalog), ...planEventTriggers(declaration, catalog)];
}

/** The statements that end the auditing: triggers go, the trail stays with all that it has. */
export function planAuditRemoval(declaration: AuditDeclaration, catalog: AuditCatalog): Plan {
  const nothing = { ...declaration, schemas: [], tables: [] };
  const guards = catalog.functions.filter(({ schema }) => schema === "pgstead");
  return joinPlans(
    { statements: catalog.superuser ? removeEventTriggers(catalog) : [], refusals: [] },
    planTriggers(nothing, catalog),
    {
      statements: (catalog.superuser ? guards : []).map((found) => ({
        sql: `DROP FUNCTION ${functionName(found)}`,
        reason: "nothing is audited any more",
        risk: "none",
        kind: "audit",
      })),
      refusals: [],
    },
  );
}
