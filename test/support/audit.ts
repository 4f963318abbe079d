import { planAudit } from "../../components/core/audit/plan";
import type { AuditCatalog, AuditDeclaration, AuditedTable } from "../../components/core/audit/model";
import type { Plan } from "../../components/core/statement";
import { applyStatements } from "../../components/io/apply";
import { readAuditCatalog } from "../../components/io/catalog/audit";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, type Session } from "../../components/io/session";
import type { TestServer } from "./server";

/** A database with a trail, and who works in it. */
export interface AuditedDatabase {
  readonly name: string;
  readonly declaration: AuditDeclaration;
  readonly admin: Session;
  /** Works as the owner, as migrations do. */
  readonly migrator: Session;
  /** Reads and writes rows. */
  readonly app: Session;
  /** Reads schema audit. */
  readonly reader: Session;
  plan(change?: Partial<AuditDeclaration>): Promise<Plan>;
  apply(change?: Partial<AuditDeclaration>): Promise<Plan>;
  /** Entries from the first on, as text. */
  trail(where?: string): Promise<Entry[]>;
  clear(): Promise<void>;
  login(name: string): Promise<Session>;
  close(): Promise<void>;
}

export interface Entry extends Record<string, unknown> {
  readonly operation: string;
  readonly table: string;
  readonly key: unknown;
  readonly old: Record<string, unknown> | null;
  readonly new: Record<string, unknown> | null;
}

let count = 0;

export interface AuditedOptions {
  /** Login that the plan is applied as; default the superuser. */
  readonly manager?: string;
  /** Runs before the trail is made, in the database. */
  readonly before?: string;
  readonly declaration?: Partial<AuditDeclaration>;
}

/** As the other resources leave a database: its owner, schemas app and audit, and the groups of both. */
export async function auditedDatabase(
  server: TestServer,
  options: AuditedOptions = {},
): Promise<AuditedDatabase> {
  const name = `trail${(count += 1)}`;
  const password = generatePassword();
  const verifier = scramVerifier(password);
  const open = (user: string, serversSearchPath = false): Promise<Session> =>
    openSession(
      { host: server.host, port: server.port, user, password },
      { database: name, serversSearchPath, applicationName: `${user} test` },
    );
  const root = await server.connect();
  for (const sql of roles(name, verifier)) await root.query(sql);
  if (options.manager !== undefined) {
    await root.query(`CREATE ROLE ${options.manager} LOGIN CREATEROLE CREATEDB PASSWORD '${verifier}'`);
    await root.query(`GRANT ${name}_audit, ${name}_owner TO ${options.manager}`);
  }
  await root.close();
  const admin = await server.connect(name);
  for (const sql of schemas(name)) await admin.query(sql);
  if (options.before !== undefined) await admin.query(options.before);
  const declaration: AuditDeclaration = {
    database: name,
    owner: `${name}_audit`,
    manager: options.manager ?? server.superuser,
    schemas: ["app"],
    tables: [],
    ddl: true,
    ...options.declaration,
  };
  const manager = options.manager === undefined ? admin : await open(options.manager);
  const plan = async (change: Partial<AuditDeclaration> = {}): Promise<Plan> => {
    const declared = { ...declaration, ...change };
    return planAudit(declared, await readAuditCatalog(manager, declared));
  };
  const apply = async (change: Partial<AuditDeclaration> = {}): Promise<Plan> => {
    const planned = await plan(change);
    await applyStatements(manager, planned.statements);
    return planned;
  };
  await apply();
  const [migrator, app, reader] = await Promise.all([
    open(`${name}_migrator`),
    open(`${name}_app`),
    open(`${name}_readonly`),
  ]);
  return {
    name,
    declaration,
    admin,
    migrator,
    app,
    reader,
    plan,
    apply,
    trail: (where = "true") =>
      admin.query<Entry>(
        `SELECT *, table_schema || '.' || table_name AS "table" FROM audit.change_log WHERE ${where} ORDER BY id`,
      ),
    clear: async () => {
      await admin.query("TRUNCATE audit.change_log");
    },
    login: (role) => open(role),
    close: async () => {
      for (const session of new Set([admin, manager, migrator, app, reader])) await session.close();
    },
  };
}

function roles(name: string, verifier: string): string[] {
  return [
    `CREATE ROLE ${name}_owner; CREATE ROLE ${name}_audit;
     CREATE ROLE ${name}_app_writer; CREATE ROLE ${name}_audit_reader`,
    `CREATE ROLE ${name}_app LOGIN PASSWORD '${verifier}' IN ROLE ${name}_app_writer`,
    `CREATE ROLE ${name}_readonly LOGIN PASSWORD '${verifier}' IN ROLE ${name}_audit_reader`,
    `CREATE ROLE ${name}_migrator LOGIN NOINHERIT PASSWORD '${verifier}' IN ROLE ${name}_owner`,
    `ALTER ROLE ${name}_migrator SET role TO ${name}_owner`,
    `CREATE DATABASE ${name} OWNER ${name}_owner`,
  ];
}

function schemas(name: string): string[] {
  return [
    `CREATE SCHEMA app AUTHORIZATION ${name}_owner; CREATE SCHEMA audit AUTHORIZATION ${name}_audit;
     GRANT USAGE ON SCHEMA app TO ${name}_app_writer; GRANT USAGE ON SCHEMA audit TO ${name}_audit_reader;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${name}_owner IN SCHEMA app
       GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO ${name}_app_writer;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${name}_owner IN SCHEMA app
       GRANT SELECT, USAGE, UPDATE ON SEQUENCES TO ${name}_app_writer;
     ALTER DEFAULT PRIVILEGES FOR ROLE ${name}_audit IN SCHEMA audit GRANT SELECT ON TABLES TO ${name}_audit_reader`,
  ];
}

/** A table that is left out, or parts of it. */
export function tableRule(path: string, rule: false | readonly string[]): AuditedTable {
  const [schema = "", name = ""] = path.split(".");
  return { schema, name, audited: rule !== false, exclude: rule === false ? [] : rule };
}

export type { AuditCatalog };
