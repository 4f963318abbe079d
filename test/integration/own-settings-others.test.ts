import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSettings } from "../../components/core/settings/plan";
import { readSettingsCatalog } from "../../components/io/catalog/settings";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { startOwnProvider, useOwnProvider } from "../support/own-provider";
import { autoConf, settingsOf, show, startTime } from "../support/own-settings";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";

describe("a server that somebody else restarts", () => {
  const own = useOwnProvider();
  const existing = { control: undefined } as const;

  test("gets its settings, and is told what waits for the restart", async () => {
    const before = await startTime(own.server);
    const settings = { max_connections: "60", work_mem: "9MB" };
    const declared = settingsOf(own.server, own.connection, settings, existing);
    await own.stack.up(declared);
    const waits =
      "  left alone: restart of the server: max_connections waits for a restart, which this target leaves to you";
    expect(own.lastPlan()).toContain(waits);
    expect(await startTime(own.server)).toBe(before);
    expect(await show(own.server, "work_mem")).toBe("9MB");
    expect(await show(own.server, "max_connections")).toBe("100");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });

    await own.server.halt();
    await own.server.start();
    expect(await show(own.server, "max_connections")).toBe("60");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("keeps its settings when they are not looked after any more", async () => {
    await own.stack.destroy("Settings/server");
    expect((await autoConf(own.server)).sort()).toEqual(["max_connections = '60'", "work_mem = '9MB'"]);
  });

  test("is imported by its id, and then only what differs is planned", async () => {
    await own.stack.import("pgstead:index:Settings", "server", "settings");
    const settings = { max_connections: "60", work_mem: "9MB" };
    const declared = settingsOf(own.server, own.connection, settings, existing);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    await own.stack.up(declared);
    expect(await own.stack.diff({ ...declared })).toMatchObject({ changed: false });
  });
});

describe("a login that only watches", () => {
  const own = useOwnProvider();

  test("sees the same settings, and what differs, without the files", async () => {
    const settings = {
      work_mem: "9MB",
      log_lock_waits: "on",
      shared_preload_libraries: ["pg_stat_statements"],
    };
    await own.stack.up(settingsOf(own.server, own.connection, settings));
    const password = generatePassword();
    await own.sql(`CREATE ROLE watcher LOGIN PASSWORD '${password}' IN ROLE pg_monitor`);
    const session = await own.server.connect("postgres", { user: "watcher", password });
    const plan = async (wanted: Record<string, string | string[]>) => {
      const desired = {
        settings: wanted,
        reasons: {},
        restart: "allow",
        canRestart: true,
        made: "embedded",
      } as const;
      return planSettings(desired, await readSettingsCatalog(session, wanted, (use) => use(session)));
    };
    expect(await plan(settings)).toMatchObject({ statements: [], refusals: [] });
    const { statements } = await plan({
      ...settings,
      work_mem: "10MB",
      session_preload_libraries: ["auto_explain"],
    });
    expect(statements.map(({ sql }) => sql)).toEqual([
      "ALTER SYSTEM SET \"session_preload_libraries\" = 'auto_explain'",
      "ALTER SYSTEM SET \"work_mem\" = '10MB'",
      "SELECT pg_catalog.pg_reload_conf()",
    ]);
    await session.close();
  });
});

