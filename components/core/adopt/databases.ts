import { ownSchema, serverDatabases, usualExtension } from "../born-with";
import { byName } from "../lists";
import type { ActualDatabase } from "../server/database";
import {
  unless,
  written,
  type AdoptionNote,
  type FoundContents,
  type FoundDatabase,
  type FoundServer,
  type NameRules,
  type Written,
  type WrittenMap,
} from "./found";
import type { AdoptedRole } from "./roles";
import { otherStack } from "../server/marks";
import { writeSettings } from "./settings";

/** A database that is taken over, with what is in it. */
export interface ChosenDatabase {
  readonly actual: ActualDatabase;
  readonly catalog: FoundContents;
}

/** What of a database is taken over. */
export interface AdoptedDatabase {
  readonly name: string;
  /** The entry, without its roles. */
  readonly entry: WrittenMap;
  /** Schemas that have a resource: all but `public`. */
  readonly schemas: readonly string[];
  readonly extensions: readonly string[];
}

/** The databases that the configuration can say whole, by name, and why not the others. */
export function chooseDatabases(
  server: FoundServer,
  rules: NameRules,
): { readonly chosen: readonly ChosenDatabase[]; readonly notes: readonly AdoptionNote[] } {
  const notes: AdoptionNote[] = [];
  const chosen: ChosenDatabase[] = [];
  const found = new Map(server.databases.map((database) => [database.name, database]));
  for (const actual of byName(server.catalog.databases)) {
    const { name } = actual;
    const seen = found.get(name);
    if (server.only?.includes(name) === false) continue;
    const reason = reasonToLeave(actual, seen, server, rules);
    if (reason === undefined && seen?.catalog !== undefined) chosen.push({ actual, catalog: seen.catalog });
    else if (!serverDatabases.has(name)) notes.push({ subject: `database ${name}`, message: reason ?? "" });
  }
  return { chosen, notes };
}

function reasonToLeave(
  actual: ActualDatabase,
  seen: FoundDatabase | undefined,
  { catalog, stack }: FoundServer,
  rules: NameRules,
): string | undefined {
  const other = otherStack(`database ${actual.name}`, catalog.owner, stack);
  if (other !== undefined) return `it is left to stack ${other}, which declares it`;
  if (serverDatabases.has(actual.name)) return "every server has it";
  if (seen?.isTemplate === true) return "it is a template; it is left as it is";
  if (!actual.allowConnections) return "it takes no connections; it is left as it is";
  if (seen?.catalog === undefined)
    return `it could not be looked into: ${seen?.reason ?? "it was not asked for"}`;
  const fault =
    rules.database(actual.name) ??
    (actual.owner === catalog.manager ? undefined : rules.role(actual.owner)) ??
    seen.catalog.schemas.map(({ name }) => schemaFault(name, rules)).find((one) => one !== undefined);
  if (fault !== undefined) return `it is left as it is: ${fault}`;
  const row = catalog.settings.find((one) => one.role === null && one.database === actual.name);
  if (row !== undefined && writeSettings(row.settings) === undefined)
    return "one of its settings may hold a secret, and no secret is written";
  if (!seen.catalog.schemas.some(({ name }) => name === "public"))
    return "it has no schema public, which every declared database has";
  return undefined;
}

function schemaFault(name: string, rules: NameRules): string | undefined {
  return name === ownSchema ? undefined : rules.schema(name);
}

/** The entry of a database. Its privileges stay as they are: `privileges: keep`. */
export function adoptDatabase(
  { actual, catalog }: ChosenDatabase,
  roles: readonly AdoptedRole[],
  settings: FoundServer["catalog"]["settings"],
): AdoptedDatabase {
  const row = settings.find((one) => one.role === null && one.database === actual.name);
  const schemas = byName(catalog.schemas.filter(({ name }) => name !== ownSchema));
  const extensions = byName(catalog.extensions.filter(({ name }) => name !== usualExtension));
  const { lcCollate, lcCtype } = actual;
  return {
    name: actual.name,
    schemas: schemas.map(({ name }) => name).filter((name) => name !== "public"),
    extensions: extensions.map(({ name }) => name),
    entry: written({
      owner: actual.owner,
      encoding: unless(actual.encoding, "UTF8"),
      locale: unless(lcCollate, "C"),
      ctype: unless(lcCtype, lcCollate),
      connectionLimit: unless(actual.connectionLimit, -1),
      privileges: "keep",
      settings: row === undefined ? undefined : writeSettings(row.settings),
      extensions: extensions.length === 0 ? undefined : extensions.map(writeExtension),
      schemas: Object.fromEntries(schemas.flatMap((schema) => writeSchema(schema, actual, roles))),
    }),
  };
}

function writeExtension({ name, schema }: FoundContents["extensions"][number]): Written {
  return schema === "public" ? name : { name, schema };
}

/** A schema with its owner, where that is not what is declared by saying nothing. */
function writeSchema(
  { name, owner }: FoundContents["schemas"][number],
  database: ActualDatabase,
  roles: readonly AdoptedRole[],
): [string, WrittenMap][] {
  const usual = name === "public" ? "pg_database_owner" : database.owner;
  if (owner === usual) return name === "public" ? [] : [[name, {}]];
  const declared = roles.find((role) => role.name === owner && role.database === database.name);
  return [[name, { owner: declared?.key ?? owner }]];
}
