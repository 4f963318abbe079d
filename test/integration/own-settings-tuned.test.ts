import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bornLibraries } from "../../components/core/born-with";
import { knownExtensionSettings, knownSettings } from "../../components/core/settings/known";
import { parseSettingValue, sameSettingValue } from "../../components/core/settings/value";
import { resolveTuning } from "../../components/core/tuning/tuning";
import type { Machine } from "../../components/core/tuning/machine";
import { readSettings } from "../../components/io/catalog/settings";
import { plansOf, useOwnProvider } from "../support/own-provider";
import { settingsOf, startTime } from "../support/own-settings";

describe("a server that is tuned by formulas", () => {
  const own = useOwnProvider();

  test.each<Machine>([
    { memory: 1024 * 1024, disk: "ssd", workload: "desktop" },
    { memory: 512 * 1024, cpus: 2, disk: "hdd", workload: "web" },
    { memory: 2 * 1024 * 1024, cpus: 4, disk: "nvme", workload: "dw" },
  ])("starts with them, and has every value: %o", async (machine) => {
    const { settings } = resolveTuning(machine, {
      own: {},
      ownNames: new Set(),
      libraries: bornLibraries,
      logFiles: true,
    });
    const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
    const reasons = Object.fromEntries(settings.map(({ name, reason }) => [name, reason]));
    const before = await startTime(own.server);
    const declared = settingsOf(own.server, own.connection, values, { reasons });
    await own.stack.up(declared);
    expect(await startTime(own.server)).not.toBe(before);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });

    const session = await own.server.connect();
    const rows = new Map((await readSettings(session)).map((row) => [row.name, row]));
    await session.close();
    // What this build of PostgreSQL has not is left out.
    const live = settings.filter(({ name }) => rows.has(name) && name !== "wal_compression");
    expect(live.length).toBeGreaterThan(25);
    const wrong = live.filter(({ name, value }) => {
      const row = rows.get(name);
      return row === undefined || !sameSettingValue(row, row.setting, value);
    });
    expect(wrong).toEqual([]);
  });

  test("shows in the first preview, without a server, what it does then", async () => {
    const { settings } = resolveTuning(
      { memory: 2 * 1024 * 1024, cpus: 4, disk: "ssd", workload: "web" },
      { own: {}, ownNames: new Set(), libraries: bornLibraries, logFiles: true },
    );
    const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
    const reasons = Object.fromEntries(settings.map(({ name, reason }) => [name, reason]));
    const unborn = { ...own.connection, port: 9, systemIdentifier: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" };
    const { token, inputs } = settingsOf(own.server, unborn, values, { reasons, restart: "refuse" });
    const { state } = await own.provider.resource(token, "unborn").create(inputs, { preview: true });
    // Nobody uses a server that is not there yet.
    expect(state.refusals).toEqual([]);
    const planned = plansOf(own.provider).at(-1) ?? "";
    expect(planned).toContain("ALTER SYSTEM SET \"pg_stat_statements.max\" = '10000'");
    expect(planned).toContain("1/16 of memory");
    expect(planned).toMatch(/restart the server {2}-- .*shared_buffers.*\[restart\]/);
  });
});

describe("what is known of PostgreSQL's settings before there is a server", () => {
  const own = useOwnProvider();
  /** Told by the platform or at initdb. */
  const ofPlace = new Set([
    "max_stack_depth",
    "data_directory_mode",
    "wal_segment_size",
    "data_checksums",
    "server_version",
    "server_version_num",
    "effective_io_concurrency",
    "maintenance_io_concurrency",
    "wal_compression",
    "default_toast_compression",
    "dynamic_shared_memory_type",
    "shared_memory_type",
    "wal_sync_method",
    "debug_assertions",
  ]);

  test("is what this server says", async () => {
    const session = await own.server.connect();
    for (const library of new Set(
      [...knownExtensionSettings.keys()].map((name) => name.split(".")[0] ?? ""),
    )) {
      await session.query(`LOAD '${library}'`);
    }
    const rows = await readSettings(session);
    await session.close();
    const ours = [...knownSettings.values(), ...knownExtensionSettings.values()];
    const names = (list: readonly { readonly name: string }[]): string[] =>
      list.map(({ name }) => name).sort();
    // It is defined by a server that loads its library at the start.
    expect(names(ours).filter((name) => name !== "pg_prewarm.autoprewarm")).toEqual(names(rows));
    const live = new Map(rows.map((row) => [row.name, row]));
    for (const type of ours.filter(({ name }) => !ofPlace.has(name) && live.has(name))) {
      expect(live.get(type.name)).toMatchObject(type);
    }
  });

  test("numbers are read as this server reads them", async () => {
    const names = [
      "work_mem",
      "temp_buffers",
      "statement_timeout",
      "vacuum_cost_delay",
      "log_parameter_max_length",
      "random_page_cost",
      "geqo_threshold",
    ];
    const session = await own.server.connect();
    const number = fc.oneof(
      fc.integer({ min: -2, max: 2 ** 31 }).map(String),
      fc.double({ min: 0, max: 10_000, noNaN: true }).map((value) => value.toFixed(3)),
      fc.integer({ min: 0, max: 10_000 }).map((value) => `0${value.toString(8)}`),
      fc.integer({ min: 0, max: 10_000 }).map((value) => `0x${value.toString(16)}`),
    );
    const unit = fc.constantFrom(
      "",
      "",
      "B",
      "kB",
      " MB",
      "GB ",
      "TB",
      "us",
      "ms",
      "s",
      "min",
      "h",
      "d",
      "mb",
    );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...names), number, unit, async (name, digits, suffix) => {
        const written = `${digits}${suffix}`;
        const type = knownSettings.get(name);
        if (type === undefined) throw new Error(name);
        const ours = parseSettingValue(type, written);
        // For this statement only: a statement_timeout of a millisecond would end a later one.
        const sql =
          "SELECT set_config($1, $2, true), (SELECT setting FROM pg_settings WHERE name = $1) AS setting";
        const theirs = await session.query<{ setting: string }>(sql, [name, written]).then(
          ([row]) => row?.setting,
          () => undefined,
        );
        expect("value" in ours, `${name} = '${written}'`).toBe(theirs !== undefined);
        if (theirs !== undefined && "value" in ours) {
          expect(
            sameSettingValue(type, ours.value, theirs),
            `${name} = '${written}': ${ours.value}, ${theirs}`,
          ).toBe(true);
        }
      }),
      { numRuns: 400 },
    );
    await session.close();
  });
});
