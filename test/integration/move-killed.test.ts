import type { ChildProcess } from "node:child_process";
import { Client } from "pg";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeBackupBench, type BackupBench } from "../support/backups";
import type { MoveProcess } from "../support/move-process";
import { move, rulesOf, target } from "../support/moves";
import { sampleOf } from "../support/samples";
import { killAtStatement, startApart } from "../support/killed-run";

let bench: BackupBench;
const secret = "ada.lovelace@example.org";
const masking = { "app.people.email": "'user' || id" };

beforeAll(async () => {
  bench = await makeBackupBench();
  await bench.sql(`
    CREATE ROLE spy LOGIN PASSWORD 'of a spy'; CREATE ROLE replica LOGIN REPLICATION PASSWORD 'of a replica';
    CREATE TABLE app.people (id int PRIMARY KEY, email text);
    INSERT INTO app.people SELECT n, n || '.${secret}' FROM generate_series(1, 50) AS n;
    CREATE MATERIALIZED VIEW app.shown AS SELECT email FROM app.people;
    CREATE SCHEMA audit; CREATE TABLE audit.change_log AS SELECT email FROM app.people;
    GRANT USAGE ON SCHEMA app TO PUBLIC; GRANT SELECT ON ALL TABLES IN SCHEMA app TO PUBLIC`);
  await bench.take();
  await bench.sql(`CREATE DATABASE ${target}`, "postgres");
  await bench.sql("CREATE TABLE public.old ()", target);
});
afterAll(() => bench.remove());

/** Copies as its own process and kills it with a statement; gives all that have passed. */
function runKilled(isLast: (statement: string, count: number) => boolean): Promise<readonly string[]> {
  const start = (port: number): ChildProcess => {
    const given: MoveProcess = {
      ...{ repository: bench.repository, path: bench.tools, database: target, rules: rulesOf(masking) },
      login: { ...bench.login, port },
    };
    return startApart("move-process", given);
  };
  return killAtStatement(bench.server, start, isLast);
}

const databases = async (): Promise<string[]> =>
  (
    await bench.sql(
      `SELECT datname::text AS name FROM pg_database WHERE datname LIKE '${target}%'`,
      "postgres",
    )
  ).map(({ name }) => String(name));

/** Whatever logins see of what is not masked. */
async function readSpied(): Promise<unknown[]> {
  const found: unknown[] = [];
  for (const database of await databases()) {
    for (const isReplica of [false, true]) {
      const [user, password] = isReplica ? ["replica", "of a replica"] : ["spy", "of a spy"];
      const { host, port } = bench.server;
      const more = isReplica ? { replication: "database" } : {};
      const client = new Client({ host, port, user, password, database, ...more });
      client.on("error", () => undefined);
      try {
        await client.connect();
        const { rows } = await client.query(`SELECT * FROM app.people WHERE email LIKE '%${secret}'`);
        found.push(...(rows as unknown[]));
      } catch {
        continue; // it may not connect, or there is no such table in the one before
      } finally {
        await client.end().catch(() => undefined);
      }
    }
  }
  return found;
}

/** Which of the two has the name. */
async function readNamed(): Promise<"old" | "new"> {
  const [row] = await bench.sql("SELECT to_regclass('public.old') IS NOT NULL AS old", target);
  if (row?.old === true) return "old";
  const people = await bench.sql(
    "SELECT count(*)::int AS n FROM app.people WHERE email LIKE 'user%'",
    target,
  );
  expect(people).toEqual([{ n: 50 }]);
  return "new";
}

/** Has the old one be there again under its name. */
async function backToOld(): Promise<void> {
  if ((await readNamed()) === "old") return;
  const kept = (await databases()).find((name) => name.includes("_before_"));
  await bench.sql(`DROP DATABASE ${target} WITH (FORCE)`, "postgres");
  await bench.sql(`ALTER DATABASE "${kept}" RENAME TO ${target}`, "postgres");
  await bench.sql(`ALTER DATABASE ${target} ALLOW_CONNECTIONS true`, "postgres");
}

async function expectSafe(): Promise<"old" | "new"> {
  const named = await readNamed();
  expect(await readSpied()).toEqual([]);
  const left = (await databases()).filter((name) => name.includes("_restore_"));
  expect(left.length).toBeLessThanOrEqual(named === "old" ? 1 : 0);
  return named;
}

/** What each step sends first. */
const steps: readonly RegExp[] = [
  /^CREATE DATABASE/,
  /^REVOKE ALL ON DATABASE/,
  /^ALTER DATABASE .* ALLOW_CONNECTIONS true/,
  /^COPY app\.people/,
  /^EXPLAIN UPDATE/,
  /^WITH masked/,
  /^TRUNCATE/,
  /^COMMIT/,
  /^VACUUM \(FULL\) app/,
  /^REFRESH/,
  /^ANALYZE/,
  /^VACUUM \(FULL\) pg_catalog/,
  /CONNECTION LIMIT = 0;/,
  /RENAME TO "staging_before/,
  /RENAME TO "staging"/,
];

test("killed at every step, either the old or the masked one has the name, and no login sees anything else", async () => {
  const outcomes: string[] = [];
  for (const step of steps) {
    let isPast = false;
    const passed = await runKilled((statement) => !isPast && (isPast = step.test(statement)));
    expect(
      passed.filter((statement) => step.test(statement)),
      String(step),
    ).not.toEqual([]);
    outcomes.push(await expectSafe());
    await backToOld();
  }
  expect(new Set(outcomes)).toEqual(new Set(["old"]));
}, 600_000);

test("killed at any statement, it is the same, and the next run finishes", async () => {
  const count = (await runKilled(() => false)).length;
  expect(await expectSafe()).toBe("new");
  await backToOld();
  const { numRuns, seed } = sampleOf("killed copies", 4, count);
  for (let run = 0; run < numRuns; run += 1) {
    const at = numRuns >= count ? run + 1 : 1 + ((seed + run * 2_654_435_761) % count);
    await runKilled((_statement, passed) => passed === at);
    await expectSafe();
    await backToOld();
  }
  // The end of the swap: whether the server still hears of it decides.
  let isNamed = false;
  await runKilled((statement) => {
    if (statement === "COMMIT" && isNamed) return true;
    isNamed ||= statement.endsWith(`RENAME TO "${target}"`);
    return false;
  });
  await expectSafe();
  await backToOld();
  const { tables } = await move(bench, masking);
  expect(tables).toEqual([{ table: '"app"."people"', rows: 50 }]);
  expect(await expectSafe()).toBe("new");
  expect((await databases()).filter((name) => name.includes("_restore_"))).toEqual([]);
}, 3_600_000);
