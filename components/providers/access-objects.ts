import { chunks } from "../core/lists";
import type { PendingFile } from "../core/migrations/made-objects";
import type { PrivilegesDeclaration } from "../core/privileges/declaration";
import { planObjectsAccess, type ObjectsCatalog } from "../core/privileges/objects";
import type { Plan, Statement } from "../core/statement";
import { applyStatements } from "../io/apply";
import { databaseExists } from "../io/catalog/database";
import { readObjectsCatalog } from "../io/catalog/objects";
import type { Scope } from "./access-scope";
import { revealMap, type PropertyMap } from "./properties";

/** What `Access` of scope objects declares. */
interface ObjectsAccess {
  readonly privileges: PrivilegesDeclaration;
  readonly database: string;
  readonly after?: readonly PendingFile[];
}

/**
 * Owners and privileges of everything inside of declared schemas: what migrations have made by then.
 *
 * A run mends what was there when it began to act. What others make in the meantime has its privileges from the default
 * ones: a run does not go after it, which on a busy database would have no end.
 */
export function objectsScope(inputs: PropertyMap, oldInputs: PropertyMap | undefined): Scope {
  const { privileges, database, after = [] } = revealMap(inputs) as unknown as ObjectsAccess;
  const before = oldInputs === undefined ? undefined : (revealMap(oldInputs) as unknown as ObjectsAccess);
  const nothing: Plan = { statements: [], refusals: [] };
  // Of a database that is yet to be made everything that grants name comes with its migrations.
  const planNew = (): Plan =>
    after.length === 0 ? nothing : planObjectsAccess(privileges, noObjects, after);
  let read: ReadonlySet<string> = new Set();
  let begun: ReadonlySet<string> | undefined;
  return {
    id: `objects/${database}`,
    database,
    planEmpty: planNew,
    planUnread: () => nothing,
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, database))) return planNew();
      return open(database, async (session) => {
        const catalog = await readObjectsCatalog(session, privileges, before?.privileges);
        read = new Set([...catalog.objects, ...catalog.owned].map(({ id }) => id));
        const isMine = ({ id }: { readonly id: string }): boolean => begun?.has(id) ?? true;
        const [objects, owned] = [catalog.objects.filter(isMine), catalog.owned.filter(isMine)];
        return planObjectsAccess(privileges, { ...catalog, objects, owned }, after);
      });
    },
    act({ statements }, { open }) {
      begun ??= read;
      return open(database, async (session) => {
        for (const part of transactionsOf(statements)) await applyStatements(session, part, open);
      });
    },
  };
}

/** A database that is yet to be made. */
const noObjects: ObjectsCatalog = {
  acls: [],
  objects: [],
  owned: [],
  all: {},
  blind: [],
  unreachable: [],
};

/** Changes of owner that one transaction takes: each locks a table with its indexes, and the server's locks are counted. */
const ownersInTransaction = 500;

/**
 * One transaction, but for thousands of objects of another owner: those move some hundred at a time, ahead of all
 * privileges, which then change together.
 */
function transactionsOf(statements: readonly Statement[]): (readonly Statement[])[] {
  const owners = statements.filter(({ kind }) => kind === "owner");
  if (owners.length <= ownersInTransaction) return [statements];
  return [...chunks(owners, ownersInTransaction), statements.filter(({ kind }) => kind !== "owner")];
}
