import { quoteIdentifier } from "../../../../components/core/identifier";
import type { PropertyMap } from "../../../../components/providers/properties";
import type { Shape } from "../shared/attribute";
import { transaction } from "./connection";
import { about } from "./failure";
import { wrongIdentifier } from "./names";
import type { Behaviour, Key } from "./resource";
import type { Server } from "./server";
import { officialPlugin } from "./version";
import { idWithin, keyOfInputsWithin, keyWithin } from "./within-database";

export const extensionShape: Shape = {
  plugin: officialPlugin,
  type: "Extension",
  attributes: {
    name: { kind: "text", required: true, replaces: true, verify: wrongIdentifier },
    database: { kind: "text", computed: true, replaces: true },
    schema: { kind: "text", computed: true },
    version: { kind: "text", computed: true },
    createCascade: { kind: "flag", default: false },
    dropCascade: { kind: "flag", default: false },
  },
  refused: [],
};

interface ExtensionValues {
  readonly name: string;
  readonly schema?: string;
  readonly version?: string;
  readonly createCascade?: boolean | null;
  readonly dropCascade?: boolean | null;
}

/** `postgresql:index/extension:Extension`: an extension of a database; its id is `<database>.<extension>`. */
export function extensionBehaviour(server: () => Server): Behaviour {
  const keyOfInputs = (inputs: PropertyMap): Key => keyOfInputsWithin(inputs, server().config.database);
  return {
    shape: extensionShape,
    secretOutputs: [],
    planned: {},
    keyOf: (id, state) => keyWithin("Extension", id, state),
    keyOfInputs,
    idOf: idWithin,
    create: (inputs, signal) =>
      change(server(), keyOfInputs(inputs), "created", [createExtensionStatement(valuesOf(inputs))], signal),
    update: ({ after, changed }, signal) => {
      const statements = updateExtensionStatements(valuesOf(after), changed);
      return change(server(), keyOfInputs(after), "updated", statements, signal);
    },
    delete: (state, signal) => {
      const values = valuesOf(state);
      const mode = values.dropCascade === true ? "CASCADE" : "RESTRICT";
      const statement = `DROP EXTENSION ${quoteIdentifier(values.name)} ${mode}`;
      return change(server(), keyWithin("Extension", "", state), "dropped", [statement], signal);
    },
    read: (key, kept) => readExtension(server(), key, valuesOf(kept)),
  };
}

export function createExtensionStatement(extension: ExtensionValues): string {
  const { name, schema = "", version = "", createCascade } = extension;
  return [
    `CREATE EXTENSION IF NOT EXISTS ${quoteIdentifier(name)}`,
    ...(schema === "" ? [] : [`SCHEMA ${quoteIdentifier(schema)}`]),
    ...(version === "" ? [] : [`VERSION ${quoteIdentifier(version)}`]),
    ...(createCascade === true ? ["CASCADE"] : []),
  ].join(" ");
}

export function updateExtensionStatements(extension: ExtensionValues, changed: readonly string[]): string[] {
  const { name, schema = "", version = "" } = extension;
  const alter = `ALTER EXTENSION ${quoteIdentifier(name)}`;
  return [
    ...(changed.includes("schema") ? [`${alter} SET SCHEMA ${quoteIdentifier(schema)}`] : []),
    ...(changed.includes("version") ? [`${alter} UPDATE TO ${quoteIdentifier(version)}`] : []),
  ];
}

function change(
  server: Server,
  { name, database }: Key,
  action: string,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  return about({ type: "extension", name, database }, action, () =>
    server.useDatabase(
      database,
      (connection) =>
        transaction(connection, async () => {
          for (const statement of statements) await connection.query(statement);
        }),
      signal,
    ),
  );
}

function readExtension(server: Server, key: Key, kept: ExtensionValues): Promise<PropertyMap | undefined> {
  const { name, database } = key;
  return about({ type: "extension", name, database }, "read", async () => {
    if (!(await server.hasDatabase(database))) return undefined;
    const [row] = await server.useDatabase(database, (connection) =>
      connection.query<{ schema: string; version: string }>(
        `SELECT n.nspname::text AS schema, e.extversion AS version
           FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace
          WHERE e.extname = $1`,
        [name],
      ),
    );
    if (row === undefined) return undefined;
    return {
      id: idWithin(key),
      name,
      database,
      schema: row.schema,
      version: row.version,
      createCascade: kept.createCascade ?? false,
      dropCascade: kept.dropCascade ?? false,
    };
  });
}

function valuesOf(map: PropertyMap): ExtensionValues {
  return map as unknown as ExtensionValues;
}
