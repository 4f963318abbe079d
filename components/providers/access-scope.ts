import { planDatabaseAccess, type DatabaseAccess } from "../core/database-access";
import { planServerAccess, type ServerAccess } from "../core/server-access";
import type { Plan } from "../core/statement";
import { applyStatements } from "../io/apply";
import { readDatabaseCatalog } from "../io/catalog/database";
import { readServerCatalog } from "../io/catalog/server";
import type { Session } from "../io/session";
import type { Planned } from "./planned";
import { isUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

type Scope = Omit<Planned, "connections" | "isServerNew">;

/** @param oldInputs what the last run declared; undefined for a new resource */
export function readScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): Planned {
  const connections = readConnections(inputs, oldInputs);
  if (inputs.scope === "server") return { ...connections, ...serverScope(inputs, oldInputs) };
  return { ...connections, ...databaseScope(inputs, oldInputs) };
}

function serverScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): Scope {
  const desired = readServerAccess(inputs);
  const before = oldInputs === undefined ? undefined : readServerAccess(oldInputs);
  const leaving = namesLeaving(before?.databases, desired.databases);
  return {
    id: "server",
    plan: async (maintenance) =>
      planServerAccess(desired, before, await readServerCatalog(maintenance, leaving)),
    planEmpty: () => planServerAccess(desired, before, { roles: [], databases: [] }),
    planUnread: () =>
      refuseUnread(
        leaving.map((name) => `database ${name}`),
        desired.allowDataLoss,
      ),
    act: (plan, { maintenance, open }) => applyStatements(maintenance, plan.statements, open),
  };
}

function databaseScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): Scope {
  const desired = revealMap(inputs) as unknown as DatabaseAccess;
  const before = oldInputs === undefined ? undefined : (revealMap(oldInputs) as unknown as DatabaseAccess);
  const leaving = {
    schemas: namesLeaving(before?.schemas, desired.schemas),
    extensions: namesLeaving(before?.extensions, desired.extensions),
  };
  const public_ = { name: "public", owner: "pg_database_owner", contents: [], dependents: [] };
  const planEmpty = (): Plan => planDatabaseAccess(desired, before, { schemas: [public_], extensions: [] });
  const losses = leaving.schemas.map((name) => `schema ${desired.database}.${name}`);
  return {
    id: `database/${desired.database}`,
    planEmpty,
    planUnread: () => refuseUnread(losses, desired.allowDataLoss),
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, desired.database))) return planEmpty();
      return open(desired.database, async (session) =>
        planDatabaseAccess(desired, before, await readDatabaseCatalog(session, leaving)),
      );
    },
    act: ({ statements }, { open }) =>
      open(desired.database, (session) => applyStatements(session, statements, open)),
  };
}

/** A server that does not answer may hold anything: what would be lost cannot be told, so it must not be. */
function refuseUnread(losses: readonly string[], allowed: readonly string[]): Plan {
  const refusals = losses
    .filter((entry) => !allowed.includes(entry))
    .map((entry) => ({
      subject: entry,
      message: "it left the configuration, and what it holds cannot be told: the server does not answer",
      hint: `declare it again and bring the server up first, or allow the loss with pgstead:allowDataLoss: ["${entry}"]`,
    }));
  return { statements: [], refusals };
}

type Named = readonly { readonly name: string }[];

function namesLeaving(before: Named | undefined, desired: Named): string[] {
  const staying = new Set(desired.map(({ name }) => name));
  return (before ?? []).map(({ name }) => name).filter((name) => !staying.has(name));
}

async function databaseExists(maintenance: Session, name: string): Promise<boolean> {
  const rows = await maintenance.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", [name]);
  return rows.length > 0;
}

/** A verifier that is not known yet is one that this run makes: `null` for the planner. */
function readServerAccess(inputs: PropertyMap): ServerAccess {
  const plain = revealMap(inputs);
  const roles = (plain.roles as readonly PropertyMap[]).map((role) =>
    isUnknown(role.verifier) ? { ...role, verifier: null } : role,
  );
  return { ...plain, roles } as unknown as ServerAccess;
}
