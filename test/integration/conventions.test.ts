import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { conventionFiles, conventionSets } from "../../components/core/conventions/files";
import { parseTableName, tableMigration } from "../../components/core/conventions/new-table";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, type Session } from "../../components/io/session";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "../support/eventually";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: MigratedDatabase;
beforeAll(async () => {
  server = await startServer();
  shop = await migratedDatabase(server);
  for (const set of conventionSets) {
    for (const { directory, name, text } of conventionFiles(set, "app"))
      await shop.repeat(`${directory}/${name}`, text);
  }
  await writeFile(join(shop.directory, "0001-orders.sql"), tableMigration(parseTableName("app.orders")));
  await writeFile(
    join(shop.directory, "0002-events.sql"),
    tableMigration(parseTableName("app.events"), { partitioned: true }),
  );
  expect((await shop.upgrade()).failure).toBeUndefined();
  await shop.query(
    `GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO ${shop.application.user}; GRANT DELETE ON app.orders TO ${shop.application.user}`,
  );
});
afterAll(async () => {
  await shop.remove();
  await server.stop();
});

const connect = (login = shop.application): Promise<Session> =>
  openSession(login, { database: shop.name, serversSearchPath: true, asItself: true });

async function asApplication<Result>(use: (session: Session) => Promise<Result>): Promise<Result> {
  const session = await connect();
  return use(session).finally(() => session.close());
}

describe("a table by the conventions", () => {
  test("has keys of version 7 that grow, and says who made a row and when", async () => {
    const rows = await asApplication(async (session) => {
      await session.query("SELECT set_config('app.user', 'ada@example.com', false)");
      await session.query(
        "INSERT INTO app.orders (created_by) SELECT 'somebody else' FROM generate_series(1, 3)",
      );
      return session.query("SELECT * FROM app.orders");
    });
    expect(rows).toHaveLength(3);
    for (const row of rows) {
      expect(row.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab]/);
      expect(
        Math.abs(parseInt(String(row.id).replaceAll("-", "").slice(0, 12), 16) - Date.now()),
      ).toBeLessThan(60_000);
      expect(row).toMatchObject({
        created_by: "ada@example.com",
        updated_by: "ada@example.com",
        is_active: true,
        deleted_at: null,
      });
    }
    const [order] = await shop.query(
      "WITH made AS MATERIALIZED (SELECT n, app.new_id() AS id FROM generate_series(1, 1000) AS n) SELECT bool_and(rank = n) AS grows FROM (SELECT n, row_number() OVER (ORDER BY id) AS rank FROM made) AS r",
    );
    expect(order).toEqual({ grows: true });
  });

  test("keeps what was first, says who changed it last, and when it was switched off", async () => {
    await asApplication(async (session) => {
      const [made] = await session.query<Record<string, unknown>>(
        "INSERT INTO app.orders DEFAULT VALUES RETURNING *",
      );
      const change = async (set: string): Promise<Record<string, unknown>> =>
        (
          await session.query(`UPDATE app.orders SET ${set} WHERE id = '${String(made!.id)}' RETURNING *`)
        )[0]!;
      const off = await change(
        "is_active = false, created_at = '2001-01-01', created_by = 'x', updated_by = 'y'",
      );
      expect(off).toMatchObject({
        created_at: made!.created_at,
        created_by: shop.application.user,
        updated_by: shop.application.user,
      });
      expect(Number(off.updated_at)).toBeGreaterThan(Number(made!.updated_at));
      expect(off.deleted_at).toEqual(off.updated_at);
      const again = await change("deleted_at = '2001-01-01'");
      expect(again.deleted_at).toEqual(off.deleted_at);
      expect(await change("is_active = true")).toMatchObject({ deleted_at: null });
    });
  });

  test("has partitions ahead, made once, in which rows land; and those past retention are listed", async () => {
    const parts = "SELECT relid::text AS name FROM pg_partition_tree('app.events') WHERE isleaf ORDER BY 1";
    expect(await shop.query(parts)).toHaveLength(4);
    const make = `SET ROLE ${shop.owner}; SELECT app.make_partitions('app.events', 5)`;
    await shop.query(make);
    await shop.query(make);
    const names = (await shop.query(parts)).map(({ name }) => String(name));
    expect(names).toHaveLength(6);
    await asApplication((session) => session.query("INSERT INTO app.events DEFAULT VALUES"));
    expect(await shop.query("SELECT tableoid::regclass::text AS name FROM app.events")).toEqual([
      { name: names[0] },
    ]);
    const past = (moment: string): Promise<Record<string, unknown>[]> =>
      shop.query(`SELECT partition::text AS name FROM app.partitions_before('app.events', ${moment})`);
    expect(await past("now()")).toEqual([]);
    expect(
      await past("date_trunc('month', now() AT TIME ZONE 'UTC') AT TIME ZONE 'UTC' + '2 months'::interval"),
    ).toEqual(names.slice(0, 2).map((name) => ({ name })));
    // Each partition has the trigger and the key of its table.
    const [checked] = await shop.query(
      `SELECT bool_and(EXISTS (SELECT FROM pg_trigger WHERE tgrelid = i.inhrelid) AND EXISTS (SELECT FROM pg_index WHERE indrelid = i.inhrelid AND indisprimary)) AS all
       FROM pg_inherits AS i WHERE inhparent = 'app.events'::regclass`,
    );
    expect(checked).toEqual({ all: true });
  });

  test.each([
    ["SELECT app.make_partitions('app.orders')", "42809"],
    ["SELECT app.make_partitions('app.events', 1, 'fortnight')", "22023"],
    ["SELECT app.make_partitions('app.events', -1)", "22023"],
  ])("%s is refused", async (sql, code) => {
    await expect(shop.query(`SET ROLE ${shop.owner}; ${sql}`)).rejects.toMatchObject({ code });
  });

  test("and the application cannot make partitions", async () => {
    await expect(
      asApplication((session) => session.query("SELECT app.make_partitions('app.events', 12)")),
    ).rejects.toMatchObject({ code: "42501" });
  });

  test("keeps a newer text of its functions when another such table is made", async () => {
    const [rows] = conventionFiles("tables", "app");
    await shop.repeat(`functions/${rows!.name}`, rows!.text.replaceAll("'app.user'", "'shop.user'"));
    await shop.upgrade();
    await writeFile(join(shop.directory, "0003-more.sql"), tableMigration(parseTableName("app.more")));
    expect((await shop.upgrade()).failure).toBeUndefined();
    expect(
      await shop.query("SELECT prosrc LIKE '%shop.user%' AS kept FROM pg_proc WHERE proname = 'acting_user'"),
    ).toEqual([{ kept: true }]);
  });
});

