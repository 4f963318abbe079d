import type { PendingFile } from "../migrations/made-objects";
import type { Plan, Statement, Undeclared } from "../statement";
import { diffAcl, everybody, withOwner, type AclDifference, type AclItem } from "./acl";
import { ourRoles, profileWants, publicWants, type AclKind, type PrivilegesDeclaration } from "./declaration";
import {
  columnWants,
  explicitGrants,
  explicitWants,
  matches,
  refuseUnknown,
  type ExplicitGrant,
  type Named,
} from "./grants";
import { planOwned, planOwner, type ActualOwned, type Owned } from "./ownership";
import { nameFiles, planPending, type Unmet } from "./pending";
import { planOutOfReach, type OutOfReach, type Reach } from "./reach";
import {
  key,
  mergeChanges,
  renderForeign,
  renderMerged,
  targetOf,
  type AclObject,
  type MergedChange,
  type ObjectChange,
} from "./statements";

/** An object in a declared schema, or one that an explicit grant names. Members of extensions are not among them. */
export interface ActualObject extends Named, Owned {
  readonly schema: string;
  /** Place in {@link ObjectsCatalog.acls}. */
  readonly acl: number;
  /** Columns with privileges of their own, and those without that a grant names. */
  readonly columns?: readonly (readonly [name: string, acl: number | null])[];
}

/** What a database has. Thousands of objects share few ACLs, so those are apart. */
export interface ObjectsCatalog {
  readonly acls: readonly (readonly AclItem[])[];
  readonly objects: readonly ActualObject[];
  readonly owned: readonly ActualOwned[];
  /** All privileges of each kind, as this version of PostgreSQL has them. */
  readonly all: Readonly<Partial<Record<AclKind, readonly string[]>>>;
  /** Roles that granted something and may not look into a schema any more (USAGE). */
  readonly blind: readonly (readonly [role: string, schema: string])[];
  /** Roles that are there and that the managing login cannot work as. */
  readonly unreachable: readonly string[];
}

/**
 * The statements that make owners and privileges of everything in declared schemas what they are to be.
 *
 * @param after migrations that are to be applied before: grants on what they make are planned as well
 */
export function planObjectsAccess(
  declaration: PrivilegesDeclaration,
  catalog: ObjectsCatalog,
  after: readonly PendingFile[] = [],
): Plan {
  const context = contextOf(declaration, catalog);
  const found = inOrder(catalog.objects).map((object) => planObject(context, object));
  const changes = found.flatMap((one) => one.changes);
  const owned = planOwned(declaration, context.ours, context.unreachable, catalog.owned);
  const owners = [owned, ...found];
  const beyond = planOutOfReach(
    context.reach,
    owners.flatMap((one) => one.outOfReach),
  );
  const pending = planPending(findUnmet(context, catalog), after, catalog.all);
  return {
    statements: [...owners.flatMap((one) => one.statements), ...renderMerged(changes), ...pending.statements],
    refusals: [...beyond.refusals, ...refuseUnknown(context.grants, catalog.all)],
    undeclared: [
      ...(beyond.undeclared ?? []),
      ...owners.flatMap((one) => one.undeclared),
      ...renderForeign(found.flatMap((one) => one.foreign)),
      ...pending.rest.flatMap((one) => describeUnmet(one, after)),
    ],
    ...(after.length === 0
      ? {}
      : { notes: [`after ${nameFiles(after)}: what they make has its privileges from the default ones`] }),
  };
}

interface Context {
  readonly declaration: PrivilegesDeclaration;
  readonly catalog: ObjectsCatalog;
  readonly ours: ReadonlySet<string>;
  readonly reach: Reach;
  readonly unreachable: ReadonlySet<string>;
  readonly grants: readonly ExplicitGrant[];
  /** What was found of objects that differ in their names only. */
  readonly found: Map<string, AclDifference>;
  /** What becomes of it for one of them. */
  readonly merged: Map<AclDifference, readonly MergedChange[]>;
}

function contextOf(declaration: PrivilegesDeclaration, catalog: ObjectsCatalog): Context {
  const ours = ourRoles(declaration);
  return {
    declaration,
    catalog,
    ours,
    unreachable: new Set(catalog.unreachable),
    reach: {
      manager: declaration.manager,
      isOurs: (role) => ours.has(role),
    },
    grants: explicitGrants(declaration),
    found: new Map(),
    merged: new Map(),
  };
}

interface ObjectPlan {
  readonly statements: readonly Statement[];
  readonly undeclared: readonly Undeclared[];
  readonly changes: readonly MergedChange[];
  readonly foreign: readonly { readonly item: AclItem; readonly object: AclObject }[];
  readonly outOfReach: readonly OutOfReach[];
}

function planObject(context: Context, object: ActualObject): ObjectPlan {
  const { declaration, ours } = context;
  const target = targetOf(object);
  const { owner, statements, undeclared } = planOwner(declaration, ours, object, target.sql);
  const whole = diffObject(context, object, owner);
  const columns = planColumns(context, object, owner, whole);
  const changes = [
    ...mergeWhole(context, object, target, whole),
    ...mergeChanges(blinded(context, object, columns.changes)),
  ];
  const foreign = [...whole.foreign, ...columns.foreign].map((item) => ({ item, object: target }));
  const beyond = [object.owner, owner].find((role) => context.unreachable.has(role));
  if (beyond === undefined || statements.length + changes.length === 0) {
    return { statements, undeclared, changes, foreign, outOfReach: [] };
  }
  const outOfReach = [{ role: beyond, object: target }];
  return { statements: [], undeclared, changes: [], foreign, outOfReach };
}

