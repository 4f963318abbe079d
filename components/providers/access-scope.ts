import type { ConnectionTarget } from "../core/connection";
import { planDatabaseAccess, type DatabaseAccess } from "../core/database-access";
import { planServerAccess, type ServerAccess } from "../core/server-access";
import type { Plan } from "../core/statement";
import { readDatabaseCatalog } from "../io/catalog/database";
import { readServerCatalog } from "../io/catalog/server";
import type { Session } from "../io/session";
import {
  hasUnknown,
  isUnknown,
  revealMap,
  unknown,
  type PropertyMap,
  type PropertyValue,
} from "./properties";

/** A way to the server, and the server that is expected there. */
export interface ServerConnection extends ConnectionTarget {
  readonly systemIdentifier?: string;
}

export type OpenDatabase = <Result>(
  database: string,
  use: (session: Session) => Promise<Result>,
) => Promise<Result>;

/** What one `Access` resource looks after, and how. */
export interface AccessScope {
  readonly id: string;
  /** Ways to the server: the declared one, then that of the state, where they differ. */
  readonly connections: readonly ServerConnection[];
  /** True where this run is to make the server: it has no identity yet. */
  readonly isServerNew: boolean;
  /** Reads the catalogue and decides. */
  plan(maintenance: Session, open: OpenDatabase): Promise<Plan>;
  /** The plan against a server that has nothing yet. */
  planEmpty(): Plan;
  /** What can be told without the server: nothing to do, and no loss that nobody allowed. */
  planUnread(): Plan;
  /** Opens the session that the statements belong to. */
  send(maintenance: Session, open: OpenDatabase, use: (session: Session) => Promise<void>): Promise<void>;
}

/** @param oldInputs what the last run declared; undefined for a new resource */
export function readScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): AccessScope {
  const connections = [inputs.connection, oldInputs?.connection].flatMap(
    (value) => readConnection(value) ?? [],
  );
  const { systemIdentifier } = revealMap((inputs.connection ?? {}) as PropertyMap);
  const base = { connections: withoutTwin(connections), isServerNew: isUnknown(systemIdentifier) };
  if (inputs.scope === "server") return { ...base, ...serverScope(inputs, oldInputs) };
  return { ...base, ...databaseScope(inputs, oldInputs) };
}

function serverScope(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): Omit<AccessScope, "connections" | "isServerNew"> {
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
    send: (maintenance, _open, use) => use(maintenance),
  };
}

function databaseScope(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
): Omit<AccessScope, "connections" | "isServerNew"> {
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
    send: (_maintenance, open, use) => open(desired.database, use),
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

/** The connection, unless a part of it that is needed to get there is not known yet. */
function readConnection(value: PropertyValue | undefined): ServerConnection | undefined {
  if (value === undefined || value === null || isUnknown(value)) return undefined;
  const map = revealMap(value as PropertyMap);
  const { systemIdentifier, ...target } = map;
  if (hasUnknown(target)) return undefined;
  const known = systemIdentifier !== unknown && systemIdentifier !== undefined && systemIdentifier !== "";
  return { ...target, ...(known ? { systemIdentifier } : {}) } as unknown as ServerConnection;
}

function withoutTwin(connections: readonly ServerConnection[]): ServerConnection[] {
  const seen = new Set<string>();
  return connections.filter((connection) => {
    const key = JSON.stringify(connection);
    return seen.has(key) ? false : seen.add(key);
  });
}
