import { beforeAll, describe, expect, test } from "vitest";
import { resolvePrivileges } from "../../components/core/desired/objects";
import { resolveSchemas } from "../../components/core/desired/schemas";
import { resolveServerAccess } from "../../components/core/desired/server";
import type { RoleDeclaration } from "../../components/core/desired/server-roles";
import { LoginRefusedError } from "../../components/io/session";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { databaseAccess, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const password = generatePassword();
const verifier = secret(scramVerifier(password));

const roles: readonly RoleDeclaration[] = [
  { name: "shop_owner" },
  { name: "shop_migrator", login: true, migrator: true },
  { name: "shop_app", login: true },
  { name: "shop_readonly", login: true },
  { name: "shop_backup", login: true, profile: "backup" },
  { name: "shop_monitor", login: true, profile: "monitor" },
  { name: "shop_audit" },
  {
    name: "shop_report",
    login: true,
    grants: [
      { on: { database: true }, privileges: ["TEMPORARY", "CREATE"] },
      { on: { table: "app.orders" }, privileges: ["SELECT"], columns: ["owner"] },
      { on: { sequencesIn: "app" }, privileges: ["USAGE"] },
    ],
  },
];
const members = [
  { name: "public", readers: ["shop_readonly"] },
  { name: "app", writers: ["shop_app"], readers: ["shop_readonly"] },
  { name: "audit", owner: "shop_audit", readers: ["shop_readonly"] },
];
const shop = { name: "shop", owner: "shop_owner" };
const other = { name: "other", owner: "other_owner" };
const strangers = [{ name: "other_owner" }, { name: "other_app", login: true }];

function declared() {
  const server = resolveServerAccess({
    databases: [
      { database: shop, roles, schemas: members },
      { database: other, roles: strangers, schemas: [{ name: "app", writers: ["other_app"] }] },
    ],
    allowDataLoss: [],
    protect: false,
    stack: "shop/test",
  });
  const extensions = [{ name: "uuid-ossp" }];
  const schemas = resolveSchemas({ owner: shop.owner, schemas: members, extensions });
  const privileges = resolvePrivileges({ database: shop, ...schemas, roles, manager: "postgres" });
  const plain = { privileges } as unknown as PropertyMap;
  const objects = { scope: "objects", connection: own.connection, database: "shop", ...plain };
  return [
    serverAccess(own.connection, {
      ...server,
      roles: server.roles.map((role) => (role.login ? { ...role, verifier } : role)),
    } as unknown as PropertyMap),
    databaseAccess(own.connection, "shop", { ...(schemas as unknown as PropertyMap), ...plain }),
    { name: "shop-objects", token: "pgstead:index:Access", inputs: objects },
  ] as const;
}

type Login = "migrator" | "app" | "readonly" | "backup" | "monitor";
const logins: readonly Login[] = ["migrator", "app", "readonly", "backup", "monitor"];

/** Runs a statement as a login in a transaction of its own, which is not kept; `ok`, or the code of the refusal. */
async function attempt(login: string, statement: string): Promise<string> {
  const session = await own.server.connect("shop", { user: `shop_${login}`, password });
  try {
    await session.query("BEGIN");
    await session.query(statement);
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await session.close();
  }
}

beforeAll(async () => {
  await own.stack.up(...declared());
  // As migrations would: by the migrator's login, which works as the owner.
  const session = await own.server.connect("shop", { user: "shop_migrator", password });
  await session.query(`
    CREATE TABLE app.orders (id serial PRIMARY KEY, owner text DEFAULT current_user);
    INSERT INTO app.orders (owner) VALUES ('somebody');
    ALTER TABLE app.orders ENABLE ROW LEVEL SECURITY;
    CREATE POLICY mine ON app.orders USING (owner = current_user) WITH CHECK (true);
    CREATE VIEW app.recent WITH (security_invoker) AS SELECT * FROM app.orders;
    CREATE MATERIALIZED VIEW app.sums AS SELECT count(*) FROM app.orders;
    CREATE FUNCTION app.price() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE app.close() LANGUAGE sql AS 'SELECT 1';
    CREATE TYPE app.mood AS ENUM ('so');
    CREATE TABLE public.notes (n int);`);
  await session.close();
  await own.sql("SET ROLE shop_audit; CREATE TABLE audit.log (n int); RESET ROLE", "shop");
  await own.sql("SELECT lo_create(4711)", "shop");
  // A grant on a single object is given by the run after its migration, which is what the objects are looked at for.
  await own.stack.up(declared()[2]);
});

describe("a login may, and no other may:", () => {
  test.each<[string, readonly Login[]]>([
    ["SELECT * FROM app.orders", ["migrator", "app", "readonly", "backup"]],
    ["SELECT * FROM app.recent", ["migrator", "app", "readonly", "backup"]],
    ["SELECT * FROM app.sums", ["migrator", "app", "readonly", "backup"]],
    ["SELECT last_value FROM app.orders_id_seq", ["migrator", "app", "readonly", "backup"]],
    ["INSERT INTO app.orders DEFAULT VALUES", ["migrator", "app"]],
    ["INSERT INTO app.recent (owner) VALUES ('me')", ["migrator", "app"]],
    ["UPDATE app.orders SET owner = 'me'", ["migrator", "app"]],
    ["DELETE FROM app.orders", ["migrator", "app"]],
    ["SELECT nextval('app.orders_id_seq')", ["migrator", "app"]],
    ["SELECT setval('app.orders_id_seq', 9)", ["migrator", "app"]],
    ["SELECT app.price()", ["migrator", "app", "readonly"]],
    ["CALL app.close()", ["migrator", "app", "readonly"]],
    ["SELECT public.uuid_generate_v4()", ["migrator", "app", "readonly", "backup", "monitor"]],
    ["CREATE TEMPORARY TABLE t (m app.mood)", ["migrator", "app"]],
    ["TRUNCATE app.orders", ["migrator"]],
    ["REFRESH MATERIALIZED VIEW app.sums", ["migrator"]],
    ["REINDEX TABLE app.orders", ["migrator"]],
    ["CREATE TABLE app.more (n int)", ["migrator"]],
    ["CREATE TABLE public.more (n int)", ["migrator"]],
    ["CREATE FUNCTION app.more() RETURNS int LANGUAGE sql AS 'SELECT 1'", ["migrator"]],
    ["CREATE SCHEMA more", ["migrator"]],
    [
      "CREATE TRIGGER t BEFORE UPDATE ON app.orders EXECUTE FUNCTION suppress_redundant_updates_trigger()",
      ["migrator"],
    ],
    ["ALTER TABLE app.orders ADD COLUMN n int", ["migrator"]],
    ["ALTER TABLE app.orders DISABLE ROW LEVEL SECURITY", ["migrator"]],
    ["DROP TABLE app.orders CASCADE", ["migrator"]],
    ["SET ROLE shop_owner", ["migrator"]],
    ["ALTER DEFAULT PRIVILEGES FOR ROLE shop_owner GRANT SELECT ON TABLES TO PUBLIC", ["migrator"]],
    ["SELECT * FROM public.notes", ["migrator", "readonly", "backup"]],
    ["INSERT INTO public.notes VALUES (1)", ["migrator"]],
    ["SELECT * FROM audit.log", ["readonly", "backup"]],
    ["INSERT INTO audit.log VALUES (1)", []],
    ["CREATE TABLE audit.more (n int)", []],
    ["SET ROLE shop_audit", []],
    ["SET ROLE shop_app_writer", []],
    ["SELECT lo_get(4711)", []],
    ["SELECT * FROM pg_ls_waldir()", ["monitor"]],
    ["SELECT pg_read_file('PG_VERSION')", []],
    ["CREATE ROLE more", []],
    ["CREATE EXTENSION hstore", ["migrator"]],
    ["COPY (SELECT 1) TO PROGRAM 'true'", []],
  ])("%s", async (statement, allowed) => {
    const found = await Promise.all(
      logins.map(async (login) => [login, await attempt(login, statement)] as const),
    );
    expect(Object.fromEntries(found)).toEqual(
      Object.fromEntries(logins.map((login) => [login, allowed.includes(login) ? "ok" : "42501"])),
    );
  });
});

test("explicit grants say what no profile does, also of what is made later, and come with the way there", async () => {
  const statements = [
    "CREATE TEMPORARY TABLE t (n int)",
    "CREATE SCHEMA more",
    "SELECT owner FROM app.orders",
    "SELECT nextval('app.orders_id_seq')",
    "SELECT id FROM app.orders",
    "SELECT setval('app.orders_id_seq', 9)",
    "SELECT app.price()",
  ];
  const found = await Promise.all(statements.map((statement) => attempt("report", statement)));
  expect(found).toEqual(["ok", "ok", "ok", "ok", "42501", "42501", "42501"]);
});

test("row level security binds everybody but the backup, which reads every row", async () => {
  const rows = await Promise.all(
    logins.slice(1, 4).map(async (login) => {
      const session = await own.server.connect("shop", { user: `shop_${login}`, password });
      const [row] = await session.query<{ n: number }>("SELECT count(*)::int AS n FROM app.orders");
      await session.close();
      return [login, row?.n] as const;
    }),
  );
  expect(Object.fromEntries(rows)).toEqual({ app: 0, readonly: 0, backup: 1 });
});

describe("nobody connects to a database that is not theirs:", () => {
  test.each(["other", "postgres", "template1"])("%s", async (database) => {
    for (const login of logins) {
      const open = own.server.connect(database, { user: `shop_${login}`, password });
      if (login === "monitor" && database === "postgres") await (await open).close();
      else await expect(open, login).rejects.toThrow(LoginRefusedError);
    }
  });

  test("nor does a login of another database come here", async () => {
    await expect(own.server.connect("shop", { user: "other_app", password })).rejects.toThrow(
      LoginRefusedError,
    );
  });
});

test("a server that was only worked on is as declared", async () => {
  await own.sql("INSERT INTO app.orders DEFAULT VALUES; ANALYZE", "shop");
  await own.sql("VACUUM", "shop");
  for (const resource of declared()) {
    expect(await own.stack.diff(resource), resource.name).toMatchObject({ changed: false });
  }
});
