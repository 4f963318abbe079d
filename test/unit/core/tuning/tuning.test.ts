import { describe, expect, test } from "vitest";
import { newServerSettings } from "../../../../components/core/settings/catalog";
import { parseMemory, parseSettingValue } from "../../../../components/core/settings/value";
import { resolveTuning } from "../../../../components/core/tuning/tuning";
import type { Machine, TuningOptions } from "../../../../components/core/tuning/machine";
import { deriveTerms } from "../../../../components/core/tuning/formulas";

const nothing: TuningOptions = { own: {}, ownNames: new Set(), libraries: [], logFiles: false };

const kB = (size: string): number => parseMemory(size) ?? Number.NaN;

function machine(
  memory: string,
  cpus: number | undefined,
  disk: Machine["disk"],
  workload: Machine["workload"],
) {
  return { memory: kB(memory), disk, workload, ...(cpus === undefined ? {} : { cpus }) };
}

function settingsOf(of: Machine, options: Partial<TuningOptions> = {}): Record<string, string> {
  const { settings } = resolveTuning(of, { ...nothing, ...options });
  return Object.fromEntries(settings.map(({ name, value }) => [name, value]));
}

/**
 * Worked out by hand. The budget is 90% of memory; a session takes work_mem × 2 + 5MB at worst. For 4GB, web:
 *
 * shared_buffers 4GB / 4 = 1048576kB; maintenance_work_mem 4GB / 16 = 262144kB; wal_buffers 16384kB;
 * work_mem (4194304 - 1048576) / ((200 + 8) × 3) = 5041kB;
 * worst case 1048576 + 16384 + 200 × (2 × 5041 + 5120) + 3 × 262144 = 4891792kB, more than 3774873kB:
 * work_mem ((3774873 - 1048576 - 16384 - 786432) / 200 - 5120) / 2 = 2248kB.
 *
 * Those of 4GB and web, 16GB and oltp, 16GB and mixed, 64GB and dw have PGTune's own numbers before the budget.
 */
const golden = [
  // memory, cores, workload, disk: shared_buffers, wal_buffers, maintenance_work_mem; work_mem, max_connections, autovacuum_work_mem: by formula, after the budget
  ["512MB", 1, "web", "ssd", "128MB", "3928kB", "32MB", ["4MB", "1MB"], [200, 33], ["-1", "-1"]],
  ["512MB", 2, "dw", "hdd", "128MB", "3928kB", "64MB", ["4MB", "1MB"], [40, 20], ["-1", "64499kB"]],
  ["512MB", 256, "dw", "ssd", "128MB", "3928kB", "64MB", ["4MB", "1MB"], [40, 20], ["-1", "38699kB"]],
  ["1GB", undefined, "desktop", "ssd", "64MB", "1960kB", "64MB", ["4MB", "4MB"], [20, 20], ["-1", "-1"]],
  ["2GB", 2, "mixed", "hdd", "512MB", "16MB", "128MB", ["4MB", "2207kB"], [100, 100], ["-1", "-1"]],
  ["4GB", 2, "web", "ssd", "1GB", "16MB", "256MB", ["5041kB", "2248kB"], [200, 200], ["-1", "-1"]],
  ["8GB", 4, "web", "ssd", "2GB", "16MB", "512MB", ["10280kB", "7098kB"], [200, 200], ["-1", "-1"]],
  ["8GB", 4, "desktop", "nvme", "512MB", "16MB", "512MB", ["18204kB", "18204kB"], [20, 20], ["-1", "-1"]],
  ["16GB", 4, "oltp", "ssd", "4GB", "16MB", "1GB", ["13797kB", "10345kB"], [300, 300], ["-1", "-1"]],
  ["16GB", 4, "mixed", "ssd", "4GB", "16MB", "1GB", ["20164kB", "20164kB"], [100, 100], ["-1", "-1"]],
  ["32GB", 8, "oltp", "san", "8GB", "16MB", "2GB", ["27235kB", "23277kB"], [300, 300], ["2GB", "2GB"]],
  ["64GB", 16, "dw", "nvme", "16GB", "16MB", "8GB", ["149796kB", "149796kB"], [40, 40], ["2GB", "2GB"]],
  ["128GB", 32, "web", "nvme", "32GB", "16MB", "8GB", ["144631kB", "144631kB"], [200, 200], ["2GB", "2GB"]],
  ["256GB", 64, "oltp", "nvme", "64GB", "16MB", "8GB", ["184365kB", "184365kB"], [300, 300], ["2GB", "2GB"]],
  ["4TB", 256, "dw", "nvme", "1TB", "16MB", "8GB", ["1813753kB", "1813753kB"], [40, 40], ["2GB", "2GB"]],
] as const;

