import type { AuditDeclaration } from "../core/audit/model";
import { newAuditCatalog } from "../core/audit/model";
import { planAudit, planAuditRemoval } from "../core/audit/plan";
import type { Plan } from "../core/statement";
import { applyStatements } from "../io/apply";
import { readAuditCatalog, readAuditMoment } from "../io/catalog/audit";
import { databaseExists } from "../io/catalog/database";
import type { CheckFailure, DeleteRequest } from "./contract";
import { InputCheck } from "./inputs";
import { applyPlanned, plannedResource, type Planned } from "./planned";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps the trail of a database, what writes to it, and the triggers of every audited table: it compares them with the
 * live catalogue at every preview, and mends them in one transaction. When it goes the triggers go, and the trail stays.
 */
export const audit = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs) => ({ ...readConnections(inputs, oldInputs), ...auditScope(inputs) }),
  compared: ["audit"],
  imported: (id) => (id.startsWith("audit/") ? {} : undefined),
  delete: removeAudit,
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  const check = new InputCheck(inputs).known("connection", "audit");
  if (hasUnknown(inputs.audit)) return check.failures;
  const declared = revealMap((inputs.audit ?? {}) as PropertyMap);
  for (const name of ["database", "owner", "manager"]) {
    if (typeof declared[name] !== "string" || declared[name] === "") {
      check.fail(`audit.${name}`, "expected a text that is not empty");
    }
  }
  for (const name of ["schemas", "tables"]) {
    if (!Array.isArray(declared[name])) check.fail(`audit.${name}`, "expected a list");
  }
  return check.failures;
}

function declarationOf(inputs: PropertyMap): AuditDeclaration {
  return revealMap(inputs).audit as unknown as AuditDeclaration;
}

function auditScope(inputs: PropertyMap): Omit<Planned, "connections" | "isServerNew"> {
  const declaration = declarationOf(inputs);
  const { database } = declaration;
  return {
    id: `audit/${database}`,
    database,
    // The server that is to be made will have a clock of its own: what it tells then counts.
    planEmpty: () => planAudit(declaration, newAuditCatalog(true, new Date().toISOString().slice(0, 7))),
    planUnread: () => ({ statements: [], refusals: [] }),
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, database))) {
        const { superuser, month } = await readAuditMoment(maintenance, declaration.manager);
        return planAudit(declaration, newAuditCatalog(superuser, month));
      }
      return open(database, async (session) =>
        planAudit(declaration, await readAuditCatalog(session, declaration)),
      );
    },
    act: ({ statements }, { open }) =>
      open(database, (session) => applyStatements(session, statements, open)),
  };
}

async function removeAudit(request: DeleteRequest): Promise<void> {
  const declaration = declarationOf(request.inputs);
  const nothing: Plan = { statements: [], refusals: [] };
  await applyPlanned(request, {
    ...readConnections(request.inputs, undefined),
    ...auditScope(request.inputs),
    planEmpty: () => nothing,
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, declaration.database))) return nothing;
      return open(declaration.database, async (session) =>
        planAuditRemoval(declaration, await readAuditCatalog(session, declaration)),
      );
    },
  });
}
