import { execFileSync } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { usualBackups } from "../../components/core/backup/plan";
import { planSamples } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { pruneBackups } from "../../components/io/backup/prune";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { readRepository, verifiedOf } from "../../components/io/backup/repository";
import { eventually } from "../support/eventually";
import { makeBackupBench, type BackupBench } from "../support/backups";

let bench: BackupBench;
beforeAll(async () => {
  bench = await makeBackupBench();
});
afterAll(() => bench.remove());

/** Restores a backup into a database of its own. */
function restore({ name }: BackupManifest, database: string): void {
  const { host, port, user, password } = bench.login;
  const dump = join(bench.repository, name, "dump");
  execFileSync(
    join(bench.tools, "pg_restore"),
    ["--exit-on-error", "--no-password", `--dbname=${database}`, dump],
    {
      env: { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password },
    },
  );
}

const rowsOf = ({ snapshot: { tables } }: BackupManifest): Record<string, string | null> =>
  Object.fromEntries(tables.map(({ schema, name, rows }) => [`${schema}.${name}`, rows]));

describe("a logical backup", () => {
  test("says what it is of, with the exact rows of its snapshot, and comes back whole", async () => {
    const manifest = await bench.take();
    expect(manifest).toMatchObject({
      database: "shop",
      passwords: true,
      warnings: [],
      tools: { version: "17.10" },
    });
    expect(manifest.snapshot).toMatchObject({
      serverVersion: "17.10",
      role: "postgres",
      encoding: "UTF8",
      migrationHead: null,
      extensions: [{ name: "pg_trgm" }, { name: "plpgsql" }],
    });
    expect(manifest.snapshot.systemIdentifier).toMatch(/^\d{18,}$/);
    expect(manifest.snapshot.lsn).toMatch(/^[0-9A-F]+\/[0-9A-F]+$/);
    expect(manifest.snapshot.roles).toContainEqual({ name: "shop_app", hasPassword: true });
    expect(manifest.snapshot.roles).toContainEqual({ name: "shop_owner", hasPassword: false });
    expect(rowsOf(manifest)).toMatchObject({
      "app.orders": "2000",
      "app.lines": "2000",
      "app.events": null,
      "app.events_2026": "10",
      'app.odd; Type: "name"': "0",
    });
    await bench.sql("CREATE DATABASE back", "postgres");
    restore(manifest, "back");
    const sum = "SELECT count(*)::int AS n, md5(string_agg(body, '' ORDER BY id)) AS sum FROM app.orders";
    expect(await bench.sql(sum, "back")).toEqual(await bench.sql(sum));
    expect(await bench.sql("SELECT lo_get(4711)::text AS text", "back")).toEqual(
      await bench.sql("SELECT lo_get(4711)::text AS text"),
    );
  });

  test("has the tables of samples, without a text of a statement", async () => {
    const session = await bench.server.connect("shop");
    await applyStatements(session, planSamples(await readSamplePlace(session), "shop").statements);
    await session.query("INSERT INTO pgstead.sample_text VALUES (1, 'SELECT of a statement')");
    await session.close();
    const manifest = await bench.take();
    expect(Object.keys(rowsOf(manifest)).filter((name) => name.startsWith("pgstead.sample"))).toEqual([]);
    await bench.sql("CREATE DATABASE without_samples", "postgres");
    restore(manifest, "without_samples");
    const count = "SELECT count(*)::int AS n FROM pgstead.sample_text";
    expect([await bench.sql(count), await bench.sql(count, "without_samples")]).toEqual([
      [{ n: 1 }],
      [{ n: 0 }],
    ]);
    await bench.sql("DROP SCHEMA pgstead CASCADE");
  });

  test("is read back, lies in files of this account alone, and says nothing secret", async () => {
    const { name } = await bench.take();
    const { backups, leftovers } = await readRepository(bench.repository);
    const stored = backups.find((backup) => backup.name === name);
    expect(stored && verifiedOf(stored)).toBe("good");
    expect(leftovers).toEqual([]);
    const listing = execFileSync("find", [bench.repository, "-perm", "/077"], { encoding: "utf8" });
    expect(listing).toBe("");
    const manifest = await readFile(join(bench.repository, name, "manifest.json"), "utf8");
    expect(manifest).not.toContain("SCRAM");
    const globals = await readFile(join(bench.repository, name, "globals.sql"), "utf8");
    expect(globals).toContain("PASSWORD 'SCRAM-SHA-256");
  });

  test("under write load is of one moment: what comes back is what the manifest counts", async () => {
    const writer = await bench.server.connect("shop");
    let isOver = false;
    const write = async (): Promise<void> => {
      while (!isOver) {
        await writer.query(
          "WITH o AS (INSERT INTO app.orders (body) VALUES ('x') RETURNING id) SELECT * FROM o",
        );
        await writer.query("DELETE FROM app.events WHERE id = (SELECT min(id) FROM app.events)");
        await writer.query(
          "INSERT INTO app.events SELECT coalesce(max(id), 0) + 1, '2026-06-01' FROM app.events",
        );
      }
    };
    const writing = write();
    const manifest = await bench.take().finally(() => (isOver = true));
    await writing;
    await writer.close();
    await bench.sql("CREATE DATABASE loaded", "postgres");
    restore(manifest, "loaded");
    const [back] = await bench.sql("SELECT count(*)::text AS n FROM app.orders", "loaded");
    expect(back?.n).toBe(rowsOf(manifest)["app.orders"]);
  });

  test("gives way to who waits to change a table, and is of one moment all the same", async () => {
    // TRUNCATE reaches into older snapshots: the rows would be counted and not dumped.
    const path = await bench.fakeTools({ pg_dump: (real) => `sleep 1\n${real}` });
    const taking = bench.take({ path });
    await eventually("the snapshot is taken", async () => {
      const [row] = await bench.sql(
        "SELECT count(*)::int AS n FROM pg_locks WHERE relation = 'app.events_2026'::regclass AND mode = 'AccessShareLock'",
      );
      return (row?.n as number) > 0 || undefined;
    });
    await bench.sql("TRUNCATE app.events");
    const manifest = await taking;
    expect(rowsOf(manifest)["app.events_2026"]).toBe("0");
    await bench.sql("CREATE DATABASE truncated", "postgres");
    restore(manifest, "truncated");
    expect(await bench.sql("SELECT count(*)::int AS n FROM app.events", "truncated")).toEqual([{ n: 0 }]);
    await bench.sql("INSERT INTO app.events SELECT n, '2026-06-01' FROM generate_series(1, 10) AS n");
  });

  test("as plain files has names, checksums and a description that scripts can read", async () => {
    const now = Date.parse("2026-11-21T02:00:00Z");
    const manifest = await bench.take({ plan: { ...usualBackups, format: "plain" }, now: () => now });
    const directory = join(bench.repository, "shop_full_20261121_020000");
    expect((await readdir(directory)).toSorted()).toEqual(
      [
        "manifest.json",
        "shape.json",
        "shop_full_20261121_020000.meta",
        ...["full", "globals", "schema"].flatMap((what) => [
          `shop_${what}_20261121_020000.sql.gz`,
          `shop_${what}_20261121_020000.sql.gz.sha256`,
        ]),
      ].toSorted(),
    );
    const file = "shop_full_20261121_020000.sql.gz";
    expect(
      execFileSync("sha256sum", ["--check", `${file}.sha256`], { cwd: directory, encoding: "utf8" }),
    ).toContain("OK");
    const text = gunzipSync(await readFile(join(directory, file))).toString("utf8");
    expect(text).toContain("CREATE DATABASE shop");
    expect(text).toContain("GRANT SELECT ON TABLE app.orders TO shop_app");
    expect(text.match(/^\d+\t[0-9a-f]{128}$/gm)).toHaveLength(2000);
    expect(manifest.files.map(({ path }) => path)).toContain("shop_full_20261121_020000.meta");
  });

  test("is in gzip where pg_dump was built without zstd, and says so", async () => {
    const words = "this build does not support compression with ZSTD";
    const path = await bench.fakeTools({
      pg_dump: (real) => `case "$*" in *zstd*) echo "pg_dump: error: ${words}" >&2; exit 1;; esac\n${real}`,
    });
    const repository = join(bench.repository, "..", "gzip");
    const { warnings, files } = await bench.take({ path, repository });
    expect(warnings).toEqual([expect.stringContaining("has no zstd: compressed with gzip")]);
    expect(files.some((file) => file.path.endsWith(".dat.gz"))).toBe(true);
  });

  test("of a database with any name is one as well", async () => {
    const database = `a=b 'c' \\ "d"`;
    await bench.sql(`CREATE DATABASE "${database.replaceAll('"', '""')}"`, "postgres");
    const manifest = await bench.take({ database });
    expect(manifest.database).toBe(database);
    const { backups } = await readRepository(bench.repository);
    expect(backups.find(({ name }) => name === manifest.name)?.database).toBe(database);
  });
});