describe("the memory of a machine", () => {
  test.each(golden)(
    "of %s with %s cores, %s on %s",
    (memory, cpus, workload, disk, buffers, wal, maintenance, workMem, connections, autovacuum) => {
      const of = machine(memory, cpus, disk, workload);
      const formula = deriveTerms(of, {});
      const size = (text: string): number => (text === "-1" ? -1 : kB(text));
      expect(formula).toMatchObject({
        shared_buffers: kB(buffers),
        wal_buffers: kB(wal),
        maintenance_work_mem: kB(maintenance),
        work_mem: kB(workMem[0]),
        max_connections: connections[0],
        autovacuum_work_mem: size(autovacuum[0]),
      });
      expect(settingsOf(of)).toMatchObject({
        shared_buffers: buffers,
        wal_buffers: wal,
        maintenance_work_mem: maintenance,
        work_mem: workMem[1],
        max_connections: String(connections[1]),
        autovacuum_work_mem: autovacuum[1],
      });
    },
  );

  test("comes with its reasons, the formula first, then what the budget left of it", () => {
    const { settings } = resolveTuning(machine("4GB", 2, "ssd", "web"), nothing);
    const reasonOf = (name: string) => settings.find((one) => one.name === name)?.reason;
    expect(reasonOf("shared_buffers")).toBe("1/4 of memory: 4GB / 4");
    expect(reasonOf("work_mem")).toBe(
      "(4GB - shared_buffers 1GB) / ((max_connections + 8 workers) × 3), at least 4MB; lowered from 5041kB to 2248kB: the worst case would take 4778MB of 3687MB, 90% of memory",
    );
  });
});

