import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { historyLayout } from "../../components/core/migrations/history-layout";
import { prepareHistory } from "../../components/io/migrations/history";
import { openSession } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { migratedDatabase, silently, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: MigratedDatabase;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  shop = await migratedDatabase(server);
});
afterEach(() => shop.remove());

const orders = "CREATE TABLE app.orders (id int PRIMARY KEY, note text);";

/** Three files, of which the second one is applied with an index that is made beside running writes. */
async function writeThree(): Promise<void> {
  await shop.write("0001-orders.sql", orders, { down: "DROP TABLE app.orders;" });
  await shop.write("0002-index.sql", "CREATE INDEX CONCURRENTLY orders_note ON app.orders (note);", {
    header: "-- transaction: none\n",
    down: "DROP INDEX CONCURRENTLY app.orders_note;",
  });
  await shop.write("0003-rows.sql", "INSERT INTO app.orders VALUES (1, 'a');", {
    down: "DELETE FROM app.orders WHERE id = 1;",
  });
}

describe("a run", () => {
  test("applies what is pending in order, as the owner, and writes down who, when, how long and what", async () => {
    await writeThree();
    const { done, failure } = await shop.upgrade();
    expect(failure).toBeUndefined();
    expect(done.map(({ file }) => file)).toEqual(["0001-orders.sql", "0002-index.sql", "0003-rows.sql"]);
    const { applied, unfinished } = await shop.history();
    expect(unfinished).toBeUndefined();
    expect(applied).toMatchObject([
      {
        version: "0001",
        name: "orders",
        transactional: true,
        origin: "applied",
        appliedBy: shop.migrator.user,
      },
      { version: "0002", name: "index", transactional: false },
      { version: "0003", name: "rows", transactional: true },
    ]);
    for (const { checksum, appliedAt, durationMs } of applied) {
      expect(checksum).toMatch(/^[0-9a-f]{64}$/);
      expect(Math.abs(Date.now() - Date.parse(appliedAt))).toBeLessThan(60_000);
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
    const owners = await shop.query<{ owner: string }>(
      "SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'app'::regnamespace",
    );
    expect(owners).toEqual([{ owner: shop.owner }]);
    expect((await shop.upgrade()).done).toEqual([]);
  });

  test("goes up to a target and back, and the trail has every run", async () => {
    await writeThree();
    expect((await shop.upgrade({ to: "2" })).done).toHaveLength(2);
    expect((await shop.upgrade()).done).toHaveLength(1);
    expect((await shop.downgrade({ to: "orders" })).done.map(({ file }) => file)).toEqual([
      "0003-rows.sql",
      "0002-index.sql",
    ]);
    expect((await shop.history()).applied).toHaveLength(1);
    expect((await shop.downgrade("base")).done).toHaveLength(1);
    expect((await shop.history()).applied).toEqual([]);
    const trail = await shop.query(
      "SELECT action, outcome, version, by FROM pgstead.migration_trail ORDER BY id",
    );
    expect(trail.map(({ action, outcome, version }) => [action, outcome, version].join(" "))).toEqual([
      "up done 0001",
      "up begun 0002",
      "up done 0002",
      "up done 0003",
      "down done 0003",
      "down begun 0002",
      "down done 0002",
      "down done 0001",
    ]);
    expect(new Set(trail.map(({ by }) => by))).toEqual(new Set([shop.migrator.user]));
  });

  test("rolls back a file that fails, with the line, and keeps those before it", async () => {
    await shop.write("0001-orders.sql", orders);
    await shop.write(
      "0002-fails.sql",
      "CREATE TABLE app.half (id int);\n\nINSERT INTO app.orders\n  SELECT 1, nothing_such;",
    );
    const { done, failure } = await shop.upgrade();
    expect(done.map(({ file }) => file)).toEqual(["0001-orders.sql"]);
    // Five lines of header and marker, then the fourth of the part.
    expect(failure?.path).toBe("sql/migrations/0002-fails.sql:9");
    expect(failure?.message).toBe('column "nothing_such" does not exist (42703); in: SELECT 1, nothing_such');
    expect(await shop.query("SELECT to_regclass('app.half') AS half")).toEqual([{ half: null }]);
    expect(
      await shop.query("SELECT outcome, note FROM pgstead.migration_trail WHERE version = '0002'"),
    ).toEqual([{ outcome: "failed", note: "42703, line 9" }]);
  });

  test("keeps what rows hold out of the trail, and shows it to who runs it", async () => {
    await shop.write(
      "0001-orders.sql",
      `${orders}\nINSERT INTO app.orders VALUES (7, 's3cret');\nCREATE UNIQUE INDEX one ON app.orders (note);\nINSERT INTO app.orders VALUES (8, 's3cret');`,
    );
    const { failure } = await shop.upgrade();
    expect(failure?.message).toContain("Key (note)=(s3cret) already exists.");
    expect(await shop.query("SELECT note FROM pgstead.migration_trail")).toEqual([
      { note: "23505, line 9, table app.orders, constraint one" },
    ]);
  });

  test("sends what was judged, whatever the login's settings have a backslash mean", async () => {
    await shop.query(
      `ALTER ROLE ${shop.migrator.user} SET standard_conforming_strings = off; CREATE TABLE app.kept (id int)`,
    );
    // One text by PostgreSQL's rules of today; two statements and a comment by those of 2008.
    await shop.write("0001-orders.sql", String.raw`SELECT 'a\''; DROP TABLE app.kept; --'`);
    expect((await shop.upgrade()).failure).toBeUndefined();
    expect(await shop.query("SELECT to_regclass('app.kept') AS kept")).toEqual([{ kept: "app.kept" }]);
  });

  test("tells of a deferred constraint that fails at the end, and rolls the file back", async () => {
    await shop.write(
      "0001-orders.sql",
      `${orders}\nCREATE TABLE app.lines (o int REFERENCES app.orders DEFERRABLE INITIALLY DEFERRED);\nINSERT INTO app.lines VALUES (5);`,
    );
    const { failure } = await shop.upgrade();
    expect(failure).toMatchObject({ path: "sql/migrations/0001-orders.sql" });
    expect(failure?.message).toContain("at the end of its transaction");
    expect((await shop.history()).applied).toEqual([]);
  });

  test("applies a file once where two runs come at once, and the second one says whom it waits for", async () => {
    await shop.write("0001-slow.sql", "SELECT pg_advisory_xact_lock(5); CREATE TABLE app.once (id int);");
    const holder = await shop.open();
    await holder.query("SELECT pg_advisory_lock(5)");
    const limits = { lockTimeoutMs: 60_000 };
    const runs = Promise.all([shop.upgrade({ limits }), shop.upgrade({ limits })]);
    await eventually("one of them says that it waits", () =>
      shop.said.some((line) => line.startsWith("waiting up to")) ? true : undefined,
    );
    await holder.close();
    const both = await runs;
    expect(both.map(({ done }) => done.length).toSorted()).toEqual([0, 1]);
    expect(both.map(({ failure }) => failure)).toEqual([undefined, undefined]);
    expect(shop.said).toContainEqual(
      expect.stringMatching(/^waiting up to 600 s for another run: pgstead migrate \(session \d+\)$/),
    );
  });

  test("works with the server's own search path, and nothing of one file's session stays for the next", async () => {
    await shop.query(`ALTER DATABASE ${shop.name} SET search_path = app`);
    await shop.write("0001-here.sql", "CREATE TABLE here (id int);\nCREATE TEMP TABLE gone (id int);");
    await shop.write(
      "0002-sets.sql",
      "SET work_mem = '7MB';\nCREATE INDEX CONCURRENTLY i ON here (id);\nCREATE TABLE seen AS SELECT current_setting('work_mem') AS mem;",
      {
        header: "-- transaction: none\n",
      },
    );
    await shop.write(
      "0003-clean.sql",
      "CREATE TABLE clean AS SELECT current_setting('work_mem') AS mem, to_regclass('gone') AS temp;",
    );
    expect((await shop.upgrade()).failure).toBeUndefined();
    expect(await shop.query("SELECT mem FROM app.seen")).toEqual([{ mem: "7MB" }]);
    expect(await shop.query("SELECT mem, temp FROM app.clean")).toEqual([{ mem: "4MB", temp: null }]);
  });
});

describe("what is applied is frozen", () => {
  beforeEach(async () => {
    await writeThree();
    await shop.upgrade({ to: "0002" });
  });

  const problemOf = async (): Promise<string> => {
    const { problems, steps } = await shop.decision();
    expect(steps).toEqual([]);
    expect(problems).toHaveLength(1);
    await expect(shop.upgrade()).rejects.toThrow(problems[0]!.message);
    return `${problems[0]!.path}: ${problems[0]!.message}`;
  };
  const at = (file: string): string => join(shop.directory, file);

  test("an edited file is refused by name", async () => {
    await writeFile(
      at("0001-orders.sql"),
      (await readFile(at("0001-orders.sql"), "utf8")).replace("note", "text"),
    );
    expect(await problemOf()).toMatch(
      /^sql\/migrations\/0001-orders\.sql: was edited after it was applied by shop\d+_migrator/,
    );
  });

  test("a deleted one", async () => {
    await rm(at("0003-rows.sql"));
    await rm(at("0002-index.sql"));
    expect(await problemOf()).toMatch(
      /^sql\/migrations\/0002-index\.sql: is applied .* and the files do not know it$/,
    );
  });

  test("a renamed one", async () => {
    await rename(at("0002-index.sql"), at("0002-other.sql"));
    expect(await problemOf()).toMatch(
      /^sql\/migrations\/0002-other\.sql: was renamed: it is applied as 0002-index\.sql/,
    );
  });

  test("one that replaces another", async () => {
    await rm(at("0002-index.sql"));
    await shop.write("0002-else.sql", "SELECT 2;");
    expect(await problemOf()).toMatch(/^sql\/migrations\/0002-else\.sql: has the number of 0002-index\.sql/);
  });
});

describe("the history", () => {
  test("cannot be written by the owner, the application or a stranger, and its trail not be changed by the migrator", async () => {
    await shop.write("0001-orders.sql", orders);
    await shop.upgrade();
    const asMigrator = await openSession(shop.migrator, { database: shop.name, asItself: true });
    const asOwner = await openSession(shop.migrator, { database: shop.name });
    const asApplication = await openSession(shop.application, { database: shop.name });
    const forge = [
      "INSERT INTO pgstead.migration (version, name, checksum, transactional) VALUES ('0002', 'x', 'y', true)",
      "DELETE FROM pgstead.migration",
      "INSERT INTO pgstead.migration_trail (action, outcome, version, name, checksum) VALUES ('up', 'done', '2', 'x', 'y')",
      "DROP TABLE pgstead.migration CASCADE",
      "DROP SCHEMA pgstead CASCADE",
      "ALTER TABLE pgstead.migration_trail DISABLE TRIGGER ALL",
    ];
    for (const sql of forge) {
      for (const session of [asOwner, asApplication]) {
        await expect(session.query(sql), sql).rejects.toMatchObject({ code: "42501" });
      }
    }
    const change = [
      "UPDATE pgstead.migration_trail SET by = 'somebody'",
      "DELETE FROM pgstead.migration_trail",
      "TRUNCATE pgstead.migration_trail",
      "INSERT INTO pgstead.migration_trail (by, action, outcome, version, name, checksum) VALUES ('x', 'up', 'done', '2', 'x', 'y')",
      "INSERT INTO pgstead.migration (version, name, checksum, transactional, applied_by) VALUES ('0002', 'x', 'y', true, 'z')",
      "UPDATE pgstead.migration SET applied_at = now()",
      "DROP SCHEMA pgstead CASCADE",
    ];
    for (const sql of change)
      await expect(asMigrator.query(sql), sql).rejects.toMatchObject({ code: "42501" });
    await Promise.all([asMigrator, asOwner, asApplication].map((session) => session.close()));
  });

  test("cannot be forged by a deferred trigger of the owner, which would run at COMMIT", async () => {
    await shop.write(
      "0001-forge.sql",
      `CREATE TABLE app.bait (id int);
CREATE FUNCTION app.forge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO pgstead.migration (version, name, checksum, transactional) VALUES ('0099', 'forged', 'x', true);
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER forge AFTER INSERT ON app.bait DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION app.forge();
INSERT INTO app.bait VALUES (1);`,
    );
    expect((await shop.upgrade()).failure?.message).toContain("permission denied for schema pgstead");
    expect((await shop.history()).applied).toEqual([]);
  });

  test("is made once where two first runs come at once", async () => {
    await shop.query("DROP SCHEMA pgstead CASCADE");
    const sessions = await Promise.all([shop.open(), shop.open()]);
    await Promise.all(sessions.map((session) => prepareHistory(session, shop.migrator.user, silently)));
    await Promise.all(sessions.map((session) => session.close()));
    await shop.write("0001-orders.sql", orders);
    expect((await shop.upgrade()).done).toHaveLength(1);
  });

  test("of a later layout is refused", async () => {
    await shop.query(`UPDATE pgstead.migration_layout SET layout = ${historyLayout + 1}`);
    await expect(shop.history()).rejects.toThrow(
      `has layout ${historyLayout + 1}, and this program knows ${historyLayout}`,
    );
    const session = await shop.open();
    await expect(prepareHistory(session, shop.migrator.user, silently)).rejects.toThrow("has layout");
    await session.close();
  });
});
