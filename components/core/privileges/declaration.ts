import { groupName } from "../groups";
import { everybody, type Want } from "./acl";

/** What an explicit grant is on: exactly one of these. Names as in SQL, with their schema: `app.orders`. */
export interface GrantTarget {
  /** The role's own database. */
  readonly database?: true;
  readonly schema?: string;
  readonly table?: string;
  /** Every table and view of a schema, now and later. */
  readonly tablesIn?: string;
  readonly sequence?: string;
  readonly sequencesIn?: string;
  /** `app.price(integer)`; without its arguments every function of that name. Procedures and aggregates as well. */
  readonly function?: string;
  readonly functionsIn?: string;
  readonly type?: string;
  readonly language?: string;
  /** Number of a large object. */
  readonly largeObject?: string;
}

/** A privilege that no profile says. */
export interface GrantDeclaration {
  readonly on: GrantTarget;
  /** PostgreSQL's words, or `ALL`. */
  readonly privileges: readonly string[];
  /** Of these columns of a table only. */
  readonly columns?: readonly string[];
  /** May pass it on (`WITH GRANT OPTION`). */
  readonly grantOption?: boolean;
}

/** A role of a database, as far as its objects go. */
export interface PrivilegeRole {
  readonly name: string;
  /** It changes the schemas: what it makes is readable and writable as if the owner had made it. */
  readonly migrator?: boolean;
  readonly retired?: "reassign" | "keep";
  readonly grants?: readonly GrantDeclaration[];
}

/** A declared schema. */
export interface PrivilegeSchema {
  readonly name: string;
  readonly owner?: string;
  /** A declared extension is in it. */
  readonly holdsExtension?: true;
  /** It holds the trail of an audit: whoever wrote there could forge it. */
  readonly trail?: true;
}

/** Everything from which the privileges in a database follow. */
export interface PrivilegesDeclaration {
  readonly database: string;
  readonly owner: string;
  /** The managing login: what it made by hand goes to the schema's owner. */
  readonly manager: string;
  readonly schemas: readonly PrivilegeSchema[];
  readonly roles: readonly PrivilegeRole[];
  /** True: what nobody declared for roles that nobody declared is taken as well. */
  readonly authoritative: boolean;
}

/** Who owns what is in a schema: `public` itself belongs to whoever owns the database. */
export function ownerIn({ owner, schemas }: PrivilegesDeclaration, schema: string): string {
  const declared = schemas.find(({ name }) => name === schema)?.owner;
  return declared === undefined || declared === "pg_database_owner" ? owner : declared;
}

/** Roles whose privileges are exactly what is declared: the stack's own ones in this database, and PUBLIC. */
export function ourRoles(declaration: PrivilegesDeclaration): ReadonlySet<string> {
  const { database, schemas, roles, owner } = declaration;
  const groups = schemas.flatMap(({ name }) => [
    groupName(database, name, "reader"),
    groupName(database, name, "writer"),
  ]);
  return new Set([
    everybody,
    owner,
    ...schemas.map(({ name }) => ownerIn(declaration, name)),
    ...groups,
    ...roles.map(({ name }) => name),
  ]);
}

/** Roles that make objects in a schema: its owner, the database's owner, and who changes the schemas. */
export function creatorsIn(declaration: PrivilegesDeclaration, schema: string): readonly string[] {
  const migrators = declaration.roles.filter(
    ({ migrator, retired }) => migrator === true && retired === undefined,
  );
  const names = [ownerIn(declaration, schema), declaration.owner, ...migrators.map(({ name }) => name)];
  return [...new Set(names)];
}

/** Kinds of objects as `pg_default_acl` and `acldefault` name them. */
export type AclKind = "r" | "S" | "f" | "T" | "n" | "l" | "L";

const reads: Readonly<Partial<Record<AclKind, readonly string[]>>> = {
  n: ["USAGE"],
  r: ["SELECT"],
  S: ["SELECT"],
  f: ["EXECUTE"],
};

/** No CREATE, TRUNCATE, REFERENCES, TRIGGER or MAINTAIN: those change what an application stands on. */
const writes: Readonly<Partial<Record<AclKind, readonly string[]>>> = {
  n: ["USAGE"],
  r: ["SELECT", "INSERT", "UPDATE", "DELETE"],
  S: ["SELECT", "USAGE", "UPDATE"],
  f: ["EXECUTE"],
};

/** What a schema's readers and writers have on a kind of objects in it, or on the schema itself (`n`). */
export function profileWants(
  { database, schemas }: PrivilegesDeclaration,
  schema: string,
  kind: AclKind,
): Want[] {
  const [reader, writer] = [groupName(database, schema, "reader"), groupName(database, schema, "writer")];
  if (schemas.some(({ name, trail }) => name === schema && trail === true)) {
    const isRead = kind === "n" || kind === "r";
    return isRead ? wants(reader, reads[kind] ?? [], "readers of the trail") : [];
  }
  return [
    ...wants(reader, reads[kind] ?? [], `readers of schema ${schema}`),
    ...wants(writer, writes[kind] ?? [], `writers of schema ${schema}`),
  ];
}

/**
 * What PUBLIC keeps: types, as PostgreSQL has it, and a way into `public` and into schemas of extensions, whose functions
 * and types are everybody's who may connect. It shows names there, and no rows.
 */
export function publicWants({ schemas }: PrivilegesDeclaration, schema: string, kind: AclKind): Want[] {
  if (kind === "T") return wants(everybody, ["USAGE"], "everybody may use types, as PostgreSQL has it");
  const isOpen = schemas.some(({ name, holdsExtension }) => name === schema && holdsExtension === true);
  if (kind !== "n" || (schema !== "public" && !isOpen)) return [];
  return wants(everybody, ["USAGE"], "everybody who connects may use what extensions put there");
}

export function wants(grantee: string, privileges: readonly string[], reason: string): Want[] {
  return privileges.map((privilege) => ({ grantee, privilege, reason }));
}
