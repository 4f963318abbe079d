import { resolvePrivileges } from "../../../components/core/desired/objects";
import { resolveSchemas } from "../../../components/core/desired/schemas";
import { groupName } from "../../../components/core/groups";
import type { PrivilegesDeclaration } from "../../../components/core/privileges/declaration";
import type { TestServer } from "../../support/server";

/** Schemas, and roles that share them: what 700 resources of the official provider would say. */
export const schemaNames = Array.from({ length: 20 }, (_, index) => `s${String(index + 1).padStart(2, "0")}`);
const writers = ["w1", "w2"];
const readers = ["r1", "r2", "r3"];
export const roleNames = [...writers, ...readers];

const owner = "bench_owner";

/** The declaration of a database with 20 schemas and 5 roles. */
export function declareBench(database: string): {
  readonly schemas: ReturnType<typeof resolveSchemas>;
  readonly privileges: PrivilegesDeclaration;
} {
  const schemas = resolveSchemas({ owner, schemas: schemaNames.map((name) => ({ name })) });
  const privileges = resolvePrivileges({
    database: { name: database, owner },
    ...schemas,
    roles: [owner, ...roleNames].map((name) => ({ name })),
    manager: "postgres",
  });
  if (privileges === undefined) throw new Error("the bench has privileges to look after");
  return { schemas, privileges };
}

/** The same as a stack's configuration. */
export const benchConfig = {
  schemas: Object.fromEntries(schemaNames.map((name) => [name, { writers, readers }])),
  roles: Object.fromEntries(roleNames.map((name) => [name, { login: true }])),
};

/** Tables, sequences and functions of one schema. */
export function schemaContent(schema: string): string[] {
  return [
    ...Array.from({ length: 13 }, (_, index) => `CREATE TABLE ${schema}.t${index} (id int)`),
    ...Array.from({ length: 4 }, (_, index) => `CREATE SEQUENCE ${schema}.q${index}`),
    ...Array.from(
      { length: 4 },
      (_, index) => `CREATE FUNCTION ${schema}.f${index}() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    ),
  ];
}

/** Roles, and a database to copy from in which nothing is granted yet. */
export async function prepareTemplate(server: TestServer, database: string): Promise<void> {
  const groups = ["public", ...schemaNames].flatMap((schema) =>
    (["reader", "writer"] as const).map((profile) => groupName("bench", schema, profile)),
  );
  const admin = await server.connect();
  for (const role of [owner, ...roleNames, ...groups]) await admin.query(`CREATE ROLE ${role}`);
  await admin.query(`CREATE DATABASE ${database} OWNER ${owner}`);
  await admin.close();
  const session = await server.connect(database);
  for (const schema of schemaNames) {
    await session.query(`CREATE SCHEMA ${schema} AUTHORIZATION ${owner}`);
    await session.query(`SET ROLE ${owner}; ${schemaContent(schema).join("; ")}; RESET ROLE`);
  }
  await session.close();
}
