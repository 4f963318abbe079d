import { planDatabaseAccess } from "../core/database/access";
import { newDatabaseCatalog, type DatabaseAccess } from "../core/database/model";
import type { Plan } from "../core/statement";
import { applyStatements } from "../io/apply";
import { databaseExists, readDatabaseCatalog } from "../io/catalog/database";
import { namesLeaving, refuseUnread, type Scope } from "./access-scope";
import { revealMap, type PropertyMap } from "./properties";

/** @param oldInputs what the last run declared; undefined for a new resource */
export function databaseScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): Scope {
  const desired = revealMap(inputs) as unknown as DatabaseAccess;
  const before = oldInputs === undefined ? undefined : (revealMap(oldInputs) as unknown as DatabaseAccess);
  const leaving = {
    schemas: namesLeaving(before?.schemas, desired.schemas),
    extensions: namesLeaving(before?.extensions, desired.extensions),
  };
  const asked = { ...leaving, manager: desired.privileges?.manager ?? "", samples: desired.samples === true };
  const planEmpty = (): Plan => planDatabaseAccess(desired, before, newDatabaseCatalog());
  const losses = leaving.schemas.map((name) => `schema ${desired.database}.${name}`);
  return {
    id: `database/${desired.database}`,
    database: desired.database,
    planEmpty,
    planUnread: () => refuseUnread(losses, desired.allowDataLoss),
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, desired.database))) return planEmpty();
      return open(desired.database, async (session) =>
        planDatabaseAccess(desired, before, await readDatabaseCatalog(session, asked)),
      );
    },
    act: ({ statements }, { open }) =>
      open(desired.database, (session) => applyStatements(session, statements, open)),
  };
}
