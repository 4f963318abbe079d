import { quoteIdentifier, quoteLiteral } from "../../../../components/core/identifier";
import type { PropertyMap } from "../../../../components/providers/properties";
import type { Shape } from "../shared/attribute";
import { withBorrowedRoles } from "./borrowed-roles";
import type { Connection } from "./connection";
import { about, type Subject } from "./failure";
import { wrongIdentifier } from "./names";
import type { Behaviour } from "./resource";
import type { Server } from "./server";
import { officialPlugin } from "./version";

/** A changed encoding, locale or template makes the database anew, and what was in it is gone. */
export const databaseShape: Shape = {
  plugin: officialPlugin,
  type: "Database",
  attributes: {
    name: { kind: "text", required: true, verify: wrongIdentifier },
    owner: { kind: "text", computed: true },
    template: { kind: "text", computed: true, replaces: true, never: "DEFAULT" },
    encoding: { kind: "text", computed: true, replaces: true, never: "DEFAULT" },
    lcCollate: { kind: "text", computed: true, replaces: true, never: "DEFAULT" },
    lcCtype: { kind: "text", computed: true, replaces: true, never: "DEFAULT" },
    connectionLimit: { kind: "integer", minimum: -1, default: -1 },
    allowConnections: { kind: "flag", default: true },
    tablespaceName: { kind: "text", computed: true, only: ["pg_default"] },
    isTemplate: { kind: "flag", computed: true, only: [false] },
    alterObjectOwnership: { kind: "flag", default: false, only: [false] },
  },
  refused: [],
};

interface DatabaseValues {
  readonly name: string;
  readonly owner?: string;
  readonly template?: string | null;
  readonly encoding?: string;
  readonly lcCollate?: string;
  readonly lcCtype?: string;
  readonly connectionLimit?: number;
  readonly allowConnections?: boolean;
}

/** `postgresql:index/database:Database`: a database of the server; its id is its name. */
export function databaseBehaviour(server: () => Server): Behaviour {
  return {
    shape: databaseShape,
    secretOutputs: [],
    planned: {},
    keyOf: (id, state) => ({ name: (state.name as string | undefined) ?? id, database: "" }),
    keyOfInputs: (inputs) => ({ name: inputs.name as string, database: "" }),
    idOf: ({ name }) => name,
    create: (inputs, signal) => {
      const values = valuesOf(inputs);
      const owner = values.owner ?? "";
      const statement = createDatabaseStatement(values, server().config.databaseUsername);
      return alter(server(), subjectOf(values), "created", owner, [statement], signal);
    },
    update: ({ before, after, changed }, signal) => {
      const values = valuesOf(after);
      const owner = changed.includes("owner") ? (values.owner ?? "") : "";
      const statements = updateDatabaseStatements(valuesOf(before), values, changed);
      return alter(server(), subjectOf(valuesOf(before)), "updated", owner, statements, signal);
    },
    delete: (state, signal) => {
      const values = valuesOf(state);
      const statement = `DROP DATABASE ${quoteIdentifier(values.name)} WITH (FORCE)`;
      return alter(server(), subjectOf(values), "dropped", values.owner ?? "", [statement], signal);
    },
    read: ({ name }, kept) =>
      about({ type: "database", name }, "read", () =>
        server().use((connection) => readDatabase(connection, name, valuesOf(kept))),
      ),
  };
}

/** The statement that makes a database: from `template0` and in UTF8 unless the program says otherwise. */
export function createDatabaseStatement(database: DatabaseValues, login: string): string {
  const { name, owner, template, encoding, lcCollate = "", lcCtype = "" } = database;
  return [
    `CREATE DATABASE ${quoteIdentifier(name)}`,
    `OWNER ${quoteIdentifier(orElse(owner, login))}`,
    `TEMPLATE ${quoteIdentifier(orElse(template, "template0"))}`,
    `ENCODING ${quoteLiteral(orElse(encoding, "UTF8"))}`,
    ...(lcCollate === "" ? [] : [`LC_COLLATE ${quoteLiteral(lcCollate)}`]),
    ...(lcCtype === "" ? [] : [`LC_CTYPE ${quoteLiteral(lcCtype)}`]),
    `ALLOW_CONNECTIONS ${database.allowConnections ?? true}`,
    `CONNECTION LIMIT ${database.connectionLimit ?? -1}`,
    "IS_TEMPLATE false",
  ].join(" ");
}

export function updateDatabaseStatements(
  before: DatabaseValues,
  after: DatabaseValues,
  changed: readonly string[],
): string[] {
  const name = quoteIdentifier(after.name);
  const has = (property: string): boolean => changed.includes(property);
  return [
    ...(has("name") ? [`ALTER DATABASE ${quoteIdentifier(before.name)} RENAME TO ${name}`] : []),
    ...(has("owner") ? [`ALTER DATABASE ${name} OWNER TO ${quoteIdentifier(after.owner ?? "")}`] : []),
    ...(has("connectionLimit")
      ? [`ALTER DATABASE ${name} CONNECTION LIMIT ${after.connectionLimit ?? -1}`]
      : []),
    ...(has("allowConnections")
      ? [`ALTER DATABASE ${name} ALLOW_CONNECTIONS ${after.allowConnections ?? true}`]
      : []),
    ...(has("isTemplate") ? [`ALTER DATABASE ${name} IS_TEMPLATE false`] : []),
    ...(has("tablespaceName") ? [`ALTER DATABASE ${name} SET TABLESPACE pg_default`] : []),
  ];
}

/** Statements about databases run outside of a transaction, as a member of the owner where that is needed. */
function alter(
  server: Server,
  subject: Subject,
  action: string,
  owner: string,
  statements: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const run = (connection: Connection): Promise<void> =>
    withBorrowedRoles(connection, owner === "" ? [] : [owner], async () => {
      for (const statement of statements) await connection.query(statement);
    });
  return about(subject, action, () => server.roles.run(() => server.use(run, signal)));
}

async function readDatabase(
  connection: Connection,
  name: string,
  kept: DatabaseValues,
): Promise<PropertyMap | undefined> {
  const [row] = await connection.query(
    `SELECT d.datname::text AS id, d.datname::text AS name, pg_catalog.pg_get_userbyid(d.datdba)::text AS owner,
            pg_catalog.pg_encoding_to_char(d.encoding)::text AS encoding, d.datcollate::text AS "lcCollate",
            d.datctype::text AS "lcCtype", t.spcname::text AS "tablespaceName", d.datconnlimit AS "connectionLimit",
            d.datallowconn AS "allowConnections", d.datistemplate AS "isTemplate"
       FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
      WHERE d.datname = $1`,
    [name],
  );
  if (row === undefined) return undefined;
  // The server does not remember the template.
  return { ...row, alterObjectOwnership: false, template: orElse(kept.template, "template0") };
}

function orElse(value: string | null | undefined, fallback: string): string {
  return value === undefined || value === null || value === "" ? fallback : value;
}

function subjectOf({ name }: DatabaseValues): Subject {
  return { type: "database", name };
}

function valuesOf(map: PropertyMap): DatabaseValues {
  return map as unknown as DatabaseValues;
}
