import { ownerDatabase, type OwnerPlace } from "../core/server/owner-row";
import { planServerAccess } from "../core/server/access";
import { newServerCatalog, type ServerAccess, type ServerCatalog } from "../core/server/model";
import { planServerDeletion } from "../core/server/leaving";
import type { Plan } from "../core/statement";
import { applyStatements } from "../io/apply";
import { readServerCatalog } from "../io/catalog/server";
import { readOwnerPlace } from "../io/owner-row";
import { namesLeaving, refuseUnread, type Scope } from "./access-scope";
import { InputCheck } from "./inputs";
import type { OpenDatabase } from "./planned";
import { isUnknown, revealMap, type PropertyMap } from "./properties";

export function checkServerInputs(inputs: PropertyMap): InputCheck {
  return new InputCheck(inputs)
    .known(
      "scope",
      "connection",
      "roles",
      "groups",
      "databases",
      "allowDataLoss",
      "protect",
      "stack",
      "markedAs",
      "closed",
      "exclusive",
      "gate",
      "made",
    )
    .list("roles")
    .list("databases")
    .names("groups", "closed");
}

/** @param oldInputs what the last run declared; undefined for a new resource */
export function serverScope(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
  imported = false,
): Scope {
  const desired = readServerAccess(inputs);
  let before = oldInputs === undefined ? undefined : readServerAccess(oldInputs);
  const leaving = namesLeaving(before?.databases, desired.databases);
  const manager = managerOf(inputs);
  const newcomers = newcomersOf(inputs);
  return {
    id: "server",
    plan: async (maintenance, open) => {
      const catalog = await readServerCatalog(maintenance, { sized: leaving, manager });
      const actual = await withOwnerPlace(catalog, desired, open);
      return planServerAccess(desired, before, actual, { imported, newcomers });
    },
    planEmpty: () => planServerAccess(desired, before, newServerCatalog(manager)),
    planUnread: () =>
      refuseUnread(
        leaving.map((name) => `database ${name}`),
        desired.allowDataLoss,
      ),
    async act(plan, { maintenance, open }) {
      await applyStatements(maintenance, plan.statements, open);
      // Where the server does not tell its passwords, it has those that were just sent.
      before = before === undefined ? undefined : withVerifiers(before, desired);
    },
  };
}

/**
 * What goes with the resource: the groups, which no official resource drops, what our roles have on databases that stay,
 * and the ownership of the server. What PUBLIC lost is not given back.
 */
export function serverDeletion(inputs: PropertyMap): Scope {
  const declared = readServerAccess(inputs);
  const manager = managerOf(inputs);
  const nothing: Plan = { statements: [], refusals: [] };
  return {
    id: "server",
    plan: async (maintenance, open) => {
      const catalog = await readServerCatalog(maintenance, { manager });
      return planServerDeletion(declared, await withOwnerPlace(catalog, declared, open));
    },
    planEmpty: () => nothing,
    planUnread: () => nothing,
    act: (plan, { maintenance, open }) => applyStatements(maintenance, plan.statements, open),
  };
}

/** Who may not write into the maintenance database owns the server by a row in the first of its own. */
async function withOwnerPlace(
  catalog: ServerCatalog,
  declared: ServerAccess,
  open: OpenDatabase,
): Promise<ServerCatalog> {
  const first = ownerDatabase(declared, catalog.owner);
  if (first === undefined) return catalog;
  const exists = catalog.databases.some(({ name }) => name === first);
  const nothing: OwnerPlace = { hasSchema: false, hasTable: false, mayCreate: true, row: undefined };
  const place = exists ? await open(first, readOwnerPlace) : nothing;
  return { ...catalog, owner: { ...place, database: first } };
}

function withVerifiers(before: ServerAccess, desired: ServerAccess): ServerAccess {
  const sent = new Map(desired.roles.map((role) => [role.name, role]));
  return { ...before, roles: before.roles.map((role) => sent.get(role.name) ?? role) };
}

/** In a preview the id of what an official resource is to make is not known yet; in a run all are. */
function newcomersOf({ made }: PropertyMap): ReadonlySet<string> {
  const ids = made === undefined || isUnknown(made) ? {} : revealMap(made as PropertyMap);
  return new Set(Object.keys(ids).filter((what) => isUnknown(ids[what])));
}

function managerOf(inputs: PropertyMap): string {
  const connection = isUnknown(inputs.connection) ? {} : revealMap((inputs.connection ?? {}) as PropertyMap);
  const { user } = connection;
  return typeof user === "string" && !isUnknown(user) ? user : "postgres";
}

/** What a state of an older release does not have is nothing; a verifier that is not known yet is made in this run. */
function readServerAccess(inputs: PropertyMap): ServerAccess {
  const plain = revealMap(inputs);
  const roles = (plain.roles as readonly PropertyMap[]).map((role) => ({
    database: "",
    memberOf: [],
    settings: {},
    databaseSettings: {},
    ...role,
    ...(isUnknown(role.verifier) ? { verifier: null } : {}),
  }));
  const databases = (plain.databases as readonly PropertyMap[]).map((database) => ({
    connect: [],
    temporary: [],
    settings: {},
    authoritative: false,
    ...database,
  }));
  return { groups: [], closed: [], ...plain, roles, databases } as unknown as ServerAccess;
}
