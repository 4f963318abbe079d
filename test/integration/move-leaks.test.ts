import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Session } from "../../components/io/session";
import { usualBackups, type BackupFormat } from "../../components/core/backup/plan";
import { makeBackupBench, type BackupBench } from "../support/backups";
import { logEverything, readLog } from "../support/server-log";
import { move, moveWatched, target } from "../support/moves";

let bench: BackupBench;
const secret = "ada.lovelace@example.org";

const content = `
CREATE ROLE spy LOGIN PASSWORD 'of a spy'; CREATE ROLE replica LOGIN REPLICATION PASSWORD 'of a replica';
CREATE TABLE app.people (id int PRIMARY KEY, email text, phone text);
INSERT INTO app.people SELECT n, n || '.${secret}', '555' FROM generate_series(1, 300) AS n;
CREATE TABLE app.history (was text);
GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA app TO PUBLIC;
CREATE MATERIALIZED VIEW app.shown AS SELECT email FROM app.people;
CREATE SCHEMA audit; CREATE TABLE audit.change_log (id int, old jsonb) PARTITION BY LIST (id);
CREATE TABLE audit.change_log_rest PARTITION OF audit.change_log DEFAULT;
CREATE TABLE audit.change_log_before AS SELECT to_jsonb(p) AS old FROM app.people AS p;
INSERT INTO audit.change_log SELECT id, to_jsonb(p) FROM app.people AS p;
CREATE TABLE app.base (email text); CREATE TABLE app.child (more int) INHERITS (app.base);
INSERT INTO app.child SELECT email, 1 FROM app.people;
ANALYZE`;

/** What the source has in one test alone. */
async function within<Result>(
  sql: string,
  undo: string,
  work: () => Promise<Result>,
  format: BackupFormat = "directory",
): Promise<Result> {
  await bench.sql(sql);
  try {
    await bench.take({ plan: { ...usualBackups, format } });
    return await work();
  } finally {
    await bench.sql(undo);
  }
}

beforeAll(async () => {
  bench = await makeBackupBench();
  await bench.sql("ALTER SYSTEM SET wal_level = logical", "postgres");
  await bench.server.halt();
  await bench.server.start();
  await bench.sql(content);
  await logEverything(bench.server);
  await bench.take();
});
afterAll(() => bench.remove());

const dropBeside = async (): Promise<void> => {
  const found = await bench.sql(
    `SELECT datname::text AS name FROM pg_database WHERE datname LIKE '${target}%'`,
    "postgres",
  );
  for (const { name } of found) await bench.sql(`DROP DATABASE "${String(name)}" WITH (FORCE)`, "postgres");
};
beforeEach(dropBeside);

const masking = { "app.people.email": "'user' || id", "app.base.email": "NULL" };
const unmasked = `SELECT email FROM app.people WHERE email LIKE '%${secret}'`;

/** Files of the copy that hold a text. */
async function filesWith(text: string): Promise<string[]> {
  await bench.sql("CHECKPOINT", "postgres");
  const [row] = await bench.sql(
    "SELECT current_setting('data_directory') AS directory, oid::text FROM pg_database WHERE datname = current_database()",
    target,
  );
  const directory = join(String(row?.directory), "base", String(row?.oid));
  const found: string[] = [];
  for (const name of await readdir(directory)) {
    if ((await readFile(join(directory, name))).includes(text)) found.push(name);
  }
  return found;
}

describe("until it is masked, a copy", () => {
  test("lets no login in, whatever privileges it has and however it connects, and nobody stays in from before", async () => {
    const { spied, tries } = await moveWatched(
      bench,
      masking,
      [
        { user: "spy", password: "of a spy", isReplica: false },
        { user: "replica", password: "of a replica", isReplica: true },
      ],
      unmasked,
    );
    expect(tries).toBeGreaterThan(40);
    expect(spied).toEqual([]);
  });
});

