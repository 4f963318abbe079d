import type { GrantDeclaration, PrivilegesDeclaration } from "../privileges/declaration";

/** A database, as far as the privileges in it go. */
export interface PrivilegesSource {
  readonly database: {
    readonly name: string;
    readonly owner: string;
    readonly authoritative?: boolean;
    readonly keepPrivileges?: boolean;
  };
  readonly schemas: readonly { readonly name: string; readonly owner?: string; readonly trail?: true }[];
  readonly extensions: readonly { readonly name: string; readonly schema?: string }[];
  readonly roles: readonly {
    readonly name: string;
    readonly migrator?: boolean;
    readonly retired?: "reassign" | "keep";
    readonly grants?: readonly GrantDeclaration[];
  }[];
  /** The managing login, where it is known. */
  readonly manager?: string;
}

/** From which the privileges in a database follow; undefined where they stay as the server has them. */
export function resolvePrivileges(source: PrivilegesSource): PrivilegesDeclaration | undefined {
  const { database, schemas, extensions, roles, manager = "" } = source;
  if (database.keepPrivileges === true) return undefined;
  const names = new Set(schemas.map(({ name }) => name));
  const extended = new Set(extensions.map(({ schema = "public" }) => schema));
  return {
    database: database.name,
    owner: database.owner,
    manager,
    authoritative: database.authoritative ?? false,
    schemas: [
      ...(names.has("public") ? [] : [{ name: "public", owner: "pg_database_owner" }]),
      ...schemas.map(({ name, owner, trail }) => ({
        name,
        owner: name === "public" ? (owner ?? "pg_database_owner") : (owner ?? database.owner),
        ...(name !== "public" && extended.has(name) ? { holdsExtension: true as const } : {}),
        ...(trail === true ? { trail } : {}),
      })),
    ],
    roles: roles.map(({ name, migrator, retired, grants }) => ({
      name,
      ...(migrator === undefined ? {} : { migrator }),
      ...(retired === undefined ? {} : { retired }),
      ...(grants === undefined || grants.length === 0 ? {} : { grants }),
    })),
  };
}
