import type { Refusal } from "../statement";
import type { Want } from "./acl";
import type { AclKind, GrantDeclaration, GrantTarget, PrivilegesDeclaration } from "./declaration";
import { normalizeTypes, parseSqlName, type SqlName } from "./name";

/** An explicit grant of a role that is in use. */
export interface ExplicitGrant extends GrantDeclaration {
  readonly role: string;
  readonly target: ResolvedTarget;
}

/** What a grant is on: one object, or all of a kind in a schema. */
interface ResolvedTarget {
  readonly kind: AclKind;
  /** Every object of the kind in this schema. */
  readonly whole?: string;
  readonly name?: SqlName;
}

export function explicitGrants({ roles }: PrivilegesDeclaration): readonly ExplicitGrant[] {
  return roles
    .filter(({ retired }) => retired === undefined)
    .flatMap(({ name, grants = [] }) =>
      grants
        .filter(({ on }) => on.database === undefined) // the server's access looks after databases
        .map((grant) => ({ ...grant, role: name, target: resolveTarget(grant.on) })),
    );
}

type ObjectTarget = Omit<GrantTarget, "database">;

const kinds: Readonly<Record<keyof ObjectTarget, AclKind>> = {
  schema: "n",
  table: "r",
  tablesIn: "r",
  sequence: "S",
  sequencesIn: "S",
  function: "f",
  functionsIn: "f",
  type: "T",
  language: "l",
  largeObject: "L",
};

/** Schemas and languages are named as they are declared, objects in schemas as SQL writes them. */
function resolveTarget(on: ObjectTarget): ResolvedTarget {
  const [first] = Object.entries(on) as [keyof ObjectTarget, string][];
  if (first === undefined) throw new Error("a grant is on something");
  const [word, written] = first;
  const kind = kinds[word];
  if (word.endsWith("In")) return { kind, whole: written };
  if (word === "schema" || word === "language" || word === "largeObject")
    return { kind, name: { path: [written] } };
  const name = parseSqlName(written);
  return name === undefined ? { kind } : { kind, name };
}

/** What an object is called, as far as a grant can name it. */
export interface Named {
  readonly kind: AclKind;
  /** Empty for what is in no schema. */
  readonly schema: string;
  readonly name: string;
  /** Types of a function's arguments. */
  readonly args?: string;
  /** Arguments of a procedure with their modes: types alone do not tell one with OUT from another. */
  readonly identity?: string;
}

/** True where a grant names an object, alone or with its whole schema. */
export function matches({ target }: ExplicitGrant, { kind, schema, name, args = "" }: Named): boolean {
  if (target.kind !== kind) return false;
  if (target.whole !== undefined) return target.whole === schema;
  if (target.name === undefined) return false;
  const path = schema === "" ? [name] : [schema, name];
  if (target.name.path.length !== path.length) return false;
  if (!target.name.path.every((part, index) => part === path[index])) return false;
  return target.name.args === undefined || target.name.args === normalizeTypes(args);
}

/** What explicit grants say of an object, its columns aside. */
export function explicitWants(
  grants: readonly ExplicitGrant[],
  object: Named,
  all: readonly string[],
): Want[] {
  return grants
    .filter((grant) => grant.columns === undefined && matches(grant, object))
    .flatMap((grant) => wantsOf(grant, all));
}

/** Who has a grant on something in a schema gets there (USAGE on it). */
export function wayWants(grants: readonly ExplicitGrant[], schema: string): Want[] {
  const isInside = ({ target }: ExplicitGrant): boolean =>
    target.whole === schema || (target.name?.path.length === 2 && target.name.path[0] === schema);
  const roles = new Set(grants.filter(isInside).map(({ role }) => role));
  return [...roles].map((grantee) => ({
    grantee,
    privilege: "USAGE",
    reason: `${grantee} has grants on what is in schema ${schema}`,
  }));
}

/** What explicit grants say of one column of a table. */
export function columnWants(grants: readonly ExplicitGrant[], table: Named, column: string): Want[] {
  return grants
    .filter((grant) => grant.columns?.includes(column) === true && matches(grant, table))
    .flatMap((grant) => wantsOf(grant, columnPrivileges));
}

/** What stands for all objects of a kind in a schema, later ones included: `tablesIn` and its like. */
export function schemaWideWants(
  grants: readonly ExplicitGrant[],
  schema: string,
  kind: AclKind,
  all: readonly string[],
): Want[] {
  return grants
    .filter(({ columns, target }) => columns === undefined && target.kind === kind && target.whole === schema)
    .flatMap((grant) => wantsOf(grant, all));
}

/** Privileges that a column can have. */
const columnPrivileges = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];

function wantsOf({ role, privileges, grantOption = false }: ExplicitGrant, all: readonly string[]): Want[] {
  const words = privileges.map((word) => word.toUpperCase());
  const names = words.includes("ALL") ? all : words.filter((word) => all.includes(word));
  const reason = `declared in grants of ${role}`;
  return names.map((privilege) => ({ grantee: role, privilege, grantable: grantOption, reason }));
}

/** Privileges that this server does not know, such as MAINTAIN before 17. */
export function refuseUnknown(
  grants: readonly ExplicitGrant[],
  all: Readonly<Partial<Record<AclKind, readonly string[]>>>,
): Refusal[] {
  return grants.flatMap(({ role, privileges, target, on }) => {
    const known = all[target.kind];
    const unknown = privileges.filter(
      (word) => word !== "ALL" && known?.includes(word.toUpperCase()) === false,
    );
    return unknown.map((word) => ({
      subject: `grants of ${role}`,
      message: `this server has no privilege ${word} on ${Object.entries(on).flat().join(" ")}`,
      hint: "remove it: another version of PostgreSQL has it",
    }));
  });
}
