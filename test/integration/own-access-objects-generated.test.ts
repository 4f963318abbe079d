import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { quoteIdentifier } from "../../components/core/identifier";
import { groupName } from "../../components/core/groups";
import type { PrivilegesDeclaration } from "../../components/core/privileges/declaration";
import { planObjectsAccess, type ObjectsCatalog } from "../../components/core/privileges/objects";
import { planSchemaPrivileges } from "../../components/core/privileges/schemas";
import { joinPlans, type Plan } from "../../components/core/statement";
import { applyStatements } from "../../components/io/apply";
import { readDatabaseCatalog } from "../../components/io/catalog/database";
import { readObjectsCatalog } from "../../components/io/catalog/objects";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;

/** Cases of a run; the seed of a failure is in its message. */
const numRuns = 40;

beforeAll(async () => {
  server = await startServer();
  session = await server.connect();
});

afterAll(async () => {
  await session.close();
  await server.stop();
});

/** Names that PostgreSQL takes between quotes: 1 to 40 bytes of anything. */
const name = fc
  .oneof(
    fc.constantFrom(
      "select",
      "user",
      'a"b',
      "a.b",
      " ",
      "A",
      "größe",
      "💡",
      "--",
      "'",
      "\\",
      "$$",
      "%s",
      "public x",
    ),
    fc.string({ minLength: 1, maxLength: 8, unit: "grapheme" }),
  )
  .filter(
    (text) =>
      !text.includes("\0") &&
      new TextEncoder().encode(text).length <= 40 &&
      !/^(pg_|public$|none$)/.test(text),
  );

const names = fc.uniqueArray(name, { minLength: 8, maxLength: 8, selector: (text) => text.toLowerCase() });

/** Who grants or takes what from whom, and with which words. */
const step = fc.record({
  verb: fc.constantFrom("GRANT", "REVOKE"),
  by: fc.nat(6),
  to: fc.nat(7),
  on: fc.nat(4),
  privilege: fc.nat(3),
  option: fc.boolean(),
});

interface World {
  readonly schema: string;
  readonly roles: readonly string[];
  readonly declared: PrivilegesDeclaration;
}

/** A schema of one of the names, with a table, a view, a sequence and a function; the rest are roles. */
async function makeWorld([schema = "", ...others]: readonly string[], count: number): Promise<World> {
  const roles = others.map((other) => `${other} ${count}`);
  const [owner = "", ours = "", columned = ""] = roles;
  const groups = (["reader", "writer"] as const).map((profile) => groupName("shop", schema, profile));
  for (const role of [...roles, ...groups]) await session.query(`CREATE ROLE ${quoteIdentifier(role)}`);
  await session.query(`CREATE SCHEMA ${quoteIdentifier(schema)} AUTHORIZATION ${quoteIdentifier(owner)}`);
  const [table = "", view = "", sequence = "", routine = ""] = objectsIn(schema, others);
  await session.query(`CREATE TABLE ${table} (${quoteIdentifier(ours)} int, ${quoteIdentifier(columned)} int);
    CREATE VIEW ${view} AS SELECT 1 AS n; CREATE SEQUENCE ${sequence};
    CREATE FUNCTION ${routine}(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    GRANT USAGE ON SCHEMA ${quoteIdentifier(schema)} TO PUBLIC`);
  const table_ = `${quoteIdentifier(schema)}.${quoteIdentifier(others[3] ?? "")}`;
  const declared: PrivilegesDeclaration = {
    database: "shop",
    owner,
    manager: "postgres",
    authoritative: count % 3 === 0,
    schemas: [{ name: schema, owner }],
    roles: [
      { name: owner },
      { name: ours, grants: [{ on: { table: table_ }, privileges: ["SELECT"], grantOption: true }] },
      { name: columned, grants: [{ on: { table: table_ }, privileges: ["UPDATE"], columns: [columned] }] },
    ],
  };
  return { schema, roles: [...roles.slice(0, 5), ...groups], declared };
}

function objectsIn(schema: string, others: readonly string[]): string[] {
  return others.slice(3, 7).map((one) => `${quoteIdentifier(schema)}.${quoteIdentifier(one)}`);
}

async function dropWorld({ schema, roles }: World, others: readonly string[], count: number): Promise<void> {
  await session.query(`DROP SCHEMA ${quoteIdentifier(schema)} CASCADE`);
  const all = new Set([...roles, ...others.map((other) => `${other} ${count}`)]);
  for (const role of all)
    await session.query(`DROP OWNED BY ${quoteIdentifier(role)}; DROP ROLE ${quoteIdentifier(role)}`);
}

