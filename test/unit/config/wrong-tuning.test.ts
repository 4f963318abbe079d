import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { database, good, problemsOf, server, testCases } from "./bad-configuration";

const settings = (written: Record<string, unknown>) => server({ settings: written });
const existing = (written: Record<string, unknown>) => ({
  "pgstead:target": "existing",
  ...server({ host: "db.example.com", ...written }),
});

describe("a mistake in what the settings are made from is told", () => {
  testCases([
    {
      what: "a memory that is no size",
      change: server({ memory: "8 gigs" }),
      says: [
        'pgstead:server.memory: "8 gigs" is not a size / write a number and kB, MB, GB or TB: `memory: 8GB`',
      ],
    },
    {
      what: "a memory without a unit",
      change: server({ memory: 8 }),
      says: [
        "pgstead:server.memory: 8 is not a size such as 8GB, from 512MB to 16TB / write it such as `memory: 8GB`",
      ],
    },
    {
      what: "a memory that is too little",
      change: server({ memory: "256MB" }),
      says: [
        "pgstead:server.memory: 256MB is outside of 512MB to 16TB / write the memory of the server's host or container",
      ],
    },
    {
      what: "no core, a disk and a workload that there are not",
      change: server({ cpus: 0, disk: "tape", workload: "olap" }),
      says: [
        "pgstead:server.cpus: 0 is not a whole number from 1 to 1024 / write it such as `cpus: 4`",
        'pgstead:server.disk: "tape" is not one of ssd, hdd, san, nvme / write it such as `disk: nvme`',
        'pgstead:server.workload: "olap" is not one of web, oltp, dw, desktop, mixed / did you mean oltp?',
      ],
    },
    {
      what: "connections in two places",
      change: server({ maxConnections: 30, settings: { max_connections: 30 } }),
      says: [
        "pgstead:server.settings.max_connections: stands beside pgstead:server.maxConnections / keep one of the two",
      ],
    },
    {
      what: "what says nothing without the memory of a server that is there",
      change: existing({ cpus: 4, workload: "oltp" }),
      says: ["cpus", "workload"].map(
        (key) =>
          `pgstead:server.${key}: says nothing without pgstead:server.memory, which nobody can read from afar / add the memory of the server's host, such as \`memory: 8GB\``,
      ),
    },
    {
      what: "settings of a server that others own",
      change: existing({ shared: true, settings: { work_mem: "8MB" } }),
      says: [
        "pgstead:server.settings: settings belong to the whole server, and this stack shares it / remove it, or declare it where shared is false",
      ],
    },
  ]);
});

describe("a mistake in a setting is told before there is a server", () => {
  testCases([
    {
      what: "names that there are not",
      change: settings({ work_men: "8MB", "auto_explain.log_min_durations": "1s" }),
      says: [
        'pgstead:server.settings["auto_explain.log_min_durations"]: auto_explain has no such setting / did you mean auto_explain.log_min_duration?',
        "pgstead:server.settings.work_men: PostgreSQL has no such setting / did you mean work_mem?",
      ],
    },
    {
      what: "values that it does not take",
      change: settings({ work_mem: "8mb", max_connections: 0, wal_level: "archive", jit: "perhaps" }),
      says: [
        'pgstead:server.settings.jit: "perhaps" is not on or off / write it such as on',
        'pgstead:server.settings.max_connections: "0" is outside of 1 to 262143 / write it such as 100',
        'pgstead:server.settings.wal_level: "archive" is not one of minimal, replica, logical / write it such as replica',
        'pgstead:server.settings.work_mem: "8mb" has another unit than B, kB, MB, GB, TB / write it such as 4096kB',
      ],
    },
    {
      what: "a name twice, as capitals count for nothing",
      change: settings({ TimeZone: "UTC", timezone: "Europe/Vienna" }),
      says: [
        "pgstead:server.settings.timezone: is there twice: capitals count for nothing / remove one of the two",
      ],
    },
    {
      what: "settings that have another owner",
      change: settings({ port: 5433, archive_mode: true, listen_addresses: "*", data_directory: "/data" }),
      says: [
        "pgstead:server.settings.archive_mode: belongs to archiving and recovery (resource PointInTimeRecovery), not to the server's settings / remove it here",
        "pgstead:server.settings.data_directory: says where the server's files are: that is decided before it starts / remove it here",
        "pgstead:server.settings.listen_addresses: an embedded server sets it itself at every start: it is on loopback only / remove it here",
        "pgstead:server.settings.port: the server's port has its own word / remove it here, and write pgstead:server.port",
      ],
    },
    {
      what: "settings that do not go together",
      change: settings({ wal_level: "minimal", max_connections: 3 }),
      says: [
        "pgstead:server.settings.wal_level: minimal does not go with max_wal_senders 10: the server would not start / set max_wal_senders to 0, or wal_level to replica",
        "pgstead:server.settings.max_connections: 3 leaves nobody a connection: 3 are reserved, and the server would not start / set it higher, or superuser_reserved_connections and reserved_connections lower",
      ],
    },
    {
      what: "an owner's setting on a server that is there, whose version nobody knows here",
      change: existing({ settings: { archive_command: "true", not_of_this_version: "1" } }),
      says: [
        "pgstead:server.settings.archive_command: belongs to archiving and recovery (resource PointInTimeRecovery), not to the server's settings / remove it here",
      ],
    },
    {
      what: "more memory than there is, with the arithmetic",
      change: server({ memory: "1GB", settings: { work_mem: "64MB" } }),
      says: [
        "pgstead:server: your own settings take more memory than there is, at worst: shared_buffers 64MB + wal_buffers 1960kB + max_connections 20 × (work_mem 64MB × hash_mem_multiplier 2 + 5MB) + autovacuum_max_workers 3 × autovacuum_work_mem 1MB = 2729MB, of 922MB (90% of 1GB) / lower what you set yourself (work_mem), or remove it, which gives a value that fits",
      ],
    },
  ]);
});