describe("nothing unmasked stays", () => {
  test("where triggers and rules that always act would keep or save the rows as they were", async () => {
    await within(
      `CREATE FUNCTION app.keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
       CREATE FUNCTION app.save() RETURNS trigger LANGUAGE plpgsql AS
         $$ BEGIN INSERT INTO app.history VALUES (OLD.email); RETURN NEW; END $$;
       CREATE TRIGGER keep BEFORE UPDATE ON app.people FOR EACH ROW WHEN (OLD.id = 7) EXECUTE FUNCTION app.keep();
       CREATE TRIGGER save AFTER UPDATE ON app.people FOR EACH ROW EXECUTE FUNCTION app.save();
       CREATE RULE save AS ON UPDATE TO app.base DO ALSO INSERT INTO app.history VALUES (OLD.email);
       ALTER TABLE app.people ENABLE ALWAYS TRIGGER keep; ALTER TABLE app.people ENABLE REPLICA TRIGGER save;
       ALTER TABLE app.base ENABLE ALWAYS RULE save`,
      "DROP FUNCTION app.keep() CASCADE; DROP FUNCTION app.save() CASCADE; DROP RULE save ON app.base",
      () => move(bench, masking),
    );
    expect(await bench.sql(unmasked, target)).toEqual([]);
    expect(await bench.sql("SELECT was FROM app.history", target)).toEqual([]);
    const fires = await bench.sql(
      `SELECT tgname AS name, tgenabled AS fires FROM pg_trigger WHERE tgname IN ('keep', 'save')
       UNION ALL SELECT rulename, ev_enabled FROM pg_rewrite WHERE rulename = 'save' ORDER BY 2, 1`,
      target,
    );
    expect(fires).toEqual([
      { name: "keep", fires: "A" },
      { name: "save", fires: "A" },
      { name: "save", fires: "R" },
    ]);
  });

  test("in any file of it, also where a slot keeps old rows of the catalogues", async () => {
    await bench.sql("SELECT pg_create_logical_replication_slot('reader', 'pgoutput')", "postgres");
    try {
      const { notes } = await move(bench, masking);
      expect(await filesWith(secret)).toEqual([]);
      expect(notes.join("\n")).toContain("audit.change_log_before");
    } finally {
      await bench.sql("SELECT pg_drop_replication_slot('reader')", "postgres");
    }
  });

  test("in what it says, or the server's log, where an expression fails for a row", async () => {
    const failing = { "app.people.phone": "(email::int)::text" };
    const error: Error = await move(bench, failing).then(
      () => new Error("it did not fail"),
      (failed: unknown) => failed as Error,
    );
    expect(error.message).toContain("22P02");
    expect(error.message).toContain('"people"');
    expect(error.message).not.toContain(secret);
    const log = await readLog(bench.server);
    expect(log).toContain(`CREATE DATABASE "${target}_restore`);
    // As a row has it; what this test itself asks is there.
    expect(log).not.toContain(`1.${secret}`);
  });

  test("in the files, without a word: who still sees rows as they were is told", async () => {
    const held: Session[] = [];
    const { notes } = await move(bench, masking, {
      progress: async (label, work) => {
        if (label !== "comparing it with the manifest") return work;
        const result = await work;
        const [fresh] = await bench.sql(
          "SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'staging_restore%'",
          "postgres",
        );
        const session = await bench.server.connect(String(fresh?.name));
        held.push(session);
        await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1 FROM app.lines LIMIT 1");
        return result;
      },
    });
    expect(held).toHaveLength(1);
    await held[0]?.close();
    expect(notes.join("\n")).toMatch(/session \d+ of postgres still sees rows/);
  });
});