async function plan(declared: PrivilegesDeclaration): Promise<Plan> {
  const schemas = planSchemaPrivileges(declared, await readDatabaseCatalog(session));
  return joinPlans(schemas, planObjectsAccess(declared, await readObjectsCatalog(session, declared)));
}

test("whatever was granted and by whom, a plan that is carried out leaves nothing to plan", async () => {
  let count = 0;
  await fc.assert(
    fc.asyncProperty(names, fc.array(step, { maxLength: 25 }), async (all, steps) => {
      count++;
      const others = all.slice(1);
      const world = await makeWorld(all, count);
      const targets = objectsIn(world.schema, others);
      const column = quoteIdentifier(world.roles[2] ?? "");
      const words = [
        ["TABLE", targets[0], ["SELECT", "UPDATE", "TRIGGER", "ALL"]],
        [
          "TABLE",
          targets[0],
          [`SELECT (${column})`, `UPDATE (${column})`, `INSERT (${column})`, `ALL (${column})`],
        ],
        ["TABLE", targets[1], ["SELECT", "INSERT", "DELETE", "ALL"]],
        ["SEQUENCE", targets[2], ["SELECT", "USAGE", "UPDATE", "ALL"]],
        ["ROUTINE", targets[3], ["EXECUTE", "EXECUTE", "EXECUTE", "ALL"]],
      ] as const;
      for (const { verb, by, to, on, privilege, option } of steps) {
        const [word, object, privileges] = words[on] ?? words[0];
        const grantee = to === 7 ? "PUBLIC" : quoteIdentifier(world.roles[to] ?? "");
        const what = `${privileges[privilege] ?? ""} ON ${word} ${object ?? ""}`;
        const sql =
          verb === "GRANT"
            ? `GRANT ${what} TO ${grantee}${option && to !== 7 ? " WITH GRANT OPTION" : ""}`
            : `REVOKE ${option ? "GRANT OPTION FOR " : ""}${what} FROM ${grantee} CASCADE`;
        // Who may not is refused, which is as good a start as any.
        if (by < 5) await session.query(`SET ROLE ${quoteIdentifier(world.roles[by] ?? "")}`);
        await session.query(sql).catch(() => undefined);
        await session.query("RESET ROLE");
      }
      await applyStatements(session, (await plan(world.declared)).statements);
      expect((await plan(world.declared)).statements.map(({ sql }) => sql)).toEqual([]);
      await dropWorld(world, others, count);
    }),
    { numRuns },
  );
});

test("a plan does not depend on the order in which the server tells what it has", async () => {
  await session.query(`CREATE ROLE keeper; CREATE ROLE shop_app_reader; CREATE ROLE shop_app_writer;
    CREATE SCHEMA app; CREATE TABLE app.a (n int); CREATE TABLE app.b (n int); CREATE SEQUENCE app.s;
    CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE STATISTICS app.st ON n, (n + 1) FROM app.a; CREATE COLLATION app.c (provider = libc, locale = 'C');
    GRANT INSERT, SELECT ON app.a TO shop_app_reader WITH GRANT OPTION; GRANT SELECT (n), UPDATE (n) ON app.b TO PUBLIC, keeper`);
  const schemas = [{ name: "app", owner: "keeper" }];
  const declared = { database: "shop", owner: "keeper", manager: "postgres", authoritative: false, schemas };
  const privileges = { ...declared, roles: [{ name: "keeper" }] };
  const catalog = await readObjectsCatalog(session, privileges);
  const expected = planObjectsAccess(privileges, catalog);
  expect(expected.statements.length).toBeGreaterThan(8);
  const shuffled = <Item>(items: readonly Item[]) =>
    fc.shuffledSubarray([...items], { minLength: items.length, maxLength: items.length });
  const catalogs = fc
    .tuple(shuffled(catalog.objects), shuffled(catalog.owned), ...catalog.acls.map((acl) => shuffled(acl)))
    .map(([objects, owned, ...acls]): ObjectsCatalog => ({ ...catalog, objects, owned, acls }));
  fc.assert(
    fc.property(catalogs, (mixed) => {
      expect(planObjectsAccess(privileges, mixed)).toEqual(expected);
    }),
  );
});
