import { quoteIdentifier } from "../../../../components/core/identifier";
import type { PropertyMap } from "../../../../components/providers/properties";
import { withBorrowedRoles } from "./borrowed-roles";
import { transaction, type Connection } from "./connection";
import { about, type Subject } from "./failure";
import type { Server } from "./server";
import type { Behaviour } from "./resource";
import { lockRoles } from "./role-lock";
import { RoleSettings } from "./role-settings";
import { roleShape, type RoleValues } from "./role-shape";
import { createRoleStatements, updateRoleStatements } from "./role-statements";

/** `postgresql:index/role:Role`: a role of the server; its id is its name. */
export function roleBehaviour(server: () => Server): Behaviour {
  return {
    shape: roleShape,
    secretOutputs: ["password", "passwordWo"],
    planned: { assumeRole: null, encrypted: null, passwordWo: null, passwordWoVersion: null },
    keyOf: (id, state) => ({ name: (state.name as string | undefined) ?? id, database: "" }),
    keyOfInputs: (inputs) => ({ name: inputs.name as string, database: "" }),
    idOf: ({ name }) => name,
    create: (inputs, signal) => createRole(server(), valuesOf(inputs), signal),
    update: ({ before, after, changed }, signal) =>
      updateRole(server(), valuesOf(before), valuesOf(after), changed, signal),
    delete: (state, signal) => deleteRole(server(), valuesOf(state), signal),
    read: ({ name }, kept) =>
      about({ type: "role", name }, "read", () =>
        server().use((connection) => readRole(connection, name, kept as unknown as Partial<RoleValues>)),
      ),
  };
}

function createRole(server: Server, role: RoleValues, signal: AbortSignal): Promise<void> {
  return about(subjectOf(role), "created", () =>
    inRoleTransaction(server, signal, (connection) => runHidden(connection, createRoleStatements(role))),
  );
}

function updateRole(
  server: Server,
  before: RoleValues,
  after: RoleValues,
  changed: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  return about({ ...subjectOf(after), name: before.name }, "updated", () =>
    inRoleTransaction(server, signal, async (connection) => {
      const groups = await memberships(connection, before.name);
      await runHidden(connection, updateRoleStatements(before, after, changed, groups));
    }),
  );
}

/**
 * Gives away and drops what the role owns in the provider's own database, then drops the role.
 *
 * Objects in other databases keep the role from being dropped, as with the official plugin.
 */
function deleteRole(server: Server, role: RoleValues, signal: AbortSignal): Promise<void> {
  const name = quoteIdentifier(role.name);
  const heir = quoteIdentifier(server.config.databaseUsername);
  return about(subjectOf(role), "dropped", () =>
    inRoleTransaction(server, signal, async (connection) => {
      if (role.skipReassignOwned !== true) {
        await withBorrowedRoles(connection, [role.name], async () => {
          await connection.query(`REASSIGN OWNED BY ${name} TO ${heir}`);
          await connection.query(`DROP OWNED BY ${name}`);
        });
      }
      if (role.skipDropRole !== true) await connection.query(`DROP ROLE ${name}`);
    }),
  );
}

function inRoleTransaction(
  server: Server,
  signal: AbortSignal,
  work: (connection: Connection) => Promise<void>,
): Promise<void> {
  return server.roles.run(() =>
    server.use(
      (connection) =>
        transaction(connection, async () => {
          await lockRoles(connection);
          await work(connection);
        }),
      signal,
    ),
  );
}

/** Runs statements that may hold a password, and keeps them out of the server's log where the login may do that. */
async function runHidden(connection: Connection, statements: readonly string[]): Promise<void> {
  await connection.query(quiet);
  for (const statement of statements) await connection.query(statement);
}

const quiet = `
  SELECT pg_catalog.set_config(setting.name, wanted.value, true)
    FROM (VALUES ('log_statement', 'none'), ('log_min_duration_statement', '-1'), ('log_min_duration_sample', '-1'),
                 ('log_transaction_sample_rate', '0'), ('log_min_error_statement', 'panic'), ('log_duration', 'off'),
                 ('pg_stat_statements.track_utility', 'off'), ('pgaudit.log', 'none')) AS wanted (name, value)
    JOIN pg_catalog.pg_settings AS setting ON setting.name = wanted.name
   WHERE (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user)`;

async function memberships(connection: Connection, name: string): Promise<readonly string[]> {
  const rows = await connection.query<{ name: string }>(
    `SELECT DISTINCT pg_catalog.pg_get_userbyid(m.roleid)::text AS name
       FROM pg_catalog.pg_auth_members m JOIN pg_catalog.pg_roles r ON r.oid = m.member
      WHERE r.rolname = $1 ORDER BY name`,
    [name],
  );
  return rows.map((row) => row.name);
}

interface RoleRow {
  readonly name: string;
  readonly superuser: boolean;
  readonly inherit: boolean;
  readonly createRole: boolean;
  readonly createDatabase: boolean;
  readonly login: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  readonly connectionLimit: number;
  readonly validUntil: string;
  readonly settings: string[] | null;
}

/** Everything but the password, which is the state's: the server has only a verifier to compare it with. */
async function readRole(
  connection: Connection,
  name: string,
  kept: Partial<RoleValues>,
): Promise<PropertyMap | undefined> {
  const [row] = await connection.query<RoleRow>(
    `SELECT rolname::text AS name, rolsuper AS superuser, rolinherit AS inherit, rolcreaterole AS "createRole",
            rolcreatedb AS "createDatabase", rolcanlogin AS login, rolreplication AS replication,
            rolbypassrls AS "bypassRowLevelSecurity", rolconnlimit AS "connectionLimit",
            coalesce(rolvaliduntil::text, 'infinity') AS "validUntil", rolconfig::text[] AS settings
       FROM pg_catalog.pg_roles WHERE rolname = $1`,
    [name],
  );
  if (row === undefined) return undefined;
  const { settings: lines, ...attributes } = row;
  const settings = new RoleSettings(lines);
  const roles = [...(await memberships(connection, name))].sort();
  return {
    ...attributes,
    id: row.name,
    assumeRole: settings.assumedRole(),
    encrypted: null,
    encryptedPassword: true,
    idleInTransactionSessionTimeout: settings.milliseconds("idle_in_transaction_session_timeout"),
    password: kept.password ?? null,
    passwordWo: null,
    passwordWoVersion: null,
    roles: roles.length === 0 ? emptyList(kept.roles) : roles,
    searchPaths: settings.searchPaths() ?? emptyList(kept.searchPaths),
    skipDropRole: kept.skipDropRole ?? false,
    skipReassignOwned: kept.skipReassignOwned ?? false,
    statementTimeout: settings.milliseconds("statement_timeout"),
  };
}

/** A list that was given stays a list when the server has nothing of it. */
function emptyList(kept: readonly string[] | null | undefined): readonly string[] | null {
  return kept === undefined || kept === null ? null : [];
}

function subjectOf({ name, password }: RoleValues): Subject {
  return { type: "role", name, password: password ?? undefined };
}

function valuesOf(map: PropertyMap): RoleValues {
  return map as unknown as RoleValues;
}