describe("a login without superuser that was granted single settings", () => {
  const own = useOwnProvider();
  const password = generatePassword();
  const granted = (settings: Record<string, string>, isManaged = true, user = "manager") =>
    settingsOf(own.server, { ...own.connection, user, password: secret(password) }, settings, {
      control: undefined,
      limited: { login: user, isManaged },
    });
  beforeAll(async () => {
    for (const login of ["manager", "blind"]) {
      await own.sql(`CREATE ROLE ${login} LOGIN PASSWORD '${scramVerifier(password)}'`);
      await own.sql(`GRANT ALTER SYSTEM ON PARAMETER work_mem, lock_timeout, "TimeZone" TO ${login}`);
    }
    await own.sql("GRANT pg_monitor TO manager");
    await own.sql("ALTER SYSTEM SET statement_timeout = '1h'");
  });

  test("is refused all others by name, and what it could write and not have loaded", async () => {
    const declared = granted({ work_mem: "9MB", jit: "off", max_connections: "50" }, false);
    await expect(own.stack.up(declared)).rejects.toThrow(
      /may not ALTER SYSTEM, as it is no superuser: jit, max_connections[^]*not have the server read them/,
    );
    expect(await autoConf(own.server)).toEqual(["statement_timeout = '1h'"]);
    await own.sql("GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO manager, blind");
  });

  test.each(["manager", "blind"])(
    "sets those as %s, leaves the rest, and finds nothing afterwards",
    async (user) => {
      const declared = granted({ work_mem: "9MB", jit: "off" }, true, user);
      await own.stack.up(declared);
      expect((await autoConf(own.server)).sort()).toEqual(["statement_timeout = '1h'", "work_mem = '9MB'"]);
      expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
      await own.sql("ALTER SYSTEM SET work_mem = '5MB'; ");
      await own.sql("SELECT pg_reload_conf()");
      await eventually("it is loaded", async () =>
        (await show(own.server, "work_mem")) === "5MB" ? true : undefined,
      );
      expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["live"] }]);
      expect(await show(own.server, "work_mem")).toBe("9MB");
    },
  );

  test("takes back what it had written where the server refuses the next one", async () => {
    const failing = granted({ work_mem: "9MB", lock_timeout: "3s", TimeZone: "Nowhere" });
    await expect(own.stack.up(failing)).rejects.toThrow("no setting was changed");
    expect((await autoConf(own.server)).sort()).toEqual(["statement_timeout = '1h'", "work_mem = '9MB'"]);
    await own.stack.up(granted({ lock_timeout: "3s" }));
    expect((await autoConf(own.server)).sort()).toEqual(["lock_timeout = '3s'", "statement_timeout = '1h'"]);
  });
});

describe("two runs at once", () => {
  const own = useOwnProvider();
  let other: ProviderClient;
  beforeAll(async () => {
    other = await startOwnProvider();
  });
  afterAll(() => other.stop());

  test("wait for each other, and leave the settings of the last one whole", async () => {
    const one = new ProviderStack(own.provider);
    const two = new ProviderStack(other);
    const names = ["work_mem", "temp_buffers", "maintenance_work_mem", "logical_decoding_work_mem"];
    const all = (value: string) => Object.fromEntries(names.map((name) => [name, value]));
    await Promise.all([
      one.up(settingsOf(own.server, own.connection, all("11MB"))),
      two.up(settingsOf(own.server, own.connection, all("12MB"))),
    ]);
    const values = await Promise.all(names.map((name) => show(own.server, name)));
    expect(["11MB", "12MB"]).toContain(values[0]);
    expect(new Set(values).size).toBe(1);
  });

  test("do not meet ALTER SYSTEM of others half-way: what somebody sets meanwhile is taken out or stays whole", async () => {
    const declared = settingsOf(own.server, own.connection, { work_mem: "13MB", statement_timeout: "2h" });
    const [run] = await Promise.all([
      new ProviderStack(own.provider).up(declared),
      own.sql("ALTER SYSTEM SET lock_timeout = '1h'"),
    ]);
    expect(run).toHaveLength(1);
    const stack = new ProviderStack(own.provider);
    await stack.up(declared);
    expect((await autoConf(own.server)).sort()).toEqual(["statement_timeout = '2h'", "work_mem = '13MB'"]);
  });

  test("one that waits while the other one restarts the server goes on afterwards", async () => {
    const one = new ProviderStack(own.provider);
    const two = new ProviderStack(other);
    const declared = settingsOf(own.server, own.connection, { max_connections: "44" });
    await Promise.all([one.up(declared), two.up(declared)]);
    expect(await show(own.server, "max_connections")).toBe("44");
    expect(await one.diff(declared)).toMatchObject({ changed: false });
  });
});
