import { quoteIdentifier } from "../identifier";
import { chunks, groupInto } from "../lists";
import type { Statement, StatementKind, Undeclared } from "../statement";
import { everybody, type AclChange, type AclItem } from "./acl";
import type { AclKind } from "./declaration";
import type { Named } from "./grants";

/** Something that privileges are granted on. */
export interface AclObject {
  /** What stands after ON: `TABLE`, `SEQUENCE`, `ROUTINE`, `TYPE`, `SCHEMA`, `LANGUAGE`, `LARGE OBJECT`. */
  readonly word: string;
  /** Its name as SQL. */
  readonly sql: string;
  /** Objects of another place are in another statement; a schema, or nothing. */
  readonly place: string;
}

const words: Readonly<Record<AclKind, string>> = {
  r: "TABLE",
  S: "SEQUENCE",
  f: "ROUTINE",
  T: "TYPE",
  n: "SCHEMA",
  l: "LANGUAGE",
  L: "LARGE OBJECT",
};

export function targetOf({ kind, schema, name, args, identity = args }: Named): AclObject {
  const word = words[kind];
  if (kind === "L") return { word, sql: name, place: "" };
  const path = [...(schema === "" ? [] : [schema]), name].map(quoteIdentifier).join(".");
  return { word, sql: identity === undefined ? path : `${path}(${identity})`, place: schema };
}

/** A change of one object, or of one of its columns. */
export interface ObjectChange extends AclChange {
  readonly object: AclObject;
  readonly column?: string;
  /** Who takes it back may not look into the schema: it may for as long as that takes. */
  readonly blind?: true;
}

/** Objects in one statement: enough that thousands are few statements, few enough that one can be read. */
const objectsInStatement = 50;

/**
 * Changes as statements, revocations first: what the same roles get on several objects is one statement.
 */
export function renderChanges(changes: readonly ObjectChange[]): Statement[] {
  return renderMerged(mergeChanges(changes));
}

/** What happens to each object, with all privileges of a role, and all roles that get the same, in one. */
export function mergeChanges(changes: readonly ObjectChange[]): MergedChange[] {
  const perObject = groupBy(
    changes,
    (change) => `${stepOf(change)}${objectOf(change)}${key(change.grantee)}`,
  );
  const perGrantees = groupBy(
    perObject.map(mergePrivileges),
    (one) => `${stepOf(one)}${objectOf(one)}${key(one.what, one.kind)}`,
  );
  return perGrantees.map(mergeGrantees);
}

/** Statements for what was merged: objects to which the same happens are in one. */
export function renderMerged(merged: readonly MergedChange[]): Statement[] {
  const bundles = groupBy(
    merged,
    (one) => `${stepOf(one)}${key(one.object.word, one.object.place, one.what, one.grantees)}`,
  );
  // What a table loses, its columns lose with it: theirs goes before, and comes after.
  const order = ({ verb, column }: ObjectChange): number =>
    verb === "GRANT" ? 2 : column === undefined ? 1 : 0;
  return bundles
    .flatMap((bundle) => chunks(bundle, objectsInStatement))
    .toSorted(([a], [b]) => (a === undefined || b === undefined ? 0 : order(a) - order(b)))
    .map(renderBundle);
}

function stepOf({ verb, option, as, cascade, renewed, blind }: ObjectChange): string {
  return key(verb, option, as, cascade, renewed, blind);
}

function objectOf({ object, column }: ObjectChange): string {
  return key(object.word, object.sql, column);
}

/** All that a step does to one object for some roles. */
export interface MergedChange extends ObjectChange {
  /** `SELECT, UPDATE`, or with columns `SELECT ("a")`. */
  readonly what: string;
  readonly kind: StatementKind;
  readonly grantees: string;
}