describe("the other settings", () => {
  test("follow the disk", () => {
    const [hdd, nvme] = [machine("8GB", 4, "hdd", "web"), machine("8GB", 4, "nvme", "web")].map((of) =>
      settingsOf(of),
    );
    expect(hdd).toMatchObject({ random_page_cost: "4", effective_io_concurrency: "2" });
    expect(nvme).toMatchObject({ random_page_cost: "1.1", effective_io_concurrency: "1000" });
    expect(settingsOf(machine("8GB", 4, "san", "web"))).toMatchObject({ effective_io_concurrency: "300" });
  });

  test("follow the cores from 4 on", () => {
    expect(Object.keys(settingsOf(machine("8GB", 3, "ssd", "web")))).not.toContain("max_worker_processes");
    expect(settingsOf(machine("8GB", 5, "ssd", "web"))).toMatchObject({
      max_worker_processes: "5",
      max_parallel_workers: "5",
      max_parallel_workers_per_gather: "3",
      max_parallel_maintenance_workers: "3",
      autovacuum_max_workers: "3",
    });
    expect(settingsOf(machine("64GB", 32, "ssd", "oltp"))).toMatchObject({
      max_parallel_workers_per_gather: "4",
      autovacuum_max_workers: "5",
      io_workers: "8",
    });
    expect(settingsOf(machine("64GB", 32, "ssd", "dw"))).toMatchObject({
      max_parallel_workers_per_gather: "16",
    });
  });

  test("follow the work", () => {
    expect(settingsOf(machine("16GB", 4, "ssd", "oltp"))).toMatchObject({
      min_wal_size: "2GB",
      max_wal_size: "8GB",
      jit: "off",
      default_statistics_target: "100",
      effective_cache_size: "12GB",
      huge_pages: "try",
    });
    const dw = settingsOf(machine("16GB", 4, "ssd", "dw"));
    expect(dw).toMatchObject({ min_wal_size: "4GB", max_wal_size: "16GB", default_statistics_target: "500" });
    expect(dw).not.toHaveProperty("jit");
    expect(settingsOf(machine("1GB", undefined, "ssd", "desktop"))).toMatchObject({
      min_wal_size: "100MB",
      max_wal_size: "2GB",
      effective_cache_size: "256MB",
      huge_pages: "off",
    });
  });

  test("leave wal_level and what archives alone: point in time recovery needs it", () => {
    const names = Object.keys(settingsOf(machine("1GB", undefined, "ssd", "desktop")));
    expect(names.filter((name) => /^(?:wal_level|max_wal_senders|archive_)/.test(name))).toEqual([]);
  });

  test("watch slow statements, checkpoints, logins and locks, and clean tables early", () => {
    expect(settingsOf(machine("8GB", 4, "ssd", "web"))).toMatchObject({
      autovacuum_vacuum_scale_factor: "0.1",
      autovacuum_analyze_scale_factor: "0.05",
      log_min_duration_statement: "1s",
      log_checkpoints: "on",
      log_connections: "on",
      log_disconnections: "on",
      log_lock_waits: "on",
      log_temp_files: "10MB",
      log_timezone: "UTC",
      log_line_prefix: "%m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
    });
  });

  test("write no password and no value of a parameter into the log", () => {
    expect(settingsOf(machine("8GB", 4, "ssd", "web"))).toMatchObject({
      log_statement: "none",
      log_parameter_max_length: "0",
      log_parameter_max_length_on_error: "0",
    });
  });

  test("keep connections for monitoring, but not of a handful", () => {
    const of = machine("8GB", 4, "ssd", "web");
    expect(settingsOf(of)).toMatchObject({ reserved_connections: "3" });
    const few = resolveTuning(of, { ...nothing, own: { max_connections: 9 } }).settings;
    expect(few.map(({ name }) => name)).not.toContain("reserved_connections");
  });

  test("of pg_stat_statements and of log files are there where those are", () => {
    const of = machine("8GB", 4, "ssd", "web");
    expect(settingsOf(of)).not.toHaveProperty("log_rotation_age");
    expect(settingsOf(of)).not.toHaveProperty("log_destination");
    expect(Object.keys(settingsOf(of)).filter((name) => name.includes("."))).toEqual([]);
    expect(settingsOf(of, { libraries: ["pg_stat_statements"], logFiles: true })).toMatchObject({
      "pg_stat_statements.max": "10000",
      "pg_stat_statements.track": "all",
      log_destination: "jsonlog",
      log_filename: "postgresql-%d.log",
      log_rotation_age: "1d",
      log_truncate_on_rotation: "on",
    });
  });

  test("are all settings that PostgreSQL 17 takes, but for those of newer versions and other builds", () => {
    const live = new Map(newServerSettings(["pg_stat_statements"]).settings.map((type) => [type.name, type]));
    const of = machine("64GB", 32, "nvme", "web");
    const { settings } = resolveTuning(of, { ...nothing, libraries: ["pg_stat_statements"], logFiles: true });
    const strange = settings.filter(({ name, value }) => {
      const type = live.get(name);
      return type === undefined || "fault" in parseSettingValue(type, value);
    });
    expect(strange.map(({ name }) => name)).toEqual(["io_workers", "wal_compression"]);
  });
});

describe("the user's own values", () => {
  const of = machine("4GB", 2, "ssd", "web");

  test("are left out of the formulas, and what follows from them follows", () => {
    const own = { shared_buffers: kB("512MB"), max_connections: 50 };
    const settings = settingsOf(of, { own, ownNames: new Set(["shared_buffers", "max_connections"]) });
    expect(Object.keys(settings)).not.toContain("shared_buffers");
    // (4194304 - 524288) / ((50 + 8) × 3) = 21092kB; 50 × (2 × 21092kB + 5MB) and the rest are 3625192kB of 3774873kB.
    expect(settings.work_mem).toBe("21092kB");
    expect(settings.wal_buffers).toBe("16MB");
  });

  test("stay, and the formulas give way", () => {
    const own = { work_mem: kB("16MB") };
    const { settings, overBudget } = resolveTuning(of, { ...nothing, own, ownNames: new Set(["work_mem"]) });
    // (3774873 - 1048576 - 16384 - 786432) / (2 × 16384 + 5120) = 50
    expect(settings.find(({ name }) => name === "max_connections")?.value).toBe("50");
    expect(overBudget).toBeUndefined();
  });

  test("that do not fit are told with the arithmetic", () => {
    const own = { work_mem: kB("64MB"), max_connections: 100 };
    const { overBudget } = resolveTuning(of, { ...nothing, own, ownNames: new Set(Object.keys(own)) });
    expect(overBudget).toBe(
      "shared_buffers 1GB + wal_buffers 16MB + max_connections 100 × (work_mem 64MB × hash_mem_multiplier 2 + 5MB) + autovacuum_max_workers 3 × autovacuum_work_mem 1MB = 14343MB, of 3687MB (90% of 4GB)",
    );
  });
});
