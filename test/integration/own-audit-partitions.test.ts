import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { conventionFiles } from "../../components/core/conventions/files";
import { auditedDatabase, tableRule, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, {
    before: "CREATE SCHEMA aside; GRANT ALL ON SCHEMA aside TO PUBLIC",
    declaration: { tables: [tableRule("app.events", ["secret"]), tableRule("app.noise", false)] },
  });
  await shop.migrator.query(`CREATE TABLE app.events (id int, month int, secret text, PRIMARY KEY (id, month))
      PARTITION BY LIST (month);
    CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES IN (1);
    CREATE TABLE aside.events_2 PARTITION OF app.events FOR VALUES IN (2) PARTITION BY LIST (id);
    CREATE TABLE aside.events_2_a PARTITION OF aside.events_2 DEFAULT;
    GRANT ALL ON aside.events_2_a TO ${shop.name}_app;
    CREATE TABLE app.noise (id int, month int) PARTITION BY LIST (month);
    CREATE TABLE app.noise_1 PARTITION OF app.noise FOR VALUES IN (1);
    CREATE TABLE app.parent (id int PRIMARY KEY, what text);
    CREATE TABLE app.child (extra text, PRIMARY KEY (id)) INHERITS (app.parent)`);
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

beforeEach(async () => {
  await shop.admin.query("TRUNCATE app.events, app.parent, app.noise");
  await shop.clear();
});

const told = async (): Promise<unknown[]> =>
  (await shop.trail()).map(({ operation, table, key, new: now }) => [operation, table, key, now]);

test("rows that are routed to a partition are recorded once, under the table that was written to", async () => {
  await shop.app.query("INSERT INTO app.events VALUES (1, 1, 's'), (2, 2, 's')");
  expect(await told()).toEqual([
    ["INSERT", "app.events", { id: 1, month: 1 }, { id: 1, month: 1 }],
    ["INSERT", "app.events", { id: 2, month: 2 }, { id: 2, month: 2 }],
  ]);
});

test("a row that moves to another partition is one that went and one that came, as its key changed", async () => {
  await shop.app.query("INSERT INTO app.events VALUES (1, 1, 's')");
  await shop.clear();
  await shop.app.query("UPDATE app.events SET month = 2");
  expect((await told()).toSorted()).toEqual([
    ["DELETE", "app.events", { id: 1, month: 1 }, null],
    ["INSERT", "app.events", { id: 1, month: 2 }, { id: 1, month: 2 }],
  ]);
});

test("who writes to a partition itself is recorded there, without what its table excludes, in whatever schema", async () => {
  await shop.app.query("INSERT INTO app.events_1 VALUES (1, 1, 's')");
  await shop.app.query("INSERT INTO aside.events_2_a VALUES (2, 2, 's')");
  expect(await told()).toEqual([
    ["INSERT", "app.events_1", { id: 1, month: 1 }, { id: 1, month: 1 }],
    ["INSERT", "aside.events_2_a", { id: 2, month: 2 }, { id: 2, month: 2 }],
  ]);
});

test("partitions follow what is said of their table, and so do those of a table that is left out", async () => {
  await shop.app.query("INSERT INTO app.noise_1 VALUES (1, 1); INSERT INTO app.noise VALUES (2, 1)");
  expect(await told()).toEqual([]);
  expect((await shop.plan()).statements).toEqual([]);
});

test("children by inheritance are recorded, below their parent and by themselves", async () => {
  await shop.app.query("INSERT INTO app.child (id, what, extra) VALUES (1, 'a', 'b')");
  await shop.app.query("UPDATE app.parent SET what = 'c'");
  expect(await told()).toEqual([
    ["INSERT", "app.child", { id: 1 }, { id: 1, what: "a", extra: "b" }],
    ["UPDATE", "app.parent", { id: 1 }, { id: 1, what: "c" }],
  ]);
});

test("a partition that a superuser detaches or attaches is recorded for what it is afterwards", async () => {
  await shop.admin.query("ALTER TABLE app.events DETACH PARTITION app.events_1");
  // What was left out stays out, until an `up` that shows it.
  const { statements } = await shop.plan();
  expect(new Set(statements.map(({ reason }) => reason))).toEqual(
    new Set(["the server's is for a table without secret", "also on a replica and in a restore"]),
  );
  await shop.app.query("INSERT INTO app.events_1 VALUES (3, 1, 'no more of app.events')");
  const [entry] = await shop.trail("operation = 'INSERT'");
  expect([entry?.table, entry?.new]).toEqual(["app.events_1", { id: 3, month: 1 }]);
  await shop.admin.query(
    "TRUNCATE app.events_1; ALTER TABLE app.events ATTACH PARTITION app.events_1 FOR VALUES IN (1)",
  );
  expect((await shop.plan()).statements).toEqual([]);
  await shop.migrator.query("ALTER TABLE app.events ADD COLUMN note text");
});