describe("what callers ask for", () => {
  const operator = `operator${Date.now()}`;
  const password = generatePassword();
  const as = (user: string): Promise<Session> =>
    connect({ host: server.host, port: server.port, user, password });
  beforeAll(async () => {
    const verifier = scramVerifier(password);
    const grant = `GRANT USAGE ON SCHEMA app TO ${operator}, watcher, plain, deputy; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO ${operator}, watcher, deputy`;
    await shop.query(
      [operator, "watcher", "plain", "deputy"]
        .map((role) => `CREATE ROLE ${role} LOGIN PASSWORD '${verifier}'`)
        .join("; "),
    );
    await shop.query(
      `ALTER ROLE deputy CREATEROLE; GRANT pg_signal_backend, pg_read_all_stats TO ${operator}; GRANT pg_read_all_stats TO watcher; ${grant}`,
    );
    // So that a minute need not be waited for: the tests call it with what a minute is replaced by.
    const [file] = conventionFiles("operations", "app");
    const quick = file!.text
      .replaceAll("terminate_idle_connections", "end_idle")
      .replace("mins =>", "secs =>")
      .replace(/^CREATE OR REPLACE FUNCTION "app"\."database_size"[^]*/m, "");
    await shop.query(`SET ROLE ${shop.owner}; ${quick}`);
    await shop.query(
      `GRANT EXECUTE ON FUNCTION app.end_idle TO ${operator}, watcher, deputy, ${shop.application.user}`,
    );
  });

  /** Sessions of several roles, idle for longer than a second. */
  async function idle(): Promise<Record<string, Session>> {
    const sessions = {
      application: await connect(),
      busy: await connect(),
      superuser: await shop.open(),
      deputy: await as("deputy"),
      elsewhere: await openSession(
        { ...shop.application, user: "plain", password },
        { database: "postgres" },
      ),
    };
    await sessions.busy.query("BEGIN");
    await Promise.all(Object.values(sessions).map((session) => session.query("SELECT 1")));
    const observer = await server.connect();
    await eventually("they are idle for two seconds", async () => {
      const [row] = await observer.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE application_name = 'pgstead' AND state LIKE 'idle%' AND state_change < clock_timestamp() - '1.5 s'::interval",
      );
      return (row?.count ?? 0) >= 5 ? true : undefined;
    });
    await observer.close();
    return sessions;
  }

  async function alive(sessions: Record<string, Session>): Promise<string[]> {
    const asked = await Promise.all(
      Object.entries(sessions).map(
        async ([name, session]) =>
          [
            name,
            await session.query("SELECT 1").then(
              () => true,
              () => false,
            ),
          ] as const,
      ),
    );
    await Promise.all(Object.values(sessions).map((session) => session.close().catch(() => undefined)));
    return asked.filter(([, lives]) => lives).map(([name]) => name);
  }

  const call = async (session: Session): Promise<number | string> => {
    try {
      const [row] = await session.query<{ ended: number }>("SELECT app.end_idle(1) AS ended");
      return row?.ended ?? "no row";
    } catch (error) {
      return (error as { code: string }).code;
    } finally {
      await session.close();
    }
  };

  test("an operator ends idle sessions of this database, and nobody's who is busy, administers or is elsewhere", async () => {
    const sessions = await idle();
    expect(await call(await as(operator))).toBe(1);
    expect(await alive(sessions)).toEqual(["busy", "superuser", "deputy", "elsewhere"]);
  });

  test("the superuser ends no more than that", async () => {
    const sessions = await idle();
    expect(await call(await shop.open())).toBe(1);
    expect(await alive(sessions)).toEqual(["busy", "superuser", "deputy", "elsewhere"]);
  });

  test("an application ends its own and sees no other; one that sees all and may not end them is refused", async () => {
    const sessions = await idle();
    expect(await call(await as("deputy"))).toBe(0);
    expect(await call(await as("watcher"))).toBe("42501");
    expect(await call(await as("plain"))).toBe("42501");
    expect(await call(await connect())).toBe(1);
    expect(await alive(sessions)).toEqual(["busy", "superuser", "deputy", "elsewhere"]);
  });

  test.each(["0", "-1", "NULL"])("terminate_idle_connections(%s) is refused", async (minutes) => {
    await expect(shop.query(`SELECT app.terminate_idle_connections(${minutes})`)).rejects.toMatchObject({
      code: "22023",
    });
  });

  test("nobody whom nothing was granted may call any of them", async () => {
    for (const sql of [
      "app.terminate_idle_connections(30)",
      "app.database_size()",
      "app.active_connections()",
    ]) {
      const session = await as("plain");
      await expect(session.query(`SELECT ${sql}`).finally(() => session.close())).rejects.toMatchObject({
        code: "42501",
      });
    }
  });

  test("an application sees the size of the database, its tables and who is connected", async () => {
    await asApplication(async (session) => {
      const [size] = await session.query<{ size: string }>("SELECT app.database_size() AS size");
      expect(Number(size!.size)).toBeGreaterThan(1_000_000);
      const connections = await session.query("SELECT * FROM app.active_connections()");
      expect(connections).toContainEqual({
        role_name: shop.application.user,
        state: "active",
        connections: "1",
      });
      const sizes = await session.query("SELECT schema_name, table_name, total_bytes FROM app.table_sizes");
      expect(sizes.map((row) => String(row.table_name))).toContain("orders");
      expect(sizes.map((row) => String(row.schema_name))).not.toContain("pgstead");
    });
  });
});
