import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { backupFormats, usualBackups } from "../../components/core/backup/plan";
import { findClientTools } from "../../components/io/backup/client-tools";
import { withRepository } from "../../components/io/backup/lock";
import { readRepository } from "../../components/io/backup/repository";
import { projectRoot } from "../../components/io/places";
import { dropDatabase } from "../../components/io/restore/drop-database";
import { restoreInto } from "../../components/io/restore/into";
import { restoreLive, type RestoredLive } from "../../components/io/restore/live";
import { makeBackupBench, type BackupBench } from "../support/backups";

/** A name as people do not choose, of a database with something of every kind. */
const database = `na"s'ty-%d\\ ü`;
const signal = new AbortController().signal;

let bench: BackupBench;
let before: string[];
beforeAll(async () => {
  bench = await makeBackupBench();
  await bench.sql("ALTER SYSTEM SET wal_level = logical", "postgres");
  await bench.server.halt();
  await bench.server.start();
  await bench.sql(
    `CREATE DATABASE ${quote(database)} TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-DE' LOCALE 'C'`,
    "postgres",
  );
  const file = join(projectRoot(), "test", "fixtures", "odd-database.sql");
  const set = ["--set=ON_ERROR_STOP=1", `--set=db=${database}`];
  run("psql", ["--no-psqlrc", "--quiet", ...set, `--dbname=${nameFor(database)}`, `--file=${file}`]);
  before = dump(database);
});
afterAll(() => bench.remove());

function quote(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function nameFor(name: string): string {
  return `dbname='${name.replace(/[\\']/g, "\\$&")}'`;
}

function run(program: string, args: readonly string[]): string {
  const { host, port, user, password } = bench.login;
  const env = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGPASSWORD: password };
  return execFileSync(join(bench.tools, program), args, { env, encoding: "utf8", maxBuffer: 2 ** 28 });
}

/** What pg_dump says, without the database's name; in any order, as rows and privileges may come in any. */
function dump(name: string): string[] {
  const ofConnection = /^\\(?:restrict|unrestrict|connect|encoding) .*$/gm;
  const text = run("pg_dump", ["--create", `--dbname=${nameFor(name)}`]).replaceAll(ofConnection, "");
  const named = [quote(name), name].reduce((all, one) => all.replaceAll(`DATABASE ${one}`, "DATABASE"), text);
  return named.replaceAll(`-- Name: ${name};`, "-- Name:").split("\n").toSorted();
}

function without(lines: readonly string[], others: readonly string[]): string[] {
  const there = new Set(others);
  return lines.filter((line) => !there.has(line));
}

function expectSame(name: string): void {
  const after = dump(name);
  expect([...without(before, after), ...without(after, before)]).toEqual([]);
  expect(after).toHaveLength(before.length);
}

async function inputOf({ name }: BackupManifest) {
  const { backups } = await readRepository(bench.repository);
  const backup = backups.find((one) => one.name === name)!;
  const tools = await findClientTools(17, bench.tools);
  return { repository: bench.repository, backup, tools, login: bench.login };
}

async function restore(manifest: BackupManifest): Promise<RestoredLive> {
  const { login, tools: path } = bench;
  const input = await inputOf(manifest);
  return withRepository(bench.repository, "a test", signal, (own) =>
    restoreLive({
      ...{ ...input, signal: own, now: () => Date.now(), say: () => undefined },
      present: { login, stack: "dev", version: "0.0.0", plan: usualBackups, path },
      readRoom: () => Promise.resolve(undefined),
      progress: (_label, work) => work,
    }),
  );
}

async function drop(name: string): Promise<void> {
  const session = await bench.server.connect("postgres");
  await dropDatabase(session, bench.login, name).finally(() => session.close());
}

describe.each(backupFormats)("a backup in format %s of a database that is hard to restore", (format) => {
  let manifest: BackupManifest;
  beforeAll(async () => {
    manifest = await bench.take({ database, plan: { ...usualBackups, format } });
  });

  test("comes back beside it as pg_dump sees it, and says what is not as it was", async () => {
    const name = `beside-${format}`;
    const { notes } = await restoreInto({ ...(await inputOf(manifest)), database: name, signal });
    expectSame(name);
    expect(notes).toContainEqual(
      expect.stringContaining('s.mixed has no statistics: could not connect to server "far"'),
    );
    expect(notes).toContainEqual(expect.stringContaining("subscription sub1 came back disabled"));
    await drop(name);
  });

  test("comes back in its place, and the old one can be dropped with its subscription", async () => {
    const slot = "SELECT pg_catalog.pg_create_logical_replication_slot('for_others', 'pgoutput')";
    await bench.sql(slot, database);
    await bench.sql("UPDATE pg_subscription SET subenabled = true", "postgres");
    const { kept, notes } = await restore(manifest);
    expectSame(database);
    expect(notes).toContainEqual(
      expect.stringContaining(
        "subscription sub1 ends with the database that is kept: its slot sl at the publisher",
      ),
    );
    expect(notes).toContainEqual(expect.stringContaining("slot for_others stays"));
    await drop(kept!);
    const left = await bench.sql("SELECT datname FROM pg_database WHERE datname LIKE 'na%'", "postgres");
    expect(left).toEqual([{ datname: database }]);
    const [row] = await bench.sql("SELECT count(*)::int AS n FROM pg_subscription", "postgres");
    expect(row).toEqual({ n: 1 });
  });
});
