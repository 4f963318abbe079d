import type { AdoptedDatabase } from "./databases";
import type { AdoptedRole } from "./roles";

/** An entry of the file that `pulumi import --file` takes. */
export interface ImportEntry {
  readonly type: string;
  /** Names the entry in this file: parents are named by it. */
  readonly name: string;
  /** The resource's name in the program. */
  readonly logicalName: string;
  readonly id?: string;
  readonly component?: true;
  readonly parent?: string;
  readonly provider?: string;
}

export interface ImportFile {
  readonly nameTable: Readonly<Record<string, string>>;
  readonly resources: readonly ImportEntry[];
}

/** Name of the official provider in the file. */
const official = "provider of the server";

/**
 * The file that takes over what is on the server: every resource of the program but the server itself and its provider,
 * which a first `up` makes of the configuration.
 *
 * @param adopted in the order of the configuration
 */
export function renderImports(
  adopted: { readonly databases: readonly AdoptedDatabase[]; readonly roles: readonly AdoptedRole[] },
  { stack, project }: { readonly stack: string; readonly project: string },
): ImportFile {
  const provider = `urn:pulumi:${stack}::${project}::pg:index:ExistingServer$pulumi:providers:postgresql::server`;
  return {
    nameTable: { [official]: provider },
    resources: [
      ...adopted.databases.flatMap((database) => [
        ...importRoles(
          database.name,
          adopted.roles.filter((role) => role.database === database.name),
        ),
        ...importDatabase(database),
      ]),
      ...importAccess("ServerAccessControl", "server", "server"),
      { type: "pgstead:index:Guard", name: "guard", logicalName: "guard", id: "guard" },
    ],
  };
}

function importRoles(database: string, roles: readonly AdoptedRole[]): ImportEntry[] {
  const parent = component("Roles", database);
  return [parent, ...roles.map(({ name }) => child(parent, "postgresql:index/role:Role", name, name))];
}

function importDatabase({ name, schemas, extensions }: AdoptedDatabase): ImportEntry[] {
  const database = component("Database", name);
  const contents = component("Schemas", name);
  return [
    database,
    child(database, "postgresql:index/database:Database", name, name),
    contents,
    ...schemas.map((schema) =>
      child(contents, "postgresql:index/schema:Schema", `${name}-${schema}`, `${name}.${schema}`),
    ),
    ...extensions.map((extension) =>
      child(contents, "postgresql:index/extension:Extension", `${name}-${extension}`, `${name}.${extension}`),
    ),
    ...importAccess("DatabaseAccessControl", name, `database/${name}`),
  ];
}

/** An own resource holds nothing by itself: its id says what it looks after. */
function importAccess(type: string, logicalName: string, id: string): ImportEntry[] {
  const parent = component(type, logicalName);
  const access = { type: "pgstead:index:Access", name: `Access ${id}`, logicalName, id };
  return [parent, { ...access, parent: parent.name }];
}

function component(type: string, logicalName: string): ImportEntry {
  return { type: `pg:index:${type}`, name: `component ${type} ${logicalName}`, logicalName, component: true };
}

function child(parent: ImportEntry, type: string, logicalName: string, id: string): ImportEntry {
  const name = `${type.split(":").at(-1) ?? ""} ${id}`;
  return { type, name, logicalName, id, parent: parent.name, provider: official };
}
