import { quoteIdentifier } from "../../../../components/core/identifier";
import type { PropertyMap } from "../../../../components/providers/properties";
import type { Shape } from "../shared/attribute";
import { withBorrowedRoles } from "./borrowed-roles";
import { transaction, type Connection } from "./connection";
import { about } from "./failure";
import { wrongIdentifier } from "./names";
import type { Behaviour, Key } from "./resource";
import type { Server } from "./server";
import { officialPlugin } from "./version";
import { idWithin, keyOfInputsWithin, keyWithin } from "./within-database";

export const schemaShape: Shape = {
  plugin: officialPlugin,
  type: "Schema",
  attributes: {
    name: { kind: "text", required: true, verify: wrongIdentifier },
    database: { kind: "text", computed: true, replaces: true },
    owner: { kind: "text", computed: true },
    dropCascade: { kind: "flag", default: false },
    ifNotExists: { kind: "flag", default: true },
  },
  refused: ["policies"],
};

interface SchemaValues {
  readonly name: string;
  readonly owner?: string;
  readonly dropCascade?: boolean | null;
  readonly ifNotExists?: boolean | null;
}

/** `postgresql:index/schema:Schema`: a schema; its id is `<database>.<schema>`. */
export function schemaBehaviour(server: () => Server): Behaviour {
  const keyOfInputs = (inputs: PropertyMap): Key => keyOfInputsWithin(inputs, server().config.database);
  return {
    shape: schemaShape,
    secretOutputs: [],
    planned: { policies: [] },
    keyOf: (id, state) => keyWithin("Schema", id, state),
    keyOfInputs,
    idOf: idWithin,
    create: (inputs, signal) =>
      change(server(), keyOfInputs(inputs), "created", signal, (connection) =>
        createSchema(connection, valuesOf(inputs)),
      ),
    update: ({ before, after, changed }, signal) =>
      change(
        server(),
        { ...keyOfInputs(after), name: valuesOf(before).name },
        "updated",
        signal,
        (connection) => updateSchema(connection, valuesOf(before), valuesOf(after), changed),
      ),
    delete: (state, signal) =>
      change(server(), keyWithin("Schema", "", state), "dropped", signal, (connection) =>
        dropSchema(connection, valuesOf(state)),
      ),
    read: (key, kept) => readSchema(server(), key, valuesOf(kept)),
  };
}

function change(
  server: Server,
  { name, database }: Key,
  action: string,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  return about({ type: "schema", name, database }, action, () =>
    server.useDatabase(database, (connection) => transaction(connection, () => work(connection)), signal),
  );
}

/** A schema that is there already, such as `public`, is taken over and only gets its owner. */
async function createSchema(connection: Connection, schema: SchemaValues): Promise<void> {
  const owner = schema.owner ?? "";
  const name = quoteIdentifier(schema.name);
  const databaseOwner = await ownerOfDatabase(connection);
  await withBorrowedRoles(connection, [databaseOwner, ...(owner === "" ? [] : [owner])], async () => {
    if (!(await exists(connection, schema.name))) {
      const guard = schema.ifNotExists === false ? "" : "IF NOT EXISTS ";
      const authorization = owner === "" ? "" : ` AUTHORIZATION ${quoteIdentifier(owner)}`;
      await connection.query(`CREATE SCHEMA ${guard}${name}${authorization}`);
    } else if (owner !== "") {
      await connection.query(`ALTER SCHEMA ${name} OWNER TO ${quoteIdentifier(owner)}`);
    }
  });
}

async function updateSchema(
  connection: Connection,
  before: SchemaValues,
  after: SchemaValues,
  changed: readonly string[],
): Promise<void> {
  const name = quoteIdentifier(after.name);
  const owner = changed.includes("owner") ? (after.owner ?? "") : "";
  await withBorrowedRoles(connection, owner === "" ? [] : [owner], async () => {
    if (changed.includes("name")) {
      await connection.query(`ALTER SCHEMA ${quoteIdentifier(before.name)} RENAME TO ${name}`);
    }
    if (owner !== "") await connection.query(`ALTER SCHEMA ${name} OWNER TO ${quoteIdentifier(owner)}`);
  });
}

/** One that is gone already is no failure; one with objects in it is, unless `dropCascade`. */
async function dropSchema(connection: Connection, schema: SchemaValues): Promise<void> {
  if (!(await exists(connection, schema.name))) return;
  const mode = schema.dropCascade === true ? "CASCADE" : "RESTRICT";
  const owner = schema.owner ?? "";
  await withBorrowedRoles(connection, owner === "" ? [] : [owner], async () => {
    await connection.query(`DROP SCHEMA ${quoteIdentifier(schema.name)} ${mode}`);
  });
}

function readSchema(server: Server, key: Key, kept: SchemaValues): Promise<PropertyMap | undefined> {
  const { name, database } = key;
  return about({ type: "schema", name, database }, "read", async () => {
    if (!(await server.hasDatabase(database))) return undefined;
    const rows = await server.useDatabase(database, (connection) =>
      connection.query<{ owner: string }>(
        `SELECT pg_catalog.pg_get_userbyid(nspowner)::text AS owner FROM pg_catalog.pg_namespace WHERE nspname = $1`,
        [name],
      ),
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return {
      id: idWithin(key),
      name,
      database,
      owner: row.owner,
      dropCascade: kept.dropCascade ?? false,
      ifNotExists: kept.ifNotExists ?? true,
      policies: [],
    };
  });
}

async function exists(connection: Connection, name: string): Promise<boolean> {
  const rows = await connection.query("SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1", [name]);
  return rows.length > 0;
}

async function ownerOfDatabase(connection: Connection): Promise<string> {
  const [row] = await connection.query<{ owner: string }>(
    `SELECT pg_catalog.pg_get_userbyid(datdba)::text AS owner
       FROM pg_catalog.pg_database WHERE datname = current_database()`,
  );
  return row?.owner ?? "";
}

function valuesOf(map: PropertyMap): SchemaValues {
  return map as unknown as SchemaValues;
}
