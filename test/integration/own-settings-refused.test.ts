import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { installBinaries } from "../../components/io/embedded/binaries";
import { writeServerFile } from "../../components/io/embedded/instance";
import { runProgram } from "../../components/io/process";
import type { Refusal } from "../../components/core/statement";
import { useOwnProvider } from "../support/own-provider";
import { autoConf, settingsOf } from "../support/own-settings";

describe("a preview of settings refuses", () => {
  const own = useOwnProvider();
  beforeAll(async () => {
    await own.sql("CREATE DATABASE used");
  });

  async function refusals(settings: Record<string, string | string[]>, change = {}): Promise<Refusal[]> {
    const { inputs, token } = settingsOf(own.server, own.connection, settings, change);
    const { state } = await own.provider.resource(token, "server").create(inputs, { preview: true });
    return state.refusals as unknown as Refusal[];
  }

  test.each([
    [{ work_men: "4MB" }, "PostgreSQL has no such setting", "did you mean work_mem?"],
    [
      { "pg_stat_statements.trak": "all" },
      "pg_stat_statements has no such setting",
      "did you mean pg_stat_statements.track?",
    ],
    [
      { "auto_explain.log_min_durationn": "1s" },
      "auto_explain has no such setting",
      "did you mean auto_explain.log_min_duration?",
    ],
    [{ "auto_explain.log_min_duration": "abc" }, '"abc" is not a whole number', "write it such as -1"],
    [{ work_mem: "64mb" }, '"64mb" has another unit than B, kB, MB, GB, TB', "write it such as 4096kB"],
    [{ max_connections: "10ms" }, '"10ms" has a unit, and max_connections has none', "write it such as 100"],
    [{ max_connections: "300000" }, '"300000" is outside of 1 to 262143', "write it such as 100"],
    [{ work_mem: "1kB" }, '"1kB" is outside of 64 to 2147483647 (in units of kB)', "write it such as 4096kB"],
    [
      { wal_level: "archive" },
      '"archive" is not one of minimal, replica, logical',
      "write it such as replica",
    ],
    [{ jit: "maybe" }, '"maybe" is not on or off', "write it such as on"],
    [{ block_size: "8192" }, "the server tells it, and nobody can set it", "remove it"],
    [
      { shared_preload_libraries: [] },
      "an empty list: ALTER SYSTEM stores it as one nameless entry, with which a server does not start",
      "remove it, which gives the value of postgresql.conf",
    ],
    [
      { shared_preload_libraries: ["pg_stat_statements", "nolib"] },
      "library nolib is not there: the server would not start",
      "install it on the server's host, or remove it from the list",
    ],
    [
      { session_preload_libraries: "nolib" },
      "library nolib is not there: the server would not start",
      "install it on the server's host, or remove it from the list",
    ],
    [
      { archive_mode: "on" },
      "belongs to archiving and recovery (resource PointInTimeRecovery), not to the server's settings",
      "remove it here",
    ],
    [{ port: "5433" }, "the server's port has its own word", "remove it here, and write pgstead:server.port"],
    [
      { listen_addresses: "*" },
      "an embedded server sets it itself at every start: it is on loopback only",
      "remove it here",
    ],
    [
      { wal_level: "minimal" },
      "minimal does not go with max_wal_senders 10: the server would not start",
      "set max_wal_senders to 0, or wal_level to replica",
    ],
    [
      { max_connections: "3" },
      "3 leaves nobody a connection: 3 are reserved, and the server would not start",
      "set it higher, or superuser_reserved_connections and reserved_connections lower",
    ],
    [
      { min_wal_size: "16MB" },
      "is less than two segments of WAL, 32MB: the server would not start",
      "set it to 32MB or more",
    ],
    [{ ssl: "on" }, "server.crt is not there: the server would not start", "put it there first"],
    [
      { log_directory: "/nowhere/log" },
      "/nowhere is not there: the server would not start",
      "put it there first",
    ],
  ])("%o", async (settings, message, hint) => {
    const [name = ""] = Object.keys(settings);
    expect(await refusals(settings as Record<string, string>)).toContainEqual({
      subject: `setting ${name}`,
      message,
      hint,
    });
  });

  test("a restart of a server that is used, unless that is allowed", async () => {
    const [refusal, ...others] = await refusals({ max_connections: "50" }, { restart: "refuse" });
    expect(others).toEqual([]);
    expect(refusal).toMatchObject({
      subject: "restart of the server",
      message: "max_connections changes only with a restart, which ends all sessions",
    });
    expect(await refusals({ max_connections: "50" })).toEqual([]);
    expect(await refusals({ work_mem: "50MB" }, { restart: "refuse" })).toEqual([]);
  });

  test("wal_level minimal where somebody else's entry of max_wal_senders is to go", async () => {
    await own.sql("ALTER SYSTEM SET max_wal_senders = 0");
    expect(await refusals({ wal_level: "minimal" })).toMatchObject([{ subject: "setting wal_level" }]);
    expect(await refusals({ wal_level: "minimal", max_wal_senders: "0" })).toEqual([]);
    await own.sql("ALTER SYSTEM RESET max_wal_senders");
  });

  test("a level of WAL that replication slots need more than", async () => {
    await own.sql("SELECT pg_create_physical_replication_slot('standby')");
    const settings = { wal_level: "minimal", max_wal_senders: "0" };
    expect(await refusals(settings)).toMatchObject([{ subject: "setting wal_level" }]);
    expect(await refusals({ max_replication_slots: "0" })).toMatchObject([
      { subject: "setting max_replication_slots" },
    ]);
    await own.sql("SELECT pg_drop_replication_slot('standby')");
  });

  test("nothing where a formula's value is what this server has not", async () => {
    const reasons = { io_workers: "cores", wal_compression: "formula" };
    const settings = { io_workers: "4", wal_compression: "lz4" };
    expect(await refusals(settings, { reasons })).toEqual([]);
    expect(await refusals(settings)).toMatchObject([
      { subject: "setting io_workers" },
      { subject: "setting wal_compression" },
    ]);
  });

  test("and `up` refuses the same before its first statement", async () => {
    const declared = settingsOf(own.server, own.connection, { work_mem: "8MB", work_men: "8MB" });
    await expect(own.stack.up(declared)).rejects.toThrow("did you mean work_mem?");
    expect(await autoConf(own.server)).toEqual([]);
  });

  test("settings that the server's command line outranks, by name", async () => {
    const { instance } = own.server;
    await own.server.halt();
    const { bin } = await installBinaries();
    const args = ["start", "-D", instance.dataDirectory, "-w", "-s", "-o", "-c work_mem=9MB", "-l"];
    const log = join(instance.directory, "by-hand.log");
    await rm(log, { force: true });
    await runProgram(join(bin, "pg_ctl"), [...args, log], { account: instance.account });
    expect(await refusals({ work_mem: "8MB" })).toEqual([
      {
        subject: "setting work_mem",
        message: "it is set on the server's command line, which outranks ALTER SYSTEM",
        hint: "remove it here, or there",
      },
    ]);
    await own.server.halt();
    await own.server.start();
  });

  test("nothing where a line of postgresql.conf is broken: `up` says which, and changes nothing", async () => {
    const { instance } = own.server;
    const path = join(instance.dataDirectory, "postgresql.conf");
    const text = await readFile(path, "utf8");
    await writeServerFile(instance, path, `${text}\nwork_men = '4MB'\n`);
    const declared = settingsOf(own.server, own.connection, { work_mem: "8MB" });
    await expect(own.stack.up(declared)).rejects.toThrow("work_men: unrecognized configuration parameter");
    expect(await autoConf(own.server)).toEqual([]);
    await writeFile(path, text);
  });
});
