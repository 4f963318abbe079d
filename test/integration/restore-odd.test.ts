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
import { restoreTable, type RestoredTable } from "../../components/io/restore/table";
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

describe("one table", () => {
  let manifest: BackupManifest;
  beforeAll(async () => {
    manifest = await bench.take({ database });
    await bench.sql("CREATE SCHEMA rescue", database);
  });

  async function bring(name: string, as: string | undefined): Promise<RestoredTable> {
    const table = { schema: "s", name };
    const [schema = "s", other = name] = as?.split(".") ?? [];
    const names = { table, as: { schema, name: other } };
    return restoreTable({ ...(await inputOf(manifest)), ...names, signal, now: () => Date.now() });
  }

  const sql = (text: string) => bench.sql(`SET event_triggers = off; ${text}`, database);

  test("comes back under its own name into a schema that was made since, with its indexes and statistics", async () => {
    const { rows } = await bring("opts", "rescue.opts");
    expect(rows).toBe("1");
    const [row] = await bench.sql(
      `SELECT (SELECT array_agg(indexname::text ORDER BY 1) FROM pg_indexes WHERE schemaname = 'rescue') AS indexes,
         (SELECT array_agg(stxname::text ORDER BY 1) FROM pg_statistic_ext WHERE stxnamespace = 'rescue'::regnamespace) AS statistics`,
      database,
    );
    expect(row).toMatchObject({ statistics: ["st1", "st2"] });
    expect(row?.indexes).toHaveLength(4);
    expect((await bring("c1", "rescue.c1")).rows).toBe("1");
  });

  test("that inherits is no child of a live table under another name: the live one keeps its rows", async () => {
    const count = "SELECT count(*)::int AS n FROM s.inh_p";
    const live = await bench.sql(count, database);
    expect((await bring("inh_c", "s.inh_c_restored")).rows).toBe("2");
    expect(await bench.sql(count, database)).toEqual(live);
  });

  test("that has partitions comes back with all of them, and says what is elsewhere", async () => {
    await sql("DROP TABLE s.mixed; DROP TABLE s.enumpart");
    const { rows, notes } = await bring("mixed", undefined);
    expect(rows).toBe("1");
    expect(notes).toContainEqual(expect.stringContaining("s.mixed has no statistics"));
    expect(notes).toContainEqual(expect.stringContaining("publication pub_all has it as well"));
    expect((await bring("enumpart", undefined)).rows).toBe("15");
  });

  test("is refused where a part of its rows would be in another partition, and leaves nothing", async () => {
    const outcomes: unknown[] = [];
    for (const name of ["enumpart_0", "enumpart_1"]) {
      outcomes.push(await bring(name, `s.${name}_restored`).catch(String));
    }
    const [row] = await bench.sql(
      "SELECT count(*)::int AS n FROM pg_class WHERE relname LIKE 'enumpart%_restored'",
      database,
    );
    const refused = outcomes.filter((one) => typeof one === "string");
    expect(row).toEqual({ n: outcomes.length - refused.length });
    for (const text of refused) expect(text).toContain("restore the whole table that it is a partition of");
  });
});

test("what ends a restore in the rows of the database itself says what can be done", async () => {
  await bench.sql(`CREATE TABLE app.torn (id int PRIMARY KEY, of int CONSTRAINT torn_of REFERENCES app.torn);
    SET session_replication_role = replica; INSERT INTO app.torn VALUES (1, 99)`);
  const manifest = await bench.take();
  const request = { ...(await inputOf(manifest)), database: "torn", signal };
  const error = await restoreInto(request).catch(String);
  expect(error).toContain('violates foreign key constraint "torn_of"');
  expect(error).toContain(`restore ${manifest.name} by hand`);
  expect(await bench.sql("SELECT FROM pg_database WHERE datname = 'torn'", "postgres")).toEqual([]);
});