describe("a role that is no superuser", () => {
  const reader = { user: "reader", password: "of the reader" };
  const as = (): { login: BackupBench["login"] } => ({ login: { ...bench.login, ...reader } });
  beforeAll(() => bench.sql("CREATE ROLE reader LOGIN PASSWORD 'of the reader'"));

  test("is refused with the name of each object that it cannot read, and nothing is left", async () => {
    await bench.sql("GRANT USAGE ON SCHEMA app TO reader; GRANT SELECT ON app.orders, app.lines TO reader");
    await bench.sql("CREATE SCHEMA closed; ALTER TABLE app.lines ENABLE ROW LEVEL SECURITY");
    const error = await bench.take(as()).catch((found: unknown) => String(found));
    for (const object of [
      "schema closed: USAGE is not granted",
      "table app.events: SELECT is not granted",
      "table app.lines: row-level security hides rows",
      "sequence app.orders_id_seq: SELECT is not granted",
      "large object 4711: SELECT is not granted",
    ]) {
      expect(error).toContain(object);
    }
    expect(error).not.toContain("app.orders:");
    expect((await readRepository(bench.repository)).leftovers).toEqual([]);
    await bench.sql("DROP SCHEMA closed; ALTER TABLE app.lines DISABLE ROW LEVEL SECURITY");
  });

  test("takes one with the rights of profile backup", async () => {
    await bench.sql("GRANT pg_read_all_data TO reader; GRANT SELECT ON LARGE OBJECT 4711 TO reader");
    const manifest = await bench.take(as());
    expect(manifest).toMatchObject({ passwords: true, snapshot: { role: "reader" } });
    await bench.sql("REVOKE pg_read_all_data FROM reader");
  });

  test("takes one that is marked where it cannot read verifiers: its globals have no passwords", async () => {
    await bench.sql(
      "GRANT SELECT ON ALL TABLES IN SCHEMA app TO reader; GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO reader",
    );
    const manifest = await bench.take(as());
    expect(manifest.passwords).toBe(false);
    expect(manifest.snapshot.roles).toContainEqual({ name: "shop_app", hasPassword: null });
    const globals = await readFile(join(bench.repository, manifest.name, "globals.sql"), "utf8");
    expect(globals).toContain("CREATE ROLE shop_app");
    expect(globals).not.toContain("PASSWORD 'SCRAM");
  });
});

describe("old backups", () => {
  const day = 86_400_000;
  const keep = { days: 3, weekly: 0, monthly: 0 };

  test("go by their age after a success, and stay after a failure", async () => {
    const repository = join(bench.repository, "..", "aged");
    const now = Date.parse("2027-02-01T02:00:00Z");
    for (const age of [9, 5, 1]) await bench.take({ repository, now: () => now - age * day });
    const wrong = { ...bench.login, password: "wrong" };
    await expect(bench.take({ repository, login: wrong, now: () => now })).rejects.toThrow("password");
    const [refused] = await pruneBackups(repository, keep, now);
    expect(refused?.refused).toContain("the last run failed");
    expect((await readRepository(repository)).backups).toHaveLength(3);
    const { name } = await bench.take({ repository, now: () => now });
    const [plan] = await pruneBackups(repository, keep, now);
    expect(plan?.remove.map((one) => one.name)).toEqual([
      "shop_full_20270127_020000",
      "shop_full_20270123_020000",
    ]);
    const { backups, leftovers } = await readRepository(repository);
    expect(backups.map((one) => one.name)).toEqual([name, "shop_full_20270131_020000"]);
    expect(leftovers).toEqual([]);
  });
});
