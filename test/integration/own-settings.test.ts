import { describe, expect, test } from "vitest";
import { useOwnProvider } from "../support/own-provider";
import { autoConf, settingsOf, show, startTime } from "../support/own-settings";

describe("settings of a server", () => {
  const own = useOwnProvider();
  const declare = (settings: Record<string, string | string[]>, change = {}) =>
    settingsOf(own.server, own.connection, settings, change);

  test("are planned as SQL with their reasons, written, loaded and live at once", async () => {
    const declared = declare(
      { work_mem: "16MB", log_connections: "on", random_page_cost: "1.1" },
      { reasons: { random_page_cost: "a random read of ssd costs as much as the next page" } },
    );
    await own.stack.up(declared);
    expect(own.lastPlan()).toEqual([
      "  ALTER SYSTEM SET \"log_connections\" = 'on';  -- declared; the server has off",
      "  ALTER SYSTEM SET \"random_page_cost\" = '1.1';  -- a random read of ssd costs as much as the next page; the server has 4",
      "  ALTER SYSTEM SET \"work_mem\" = '16MB';  -- declared; the server has 4096kB",
      "  SELECT pg_catalog.pg_reload_conf();  -- the server reads what was written",
    ]);
    expect(await show(own.server, "work_mem")).toBe("16MB");
    expect(await show(own.server, "log_connections")).toBe("on");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("restart the server where they take no less, and the plan says so", async () => {
    const before = await startTime(own.server);
    const declared = declare({ work_mem: "16MB", max_connections: "50", shared_buffers: "64MB" });
    await own.stack.up(declared);
    expect(own.lastPlan().at(-1)).toBe(
      "  restart the server  -- max_connections, shared_buffers change only with it; all sessions are ended [restart]",
    );
    expect(await startTime(own.server)).not.toBe(before);
    expect(await show(own.server, "max_connections")).toBe("50");
    expect(await show(own.server, "shared_buffers")).toBe("64MB");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("are compared in PostgreSQL's units and words, never as texts", async () => {
    const declared = declare({ work_mem: "16384kB", max_connections: "50", shared_buffers: "65536kB" });
    // The declaration is another one, so there is an update; on the server there is nothing to do.
    await own.stack.up(declared);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(await autoConf(own.server)).toContain("work_mem = '16MB'");
  });

  test("that leave the declaration get the value of postgresql.conf again", async () => {
    const declared = declare({ max_connections: "50", shared_buffers: "64MB" });
    await own.stack.up(declared);
    expect(own.lastPlan()[0]).toBe(
      '  ALTER SYSTEM RESET "work_mem";  -- nobody declared it: postgresql.auto.conf has 16MB',
    );
    expect(await show(own.server, "work_mem")).toBe("4MB");
  });

  test("changed by hand are drift, loaded or not, and the next run mends them", async () => {
    const declared = declare({ max_connections: "50", shared_buffers: "64MB" });
    await own.sql("ALTER SYSTEM SET max_connections = 60");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, diffs: ["live"] });
    expect(own.lastPlan()).toEqual([
      "  ALTER SYSTEM SET \"max_connections\" = '50';  -- declared; postgresql.auto.conf has 60",
      "  SELECT pg_catalog.pg_reload_conf();  -- the server reads what was written",
    ]);
    await own.stack.up(declared);
    expect(await autoConf(own.server)).toContain("max_connections = '50'");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("that somebody else put there by ALTER SYSTEM are taken out, also those of names that nobody knows", async () => {
    const declared = declare({ max_connections: "50", shared_buffers: "64MB" });
    await own.sql("ALTER SYSTEM SET statement_timeout = '1h'");
    await own.sql("ALTER SYSTEM SET app.tenant = 'secret'");
    await own.sql("SELECT pg_reload_conf()");
    await own.stack.diff(declared);
    expect(own.lastPlan()).toEqual([
      '  ALTER SYSTEM RESET "app.tenant";  -- nobody declared it: postgresql.auto.conf has a value',
      '  ALTER SYSTEM RESET "statement_timeout";  -- nobody declared it: postgresql.auto.conf has 1h',
      "  SELECT pg_catalog.pg_reload_conf();  -- the server reads what was written",
    ]);
    await own.stack.up(declared);
    expect((await autoConf(own.server)).sort()).toEqual([
      "max_connections = '50'",
      "shared_buffers = '64MB'",
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("of archiving and replication have other owners: they are told and left alone", async () => {
    const declared = declare({ max_connections: "50", shared_buffers: "64MB" });
    await own.sql("ALTER SYSTEM SET archive_command = 'cp %p /archive/%f'");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(own.lastPlan()).toEqual([
      "  left alone: setting archive_command: postgresql.auto.conf has it, and it is not the server's settings that keep it",
    ]);
    await own.sql("ALTER SYSTEM RESET archive_command");
    await own.sql("SELECT pg_reload_conf()");
  });

  test("that wait for a reload or a restart, as a run was killed before it, are planned again", async () => {
    const declared = declare({ max_connections: "50", shared_buffers: "64MB", work_mem: "8MB" });
    await own.sql("ALTER SYSTEM SET work_mem = '8MB'");
    await own.stack.diff(declared);
    expect(own.lastPlan()).toEqual([
      "  SELECT pg_catalog.pg_reload_conf();  -- the server reads what was written",
    ]);
    const another = declare({ max_connections: "55", shared_buffers: "64MB", work_mem: "8MB" });
    await own.sql("ALTER SYSTEM SET max_connections = '55'");
    await own.sql("SELECT pg_reload_conf()");
    await own.stack.diff(another);
    expect(own.lastPlan()).toEqual([
      "  restart the server  -- max_connections changes only with it; all sessions are ended [restart]",
    ]);
    await own.stack.up(another);
    expect(await show(own.server, "max_connections")).toBe("55");
    expect(await own.stack.diff(another)).toMatchObject({ changed: false });
  });

  test("load libraries, each by its own name, and the settings of those", async () => {
    const declared = declare({
      shared_preload_libraries: ["pg_stat_statements", "auto_explain"],
      "auto_explain.log_min_duration": "3s",
      "pg_stat_statements.max": "10000",
    });
    await own.stack.up(declared);
    expect(await autoConf(own.server)).toContain(
      "shared_preload_libraries = 'pg_stat_statements, auto_explain'",
    );
    expect(await show(own.server, "auto_explain.log_min_duration")).toBe("3s");
    expect(await show(own.server, "pg_stat_statements.max")).toBe("10000");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("of every kind of value make no plan once they are set", async () => {
    const declared = declare({
      TimeZone: "utc",
      DateStyle: "iso, dmy",
      search_path: ["app", "My schema"],
      log_destination: "stderr, csvlog",
      log_file_mode: "0640",
      wal_buffers: "-1",
      autovacuum_vacuum_cost_delay: "1500us",
      checkpoint_timeout: "0.25h",
      jit: "0",
      synchronous_commit: "yes",
      cursor_tuple_fraction: "0.123456789",
      log_line_prefix: "%m it's [%p] ",
      client_min_messages: "NOTICE",
      statement_timeout: "1min",
    });
    await own.stack.up(declared);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(await show(own.server, "log_line_prefix")).toBe("%m it's [%p] ");
    expect(await show(own.server, "checkpoint_timeout")).toBe("15min");
  });
});