function mergePrivileges(same: readonly ObjectChange[]): MergedChange {
  const [first] = same;
  if (first === undefined) throw new Error("a group is never empty");
  const column = first.column === undefined ? "" : ` (${quoteIdentifier(first.column)})`;
  const privileges = [...new Set(same.map(({ privilege }) => privilege))].toSorted();
  const reasons = [...new Set(same.map(({ reason }) => reason))];
  return {
    ...first,
    what: privileges.map((privilege) => `${privilege}${column}`).join(", "),
    kind: first.grantee === everybody ? "PUBLIC" : "privilege",
    grantees: renderGrantee(first.grantee),
    reason: reasons.join("; "),
  };
}

function mergeGrantees(same: readonly MergedChange[]): MergedChange {
  const [first] = same;
  if (first === undefined) throw new Error("a group is never empty");
  const grantees = same.map(({ grantees }) => grantees).toSorted();
  const reasons = [...new Set(same.map(({ reason }) => reason))];
  return { ...first, grantees: grantees.join(", "), reason: reasons.join("; ") };
}

function renderBundle(bundle: readonly MergedChange[]): Statement {
  const [first] = bundle;
  if (first === undefined) throw new Error("a group is never empty");
  const { object, what, kind } = first;
  const on = `${what} ON ${object.word} ${bundle.map((one) => one.object.sql).join(", ")}`;
  const reasons = [...new Set(bundle.map(({ reason }) => reason))];
  return { sql: renderChange(first, on), reason: reasons.join("; "), risk: "access", kind };
}

function renderChange(change: MergedChange, on: string): string {
  const { verb, option, as, cascade, renewed, blind, grantees, object } = change;
  const grant = (end: string): string => `GRANT ${on} TO ${grantees}${end}`;
  if (verb === "GRANT") return grant(option ? " WITH GRANT OPTION" : "");
  const only = option ? "GRANT OPTION FOR " : "";
  const revoke = `REVOKE ${only}${on} FROM ${grantees}${cascade === true ? " CASCADE" : ""}`;
  if (renewed === true) return `${grant(" WITH GRANT OPTION")}; ${revoke}`;
  if (as === undefined) return revoke;
  const role = quoteIdentifier(as);
  const statement = `SET LOCAL ROLE ${role}; ${revoke}; RESET ROLE`;
  if (blind !== true) return statement;
  const schema = quoteIdentifier(object.place);
  return `GRANT USAGE ON SCHEMA ${schema} TO ${role}; ${statement}; REVOKE USAGE ON SCHEMA ${schema} FROM ${role}`;
}

/** What roles that are not ours have, summed up: one line for a role and a kind of object in a schema. */
export function renderForeign(
  found: readonly { readonly item: AclItem; readonly object: AclObject }[],
): Undeclared[] {
  const lines = groupBy(found, ({ item, object }) => key(item.grantee, object.word, object.place));
  return lines.map((same) => {
    const [first] = same;
    if (first === undefined) throw new Error("a group is never empty");
    const { item, object } = first;
    const privileges = [...new Set(same.map((one) => one.item.privilege))].toSorted().join(", ");
    const objects = [...new Set(same.map((one) => one.object.sql))];
    const on = objects.length === 1 ? (objects[0] ?? "") : `${objects.length} in schema ${object.place}`;
    return {
      kind: "privilege",
      subject: `${privileges} on ${object.word.toLowerCase()} ${on} for ${item.grantee}`,
      message: "nobody declared it",
    };
  });
}

export function renderGrantee(grantee: string): string {
  return grantee === everybody ? "PUBLIC" : quoteIdentifier(grantee);
}

/** Items with the same key together, in the order of the keys' first occurrence. */
export function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Item[][] {
  return [...groupInto(items, keyOf).values()];
}

/** Parts as one text. No identifier holds a NUL or is empty, so absent is told from present, and keys may be joined. */
export function key(...parts: readonly (string | number | boolean | undefined)[]): string {
  return `${parts.join("\0")}\0`;
}