function mergeWhole(
  context: Context,
  object: ActualObject,
  target: AclObject,
  whole: AclDifference,
): readonly MergedChange[] {
  const known = context.merged.get(whole);
  if (known !== undefined) return known.map((one) => ({ ...one, object: target }));
  const changes = whole.changes.map((change) => ({ ...change, object: target }));
  const merged = mergeChanges(blinded(context, object, changes));
  context.merged.set(whole, merged);
  return merged;
}

/** Marks what a role takes back that may not look into the schema. */
function blinded(
  { catalog }: Context,
  { schema }: ActualObject,
  changes: readonly ObjectChange[],
): readonly ObjectChange[] {
  return changes.map((change) => {
    const isBlind = catalog.blind.some(([role, place]) => role === change.as && place === schema);
    return isBlind ? { ...change, blind: true as const } : change;
  });
}

/** Thousands of objects differ in their names only: what is found for one counts for all of them. */
function diffObject(context: Context, object: ActualObject, owner: string): AclDifference {
  const { kind, schema, acl } = object;
  const grants = context.grants.filter((one) => one.columns === undefined && matches(one, object));
  const place = key(
    kind,
    schema,
    acl,
    object.owner,
    owner,
    ...grants.map((one) => context.grants.indexOf(one)),
  );
  const found = context.found.get(place) ?? diffSameObjects(context, object, owner, grants);
  context.found.set(place, found);
  return found;
}

function diffSameObjects(
  { declaration, catalog, ours }: Context,
  object: ActualObject,
  owner: string,
  grants: readonly ExplicitGrant[],
): AclDifference {
  const { kind, schema } = object;
  const all = catalog.all[kind] ?? [];
  const acl = withOwner(catalog.acls[object.acl] ?? [], object.owner, owner);
  const explicit = explicitWants(grants, object, all);
  const { authoritative } = declaration;
  if (schema !== "") {
    const profiles = [...profileWants(declaration, schema, kind), ...publicWants(declaration, schema, kind)];
    const isOurs = (grantee: string): boolean => authoritative || ours.has(grantee);
    return diffAcl({ owner, all, acl, wants: [...profiles, ...explicit], isOurs });
  }
  // A language is the whole database's, a large object is in no schema: only what our own roles have is ours to say.
  const isOurs = (grantee: string): boolean => grantee !== everybody && ours.has(grantee);
  return { ...diffAcl({ owner, all: [], acl, wants: explicit, isOurs }), foreign: [] };
}

function planColumns(
  { declaration, catalog, ours, grants }: Context,
  object: ActualObject,
  owner: string,
  whole: AclDifference,
): { changes: readonly ObjectChange[]; foreign: readonly AclItem[] } {
  const known = new Map(object.columns);
  const columns = [...known.keys()].toSorted();
  const target = targetOf(object);
  const revoked = whole.changes.filter(({ verb, option }) => verb === "REVOKE" && !option);
  const plans = columns.map((column) => {
    const { changes, foreign } = diffAcl({
      owner,
      all: [],
      acl: withOwner(catalog.acls[known.get(column) ?? -1] ?? [], object.owner, owner),
      above: whole.stays,
      isTaken: (item) =>
        revoked.some(
          ({ grantee, privilege, as = owner }) =>
            grantee === item.grantee && privilege === item.privilege && as === item.grantor,
        ),
      wants: columnWants(grants, object, column),
      isOurs: (grantee) => declaration.authoritative || ours.has(grantee),
    });
    return { changes: changes.map((change) => ({ ...change, object: target, column })), foreign };
  });
  return {
    changes: plans.flatMap(({ changes }) => changes),
    foreign: plans.flatMap(({ foreign }) => foreign),
  };
}

/** Grants on something that is not there. */
function findUnmet({ grants }: Context, { objects }: ObjectsCatalog): Unmet[] {
  return grants.flatMap((grant): Unmet[] => {
    const { on, columns = [] } = grant;
    const [word = ""] = Object.keys(on);
    if (word === "schema" || word.endsWith("In")) return [];
    const object = objects.find((one) => matches(grant, one));
    if (object === undefined) return [{ grant }];
    const known = new Set((object.columns ?? []).map(([name]) => name));
    const missing = columns.filter((column) => !known.has(column));
    return missing.length === 0 ? [] : [{ grant, columns: missing }];
  });
}

/** Such a grant is given once what it names is there. */
function describeUnmet({ grant: { on, role }, columns }: Unmet, after: readonly PendingFile[]): Undeclared[] {
  const [word = "", name = ""] = Object.entries(on)[0] ?? [];
  const subject = `${word} ${String(name)}`;
  const when = after.length === 0 ? "" : `; where ${nameFiles(after)} makes it, right after that`;
  const message = `declared in grants of ${role} and not there: granted by the next run after it is${when}`;
  const subjects = columns?.map((column) => `column ${column} of ${subject}`) ?? [subject];
  return subjects.map((what) => ({ kind: "privilege", subject: what, message }));
}

/** Kinds in the order in which they are told, and names within: whatever the catalogue's order was. */
function inOrder(objects: readonly ActualObject[]): ActualObject[] {
  const keyed = objects.map((object) => {
    const { kind, schema, name, args = "" } = object;
    return { object, text: `${order.indexOf(kind)}\0${schema}\0${name}\0${args}` };
  });
  keyed.sort((a, b) => (a.text < b.text ? -1 : Number(a.text > b.text)));
  return keyed.map(({ object }) => object);
}

const order: readonly AclKind[] = ["n", "r", "S", "f", "T", "l", "L"];