describe("the settings of a stack", () => {
  const tuningOf = (raw: Record<string, unknown>) =>
    planStack(parseConfig({ ...good, ...raw }, { stack: "dev" })).tuning;
  const tuned = (raw: Record<string, unknown>) =>
    Object.fromEntries((tuningOf(raw)?.tuned ?? []).map(({ name, value }) => [name, value]));

  test("of an embedded server are those of a desktop with 1GB", () => {
    expect(tuned({})).toMatchObject({
      shared_buffers: "64MB",
      max_connections: "20",
      "pg_stat_statements.max": "10000",
      log_rotation_age: "1d",
    });
    expect(tuningOf({})).toMatchObject({ settings: {}, restart: "refuse" });
    expect(tuningOf({ "pgstead:disposable": true })).toMatchObject({ restart: "allow" });
  });

  test("follow the machine, and the user's own win", () => {
    const raw = server({
      memory: "16GB",
      cpus: 4,
      disk: "nvme",
      workload: "oltp",
      maxConnections: 50,
      settings: { log_connections: false, shared_preload_libraries: ["auto_explain"] },
    });
    expect(tuningOf(raw)?.settings).toEqual({
      max_connections: "50",
      log_connections: "off",
      shared_preload_libraries: ["auto_explain"],
    });
    const values = tuned(raw);
    expect(values).toMatchObject({ shared_buffers: "4GB", effective_io_concurrency: "1000" });
    for (const name of ["max_connections", "log_connections", "pg_stat_statements.max"]) {
      expect(values).not.toHaveProperty([name]);
    }
  });

  test("of a server that is there are nobody's until memory or a setting is declared", () => {
    expect(tuningOf(existing({}))).toBeUndefined();
    expect(tuningOf(existing({ settings: { work_mem: "8MB" } }))).toMatchObject({
      settings: { work_mem: "8MB" },
      tuned: [],
    });
    expect(tuningOf(existing({ maxConnections: 50 }))).toMatchObject({ settings: { max_connections: "50" } });
    const values = tuned(existing({ memory: "16GB" }));
    expect(values).toMatchObject({ shared_buffers: "4GB", max_connections: "100" });
    // How it starts and where it logs is its own matter.
    expect(values).not.toHaveProperty("log_rotation_age");
    expect(values).not.toHaveProperty(["pg_stat_statements.max"]);
    const watched = { ...existing({ memory: "16GB" }), ...database({ extensions: ["pg_stat_statements"] }) };
    expect(tuned(watched)).toHaveProperty(["pg_stat_statements.max"]);
  });

  test("that are right are no problem, whatever the form of their values", () => {
    const right = {
      TimeZone: "Europe/Vienna",
      search_path: ["app", "public"],
      statement_timeout: "30s",
      work_mem: 8192,
      jit: false,
      "app.tenant": "any",
      "auto_explain.log_min_duration": "3s",
      wal_level: "minimal",
      max_wal_senders: 0,
      wal_compression: "zstd",
    };
    expect(problemsOf({ ...good, ...settings(right) })).toEqual([]);
  });
});