test("temporary tables are nobody's, unlogged ones are recorded", async () => {
  await shop.migrator.query(
    "CREATE UNLOGGED TABLE app.quick (id int PRIMARY KEY); CREATE TEMP TABLE mine (id int PRIMARY KEY)",
  );
  await shop.migrator.query("INSERT INTO mine VALUES (1); INSERT INTO app.quick VALUES (1)");
  expect((await shop.trail("operation <> 'DDL'")).map(({ table }) => table)).toEqual(["app.quick"]);
  await shop.migrator.query("DROP TABLE app.quick, mine");
});

test("names that SQL has to quote, and what looks like a place in a format, are recorded as they are", async () => {
  await shop.migrator.query(`CREATE TYPE app."my%s" AS ENUM ('x');
    CREATE TABLE app."Odd ""name"" é" ("K'ey" int PRIMARY KEY, "%s" text, "$1" text, "m%1$s" app."my%s")`);
  await shop.app.query(`INSERT INTO app."Odd ""name"" é" VALUES (1, 'a', 'b', 'x')`);
  expect(await told()).toContainEqual([
    "INSERT",
    'app.Odd "name" é',
    { "K'ey": 1 },
    { "K'ey": 1, "%s": "a", $1: "b", "m%1$s": "x" },
  ]);
  expect((await shop.plan()).statements).toEqual([]);
});

test("changes of the schema are recorded by whom and of what, and their text is not", async () => {
  await shop.migrator.query("CREATE TABLE app.accounts (id int PRIMARY KEY, password text DEFAULT 's3cret')");
  await shop.migrator.query("ALTER TABLE app.accounts ADD COLUMN note text; DROP TABLE app.accounts");
  const entries = await shop.trail("operation = 'DDL'");
  expect(
    entries.map(
      ({ command, object, login, role }) =>
        `${String(command)}: ${String(object)} by ${String(login)} as ${String(role)}`,
    ),
  ).toEqual([
    `CREATE TABLE: table app.accounts by ${shop.name}_migrator as ${shop.name}_owner`,
    `CREATE INDEX: index app.accounts_pkey by ${shop.name}_migrator as ${shop.name}_owner`,
    // What pgstead does beside, told as what it is.
    `ALTER TABLE: audit triggers of table app.accounts by ${shop.name}_migrator as ${shop.name}_owner`,
    `ALTER TABLE: table app.accounts by ${shop.name}_migrator as ${shop.name}_owner`,
    `DROP TABLE: table app.accounts by ${shop.name}_migrator as ${shop.name}_owner`,
  ]);
  expect(JSON.stringify(entries)).not.toContain("s3cret");
});

test("tables that cannot be audited are refused with what to do", async () => {
  await shop.migrator.query(
    "CREATE TABLE app.keyless (id int); CREATE VIEW app.all_events AS SELECT * FROM app.events",
  );
  await shop.app.query("INSERT INTO app.keyless VALUES (1), (1)");
  await shop.app.query("UPDATE app.keyless SET id = 2");
  // Until then nothing is lost: rows that cannot be told apart went and came.
  expect(
    (await shop.trail("table_name = 'keyless' AND operation <> 'DDL'"))
      .map(({ operation }) => operation)
      .toSorted(),
  ).toEqual(["DELETE", "DELETE", "INSERT", "INSERT", "INSERT", "INSERT"]);
  const { refusals } = await shop.plan({
    tables: [tableRule("app.events", ["month"]), tableRule("app.all_events", [])],
  });
  expect(refusals).toEqual([
    {
      subject: "table app.all_events",
      message: "it is a view, which holds no rows",
      hint: "name the tables that it reads",
    },
    expect.objectContaining({
      subject: "table app.events",
      message: "its key month is excluded: its rows could not be told apart",
    }),
    expect.objectContaining({ subject: "table app.events_1" }),
    {
      subject: "table app.keyless",
      message: "it is to be audited and has no primary key, which tells its rows apart",
      hint: "add one (ALTER TABLE app.keyless ADD PRIMARY KEY …), or leave it out: pgstead:audit: { tables: { app.keyless: false } }",
    },
    expect.objectContaining({ subject: "table app.noise" }),
    expect.objectContaining({ subject: "table app.noise_1" }),
    expect.objectContaining({ subject: "table aside.events_2" }),
    expect.objectContaining({ subject: "table aside.events_2_a" }),
  ]);
  await shop.migrator.query("DROP VIEW app.all_events; DROP TABLE app.keyless");
});

test("partitions that the conventions make ahead are audited from their first row", async () => {
  for (const { text } of conventionFiles("tables", "app")) await shop.migrator.query(text);
  await shop.migrator.query(
    "CREATE TABLE app.visits (id int, at timestamptz DEFAULT now(), PRIMARY KEY (id, at)) PARTITION BY RANGE (at)",
  );
  await shop.apply();
  expect(await shop.migrator.query("SELECT * FROM app.make_partitions('app.visits', 2)")).toHaveLength(3);
  await shop.clear();
  await shop.app.query("INSERT INTO app.visits (id) VALUES (1)");
  const [made] = await shop.admin.query("SELECT tableoid::regclass::text AS name FROM app.visits");
  await shop.app.query(`DELETE FROM ${String(made?.name)}`);
  expect((await shop.trail()).map(({ operation, table }) => [operation, table])).toEqual([
    ["INSERT", "app.visits"],
    ["DELETE", made?.name],
  ]);
});