describe("what belongs to the other environment", () => {
  test.each(["directory", "plain"] as const)(
    "is not there, or does nothing, from a backup in format %s; and nobody was called",
    async (format) => {
      await bench.sql(`CREATE DATABASE ${target}`, "postgres");
      await bench.sql(`ALTER DATABASE ${target} SET work_mem = '7MB'`, "postgres");
      await bench.sql(`ALTER DATABASE ${target} CONNECTION LIMIT 42`, "postgres");
      const notes = await within(
        `CREATE EXTENSION postgres_fdw;
       CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${bench.server.port}', dbname 'postgres');
       CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'spy', password 'of prod alone');
       CREATE FOREIGN TABLE app.far (n int) SERVER elsewhere OPTIONS (schema_name 'pg_catalog', table_name 'pg_aggregate');
       CREATE MATERIALIZED VIEW app.far_shown AS SELECT 1 AS n;
       CREATE SUBSCRIPTION incoming CONNECTION 'host=127.0.0.1 port=1 password=of_prod_alone' PUBLICATION p WITH (connect = false);
       CREATE PUBLICATION outgoing FOR TABLE app.people;
       CREATE SCHEMA cron; CREATE TABLE cron.job (jobid int, command text, active boolean); INSERT INTO cron.job VALUES (1, 'SELECT 1', true);
       ALTER DATABASE shop SET app.key = 'of prod alone'; ALTER DATABASE shop SET default_transaction_read_only = on;
       CREATE FUNCTION app.refuse() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not here'; END $$;
       CREATE EVENT TRIGGER refuse ON login EXECUTE FUNCTION app.refuse(); ALTER EVENT TRIGGER refuse ENABLE REPLICA`,
        `SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE; COMMIT; ALTER DATABASE shop RESET ALL; ALTER SUBSCRIPTION incoming SET (slot_name = NONE); DROP SUBSCRIPTION incoming;
       DROP EVENT TRIGGER refuse; DROP PUBLICATION outgoing; DROP SCHEMA cron CASCADE; DROP MATERIALIZED VIEW app.far_shown; DROP EXTENSION postgres_fdw CASCADE; DROP FUNCTION app.refuse`,
        async () => (await move(bench, masking)).notes.join("\n"),
        format,
      );
      const [left] = await bench.sql(
        `SELECT (SELECT count(*)::int FROM pg_subscription AS s JOIN pg_database AS d ON d.oid = s.subdbid WHERE d.datname = '${target}') AS subscriptions,
         (SELECT count(*)::int FROM pg_user_mapping) AS mappings, (SELECT count(*)::int FROM pg_foreign_server) AS servers,
         (SELECT count(*)::int FROM pg_publication) AS publications, (SELECT count(*)::int FROM cron.job WHERE active) AS jobs,
         (SELECT count(*)::int FROM pg_event_trigger) AS "eventTriggers", (SELECT count(*)::int FROM app.far_shown) AS shown,
         current_setting('app.key', true) AS key, current_setting('work_mem') AS work_mem, current_setting('default_transaction_read_only') AS read_only,
         (SELECT datconnlimit FROM pg_database WHERE datname = '${target}') AS "limit"`,
        target,
      );
      expect(left).toEqual({
        ...{
          subscriptions: 0,
          mappings: 0,
          servers: 1,
          publications: 1,
          jobs: 0,
          eventTriggers: 1,
          shown: 1,
        },
        ...{ key: null, work_mem: "7MB", read_only: "off", limit: 42 },
      });
      expect(notes).toContain("subscription incoming");
      expect(notes).toContain("1 job");
      expect(notes).not.toContain("of prod alone");
    },
  );

  test("is not reached by a rule: a partition on another server is refused by name", async () => {
    await within(
      `CREATE EXTENSION postgres_fdw;
       CREATE SERVER elsewhere FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host '127.0.0.1', port '${bench.server.port}', dbname 'shop');
       CREATE USER MAPPING FOR PUBLIC SERVER elsewhere OPTIONS (user 'postgres', password '${bench.login.password}');
       CREATE TABLE app.remote (id int, email text); INSERT INTO app.remote VALUES (2, '${secret}');
       CREATE TABLE app.parts (id int, email text) PARTITION BY LIST (id);
       CREATE TABLE app.part_here PARTITION OF app.parts FOR VALUES IN (1);
       CREATE FOREIGN TABLE app.part_there PARTITION OF app.parts FOR VALUES IN (2) SERVER elsewhere OPTIONS (schema_name 'app', table_name 'remote');
       INSERT INTO app.part_here VALUES (1, '${secret}')`,
      "SELECT 1",
      async () => {
        await expect(move(bench, { ...masking, "app.parts.email": "'masked'" })).rejects.toThrow(
          "app.part_there",
        );
        expect(await bench.sql("SELECT email FROM app.remote")).toEqual([{ email: secret }]);
        await move(bench, { ...masking, "app.part_here.email": "'masked'", "app.remote.email": "'masked'" });
      },
    ).finally(() => bench.sql("DROP EXTENSION postgres_fdw CASCADE; DROP TABLE app.parts, app.remote"));
    expect(await bench.sql("SELECT email FROM app.part_here", target)).toEqual([{ email: "masked" }]);
  });

  test("where the statistics of a table cannot be made: the others have theirs, and it is told", async () => {
    await within(
      "CREATE STATISTICS app.broken ON (10 / (id - 5)), phone FROM app.people",
      "DROP STATISTICS app.broken",
      async () => {
        const { notes } = await move(bench, masking);
        expect(notes).toContainEqual(expect.stringMatching(/^app\.people has no statistics: /));
      },
    );
    const sampled = await bench.sql(
      "SELECT count(*)::int AS count FROM pg_stats WHERE schemaname = 'app' AND tablename = 'lines'",
      target,
    );
    expect(sampled).toEqual([{ count: 3 }]);
  });
});

describe("refused before anything is made", () => {
  test("where the server lacks an extension, or the login is no superuser", async () => {
    await bench.sql("CREATE ROLE maker LOGIN CREATEDB CREATEROLE PASSWORD 'of a maker'", "postgres");
    const login = { ...bench.login, user: "maker", password: "of a maker" };
    await expect(move(bench, masking, { login })).rejects.toThrow("superuser");
    const names = await bench.sql(
      `SELECT datname FROM pg_database WHERE datname LIKE '${target}%'`,
      "postgres",
    );
    expect(names).toEqual([]);
  });
});
