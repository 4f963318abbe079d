import { chown, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionUri } from "../../components/core/connection";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import type { Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { canMount, mountSmallDisk, type SmallDisk } from "../support/small-disk";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
let shop: Session;
let disk: SmallDisk | undefined;

const settings = `config:
  pgstead:disposable: true
  pgstead:database:
    name: shop
    extensions: [pg_trgm]
    schemas: { api: {} }
  pgstead:roles:
    app: { login: true }
    monitor: { profile: monitor }
  pgstead:monitoring:
    thresholds: { bloatBytes: 2MB, unusedIndexBytes: 1MB, unusedIndexAge: 1s, diskWarning: 2, diskCritical: 1 }
`;

beforeAll(async () => {
  stack = await deployStack();
  shop = await stack.server.connect("shop");
  const password = generatePassword();
  await shop.query(`CREATE ROLE shop_monitor LOGIN PASSWORD '${scramVerifier(password)}' IN ROLE pg_monitor`);
  const { host, port } = stack.server;
  const uri = connectionUri({ host, port, user: "shop_monitor", password }, "shop");
  await writeFile(join(stack.root, "Pulumi.dev.yaml"), settings);
  await stack.writeOutputs({ roles: { monitor: "shop_monitor" }, uris: { monitor: uri } });
});

afterAll(async () => {
  await shop.close();
  await disk?.remove();
  await stack.remove();
});

interface Look<Data> {
  readonly data: Data;
  readonly findings: { subject: string; message: string; hint: string; severity?: string }[];
  readonly status: string;
}

async function look<Data>(...args: readonly string[]): Promise<Look<Data>> {
  const { stdout, stderr } = await stack.ops(...args, "--json");
  expect(stderr).toBe("");
  return JSON.parse(stdout) as Look<Data>;
}

// One story: each step stands on those before it.

test("finds nothing on a server that is well, freshly loaded and analyzed", async () => {
  await shop.query(`
    CREATE TABLE api.loaded (id int PRIMARY KEY, a bool, b bigint, c bool, d bigint, t text, u uuid DEFAULT gen_random_uuid() UNIQUE);
    INSERT INTO api.loaded SELECT n, true, n, n % 2 = 0, n, repeat('x', n % 50) FROM generate_series(1, 60000) AS n;
    CREATE TABLE api.child (id int PRIMARY KEY, loaded int REFERENCES api.loaded);
    CREATE INDEX ON api.child (loaded);
    ANALYZE`);
  const looks = await Promise.all([
    look("disk"),
    look("bloat"),
    look("indexes"),
    look("metrics", "--interval", "100ms"),
  ]);
  for (const { findings, status } of looks) {
    expect(findings).toEqual([]);
    expect(status).toBe("good");
  }
});

interface Indexes {
  databases: {
    statistics: { since: string; ageSeconds: number; standbys: number };
    unused: { index: string; statements: string[] }[];
    prefix: { index: string }[];
  }[];
}

test("finds indexes that are unused, the same twice, invalid, and missing, with what mends them", async () => {
  await shop.query(`
    CREATE TABLE api."Odd "" ü" (id int PRIMARY KEY, "No te" text, parent int CONSTRAINT "to self" REFERENCES api."Odd "" ü", twice int);
    INSERT INTO api."Odd "" ü" SELECT n, md5(n::text), n, 1 FROM generate_series(1, 60000) AS n;
    CREATE INDEX "un""used" ON api."Odd "" ü" ("No te");
    CREATE INDEX small ON api."Odd "" ü" (id) WHERE id < 10;
    CREATE INDEX same_a ON api.orders (body); CREATE INDEX same_b ON api.orders (body);
    CREATE INDEX longer ON api.orders (body, id); CREATE INDEX other ON api.orders (body text_pattern_ops);
    CREATE TABLE api.parts (id int, loaded int REFERENCES api.loaded) PARTITION BY LIST (id);
    CREATE TABLE api.part1 PARTITION OF api.parts FOR VALUES IN (1)`);
  await expect(
    shop.query(`CREATE UNIQUE INDEX CONCURRENTLY broken ON api."Odd "" ü" (twice)`),
  ).rejects.toThrow("could not create unique index");
  const { data, findings } = await look<Indexes>("indexes");
  expect(findings.map(({ subject, hint }) => [subject, hint])).toEqual([
    ["shop: index api.broken", 'REINDEX INDEX CONCURRENTLY "api"."broken"'],
    ["shop: index api.same_b", 'DROP INDEX CONCURRENTLY "api"."same_b"'],
    ['shop: index api.un"used', 'DROP INDEX CONCURRENTLY "api"."un""used"'],
    [
      'shop: foreign key to self of api.Odd " ü',
      'CREATE INDEX CONCURRENTLY "Odd "" ü_parent_idx" ON "api"."Odd "" ü" ("parent")',
    ],
    [
      "shop: foreign key parts_loaded_fkey of api.parts",
      'CREATE INDEX "parts_loaded_idx" ON ONLY "api"."parts" ("loaded"); CREATE INDEX CONCURRENTLY "part1_loaded_idx" ON "api"."part1" ("loaded"); ALTER INDEX "api"."parts_loaded_idx" ATTACH PARTITION "api"."part1_loaded_idx"',
    ],
  ]);
  const [database] = data.databases;
  expect(database?.prefix.map(({ index }) => index)).toEqual(["api.same_a"]);
  expect(Date.parse(database?.statistics.since ?? "")).toBeLessThan(Date.now());
});

test("prints those statements as a script that runs, after which nothing is found", async () => {
  await shop.query(`UPDATE api."Odd "" ü" SET twice = id`);
  const { stdout, exitCode } = await stack.ops("indexes", "--sql");
  expect(exitCode).toBe(1);
  const statements = stdout.split("\n").filter((line) => line !== "" && !line.startsWith("--"));
  expect(statements).toHaveLength(7);
  for (const statement of statements) await shop.query(statement);
  expect((await look("indexes")).findings).toEqual([]);
});

interface BloatLook {
  databases: {
    tables: {
      table: string;
      bloatPercent: number;
      exact: boolean;
      deadRows: number;
      autovacuum: string | null;
    }[];
    indexes: { index: string; bloatPercent: number }[];
    holders: { kind: string; name: string; who: string }[];
  }[];
}

test("finds bloat, dead rows, why autovacuum does not come, and who keeps them", async () => {
  await shop.query(`
    CREATE TABLE api.bloated (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off);
    INSERT INTO api.bloated SELECT n, md5(n::text) FROM generate_series(1, 150000) AS n`);
  const holder = await stack.server.connect("shop");
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM api.bloated");
  await shop.query("DELETE FROM api.bloated WHERE id % 10 <> 0");
  await shop.query("ANALYZE api.bloated");
  await eventually("the dead rows are counted", async () => {
    const [row] = await shop.query("SELECT FROM pg_stat_user_tables WHERE n_dead_tup > 100000");
    return row === undefined ? undefined : true;
  });
  const { data, findings } = await look<BloatLook>("bloat");
  const [database] = data.databases;
  expect(database?.tables[0]).toMatchObject({
    table: "api.bloated",
    exact: false,
    autovacuum: "the table has autovacuum_enabled = off",
  });
  expect(database?.tables[0]?.bloatPercent).toBeGreaterThan(80);
  expect(database?.holders[0]).toMatchObject({
    kind: "transaction",
    who: expect.stringContaining("postgres") as unknown,
  });
  expect(findings.map(({ subject, message, hint }) => [subject, message, hint])).toEqual([
    [
      "shop: table api.bloated",
      expect.stringContaining("rows are dead"),
      expect.stringContaining("vacuum api.bloated"),
    ],
    [
      "shop: table api.bloated",
      expect.stringMatching(/empty or dead$/),
      expect.stringContaining('VACUUM (FULL, ANALYZE) "api"."bloated"'),
    ],
    ["shop: index api.bloated_pkey", expect.anything(), 'REINDEX INDEX CONCURRENTLY "api"."bloated_pkey"'],
  ]);
  await holder.query("COMMIT");
  await holder.close();
});

test("measures with pgstattuple where it is asked to, and says what is missing where it is not there", async () => {
  const without = await stack.ops("bloat", "--exact");
  expect(without.exitCode).toBe(2);
  expect(without.stderr).toContain("database shop has no extension pgstattuple");
  await shop.query("CREATE EXTENSION pgstattuple SCHEMA public");
  await shop.query("VACUUM api.bloated");
  const { data, findings } = await look<BloatLook>("bloat", "--exact", "--top", "3");
  const table = data.databases[0]?.tables.find((one) => one.table === "api.bloated");
  expect(table?.exact).toBe(true);
  expect(table?.bloatPercent).toBeGreaterThan(70);
  expect(data.databases[0]?.indexes[0]?.index).toBe("api.bloated_pkey");
  expect(findings.map(({ hint }) => hint)).toContain('REINDEX INDEX CONCURRENTLY "api"."bloated_pkey"');
});

interface DiskLook {
  server: { databases: { name: string; sizeBytes: number }[]; wal: { files: number } };
  volumes: { holds: string[]; freePercent: number }[];
  tables: { table: string; sizeBytes: number }[];
}

test("tells sizes as PostgreSQL measures them, as the monitor, and waits for nobody who has a table locked", async () => {
  const holder = await stack.server.connect("shop");
  await holder.query(`BEGIN; LOCK TABLE api."Odd "" ü"`);
  const { data } = await look<DiskLook>("disk", "--top", "3");
  await holder.query("ROLLBACK");
  await holder.close();
  const [largest] = await shop.query<{ size: number }>(
    "SELECT pg_total_relation_size('api.loaded')::float8 AS size",
  );
  expect(data.tables).toHaveLength(3);
  expect(data.tables).toContainEqual(
    expect.objectContaining({ table: "api.loaded", sizeBytes: largest?.size }),
  );
  expect(data.server.wal.files).toBeGreaterThan(0);
  expect(data.volumes[0]?.holds).toContain("data");
});

test.runIf(canMount)("finds a volume that is nearly full, as Nagios reads it", async () => {
  const directory = join(stack.server.instance.dataDirectory, "..", "small");
  disk = await mountSmallDisk(directory, "64m");
  const { uid, gid } = await stat(stack.server.instance.dataDirectory);
  await chown(directory, uid, gid);
  await shop.query(`CREATE TABLESPACE tiny LOCATION '${directory}'`);
  await shop.query("CREATE TABLE api.there TABLESPACE tiny AS SELECT generate_series(1, 100000)");
  await disk.leave(4096 * 2);
  const { data, findings } = await look<DiskLook>("disk");
  expect(data.volumes.map(({ holds }) => holds)).toContainEqual(["tablespace tiny"]);
  expect(findings).toMatchObject([{ subject: expect.stringContaining("tablespace tiny") as unknown }]);
  const { stdout, exitCode } = await stack.ops("disk", "--nagios");
  expect(stdout).toMatch(
    /^PGSTEAD DISK (?:WARNING|CRITICAL) - .*'?tablespace tiny_used'?=\d+B;\d+;\d+;0;\d+/,
  );
  expect(exitCode).toBeGreaterThan(0);
  await shop.query("DROP TABLE api.there");
  await shop.query("DROP TABLESPACE tiny");
});

test("tells rates over an interval, dead rows and unused indexes", async () => {
  const running = look<{
    server: {
      databases: { database: string; transactionsPerSecond: number; rollbackPercent: number }[];
      walBytes: number;
    };
    inside: { deadRows: { table: string }[]; unusedIndexes: number }[];
  }>("metrics", "--interval", "2s");
  const end = { is: false };
  const load = (async () => {
    while (!end.is) {
      await shop.query("BEGIN; INSERT INTO api.child VALUES (-1, NULL); ROLLBACK; BEGIN; SELECT 1; ROLLBACK");
      // Counters of a session that is busy come in once a second.
      await shop.query("SELECT pg_stat_force_next_flush()");
    }
  })();
  const { data, findings } = await running;
  end.is = true;
  await load;
  const database = data.server.databases.find((one) => one.database === "shop");
  expect(database?.transactionsPerSecond).toBeGreaterThan(10);
  expect(data.server.walBytes).toBeGreaterThan(0);
  expect(data.inside[0]?.unusedIndexes).toBe(0);
  expect(findings).toMatchObject([
    {
      subject: "database shop",
      message: expect.stringContaining("of transactions are rolled back") as unknown,
    },
  ]);
});

test("has text for people, and names what it does not know", async () => {
  const [bloat, disk, metrics, wrong] = await Promise.all([
    stack.ops("bloat"),
    stack.ops("disk"),
    stack.ops("metrics", "--interval", "100ms"),
    stack.ops("indexes", "--database", "shopp"),
  ]);
  expect(bloat.stdout).toContain("estimated from statistics");
  expect(disk.stdout).toMatch(/Largest tables[\s\S]*api\.loaded/);
  expect(metrics.stdout).toMatch(/write-ahead log: .*\/s/);
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain("did you mean shop?");
});
