import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSamples, sampleLimits } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { takeSample, type TakenSample } from "../../components/io/samples/take";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

const minute = 60_000;
const start = Date.parse("2026-03-01T00:00:00Z");

let server: TestServer;
let session: Session;
let worker: Session;
let now = start;

beforeAll(async () => {
  server = await startServer();
  session = await server.connect();
  worker = await server.connect();
  await session.query("CREATE EXTENSION pg_stat_statements SCHEMA public");
});

afterAll(async () => {
  await worker.close();
  await session.close();
  await server.stop();
});

/** A sample as if so many minutes had passed since the last one. */
function sampleAfter(minutes = 10): Promise<TakenSample> {
  now += minutes * minute;
  return takeSample(session, { now: new Date(now) });
}

/** What samples since a moment have of the statements with a text. */
async function kept(text: string): Promise<{ calls: number; rows: number }[]> {
  return session.query<{ calls: number; rows: number }>(
    `SELECT sum(calls)::int AS calls, sum(rows)::int AS rows FROM pgstead.sample_statement
     JOIN pgstead.sample_text USING (queryid) WHERE text LIKE $1 GROUP BY queryid`,
    [`%${text}%`],
  );
}

async function run(sql: string, times: number): Promise<void> {
  for (let time = 0; time < times; time += 1) await worker.query(sql);
}

describe("samples", () => {
  test("are refused with a hint where `up` has made no tables", async () => {
    await expect(takeSample(session)).rejects.toThrow(/no tables for them/);
  });

  test("have tables that nobody but who watches the server reads, whatever default privileges say", async () => {
    await session.query("CREATE ROLE app LOGIN");
    await session.query("CREATE ROLE watch LOGIN IN ROLE pg_monitor");
    await session.query("ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO app, PUBLIC");
    const { statements } = planSamples(await readSamplePlace(session), "postgres");
    expect(statements[0]?.sql).toBe('CREATE SCHEMA "pgstead"');
    await applyStatements(session, statements);
    expect(planSamples(await readSamplePlace(session), "postgres").statements).toEqual([]);
    const read = async (role: string): Promise<boolean[]> =>
      (
        await session.query<{ may: boolean }>(
          `SELECT has_schema_privilege($1, 'pgstead', 'USAGE') AND has_table_privilege($1, oid, 'SELECT') AS may
           FROM pg_class WHERE relnamespace = 'pgstead'::regnamespace AND relkind = 'r'`,
          [role],
        )
      ).map(({ may }) => may);
    expect(await read("watch")).toEqual([true, true, true, true, true]);
    expect(await read("app")).toEqual([false, false, false, false, false]);
    await session.query("ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM app, PUBLIC");
  });

  test("are closed again by the next plan where somebody opened them", async () => {
    await session.query("GRANT SELECT ON pgstead.sample_text TO app, PUBLIC");
    await session.query("REVOKE SELECT ON pgstead.sample FROM pg_monitor");
    const { statements } = planSamples(await readSamplePlace(session), "postgres");
    expect(statements.map(({ sql }) => sql).toSorted()).toEqual([
      'GRANT SELECT ON TABLE "pgstead"."sample" TO "pg_monitor"',
      'REVOKE ALL ON TABLE "pgstead"."sample_text" FROM "app"',
      'REVOKE ALL ON TABLE "pgstead"."sample_text" FROM PUBLIC',
    ]);
    await applyStatements(session, statements);
    expect(planSamples(await readSamplePlace(session), "postgres").statements).toEqual([]);
  });

  test("hold what a statement did since the one before, once it has begun", async () => {
    await worker.query("CREATE TABLE public.orders AS SELECT n AS id FROM generate_series(1, 100) AS n");
    await run("SELECT id FROM public.orders WHERE id <= 3", 5);
    expect(await sampleAfter()).toMatchObject({ isFirst: true, statements: 0, hasRelations: true });
    expect(await kept("FROM public.orders")).toEqual([]);
    await run("SELECT id FROM public.orders WHERE id <= 3", 2);
    expect(await sampleAfter()).toMatchObject({ isFirst: false, isReset: false, hasRelations: false });
    expect(await kept("FROM public.orders")).toEqual([{ calls: 2, rows: 6 }]);
  });

  test("count on over a reset, of all and of one, and tell it", async () => {
    await run("SELECT id FROM public.orders WHERE id <= 3", 4);
    await session.query("SELECT public.pg_stat_statements_reset()");
    await run("SELECT id FROM public.orders WHERE id <= 3", 9);
    expect(await sampleAfter()).toMatchObject({ isReset: true });
    // The four before the reset are gone with it.
    expect(await kept("FROM public.orders")).toEqual([{ calls: 11, rows: 33 }]);
    await session.query(
      `SELECT public.pg_stat_statements_reset(0, 0, queryid) FROM public.pg_stat_statements WHERE query LIKE 'SELECT id FROM public.orders%'`,
    );
    await run("SELECT id FROM public.orders WHERE id <= 3", 12);
    expect(await sampleAfter()).toMatchObject({ isReset: false });
    expect(await kept("FROM public.orders")).toEqual([{ calls: 23, rows: 69 }]);
  });

  test("count on over a restart, and over a crash that loses the counters", async () => {
    await worker.close();
    await session.close();
    await server.halt();
    await server.start();
    session = await server.connect();
    worker = await server.connect();
    await run("SELECT id FROM public.orders WHERE id <= 3", 1);
    expect(await sampleAfter()).toMatchObject({ isReset: false, isFirst: false });
    expect(await kept("FROM public.orders")).toEqual([{ calls: 24, rows: 72 }]);
    await session.close();
    await worker.close();
    await server.crash();
    await server.start();
    session = await server.connect();
    worker = await server.connect();
    await run("SELECT id FROM public.orders WHERE id <= 3", 20);
    await sampleAfter();
    expect(await kept("FROM public.orders")).toEqual([{ calls: 44, rows: 132 }]);
  });

  test("tell roles apart, and take in what one of many did", async () => {
    await worker.query("GRANT SELECT ON public.orders TO app");
    await worker.query("SET ROLE app");
    await run("SELECT id FROM public.orders WHERE id <= 3", 3);
    await worker.query("RESET ROLE");
    await sampleAfter();
    const rows = await session.query(
      `SELECT s.role::regrole::text AS role, sum(calls)::int AS calls FROM pgstead.sample_statement AS s
       JOIN pgstead.sample_text AS t USING (queryid) WHERE t.text LIKE '%FROM public.orders WHERE%' GROUP BY 1 ORDER BY 1`,
    );
    expect(rows).toEqual([
      { role: "app", calls: 3 },
      { role: "postgres", calls: 44 },
    ]);
  });

  test("keep no secret of a statement", async () => {
    await worker.query("CREATE ROLE guest PASSWORD 'very-secret-1'");
    await worker.query("ALTER ROLE guest PASSWORD 'very-secret-2'");
    await worker.query("DO $$ BEGIN PERFORM 'very-secret-3'; END $$");
    await worker.query("SELECT 'very-secret-4'");
    await worker.query("COPY (SELECT 'very-secret-5') TO '/dev/null'");
    await worker.query("SET app.key = 'very-secret-6'");
    await sampleAfter();
    // What it protects from is real: the server has some in clear.
    const inClear = await session.query(
      "SELECT FROM public.pg_stat_statements WHERE query LIKE '%very-secret-2%'",
    );
    expect(inClear).toHaveLength(1);
    const [all] = await session.query<{ text: string }>(
      "SELECT string_agg(text, ' ') AS text FROM pgstead.sample_text",
    );
    expect(all?.text).toContain("ALTER ROLE guest PASSWORD …");
    expect(all?.text).not.toContain("very-secret");
  });

  test("are taken once where two samplers come at once, and never for a moment before the last", async () => {
    const other = await server.connect();
    now += 10 * minute;
    const both = await Promise.all([session, other].map((one) => takeSample(one, { now: new Date(now) })));
    expect(both.filter(({ takenAt }) => takenAt !== null)).toHaveLength(1);
    expect((await takeSample(session, { now: new Date(now - minute) })).takenAt).toBeNull();
    await other.close();
  });

  test("stay within bounds however long they are taken, and lose no call", async () => {
    const before = (await kept("FROM public.orders WHERE id"))[0]?.calls ?? 0;
    let count = 0;
    const take = async (times: number, minutes: number) => {
      for (let time = 0; time < times; time += 1) {
        await run("SELECT id FROM public.orders WHERE id <= 3", 1);
        await sampleAfter(minutes);
        count += 1;
      }
      const [sizes] = await session.query<{ samples: number; old: number; relations: number; most: number }>(
        `SELECT (SELECT count(*)::int FROM pgstead.sample) AS samples,
                (SELECT count(*)::int FROM pgstead.sample WHERE taken_at < $1::timestamptz - interval '14 days') AS old,
                (SELECT count(DISTINCT taken_at)::int FROM pgstead.sample_relation) AS relations,
                (SELECT max(n)::int FROM (SELECT count(*) AS n FROM pgstead.sample_statement GROUP BY taken_at) AS x) AS most`,
        [new Date(now)],
      );
      return sizes;
    };
    // Those beyond the newest become one an hour: here two do.
    await take(320, 30);
    const first = await take(26, 360);
    expect(first?.samples).toBeGreaterThan(sampleLimits.fine + 20);
    expect(first?.samples).toBeLessThan(sampleLimits.fine + 45);
    // Those of over two weeks ago become one a day, once the whole day is as old.
    const second = await take(20, 360);
    expect(second?.old).toBeGreaterThanOrEqual(4);
    expect(second?.old).toBeLessThanOrEqual(5 + 24);
    expect(second?.relations).toBeLessThanOrEqual(sampleLimits.hourlyDays * 24 + 6);
    expect(second?.most).toBeLessThanOrEqual(sampleLimits.statements + 1);
    expect((await kept("FROM public.orders WHERE id"))[0]?.calls).toBe(before + count);
  }, 120_000);

  test("keep the sum of the statements that are too many", async () => {
    await sampleAfter();
    for (let part = 0; part < 6; part += 1) {
      const many = Array.from({ length: 100 }, (_, n) => `SELECT 1${", 1".repeat(part * 100 + n)}`);
      await worker.query(many.join("; "));
    }
    await sampleAfter();
    const [row] = await session.query<{ rows: number; rest: number; all: number }>(
      `SELECT count(*)::int AS rows, sum(calls) FILTER (WHERE queryid IS NULL)::int AS rest, sum(calls)::int AS all
       FROM pgstead.sample_statement WHERE taken_at = $1`,
      [new Date(now)],
    );
    expect(row?.rows).toBeLessThanOrEqual(sampleLimits.statements + 1);
    expect(row?.rest).toBeGreaterThan(50);
    expect(row?.all).toBeGreaterThanOrEqual(600);
  });

  test("work without pg_stat_statements, and go when they are old", async () => {
    await session.query("DROP EXTENSION pg_stat_statements");
    expect(await sampleAfter(100 * 24 * 60)).toMatchObject({ without: "no extension", statements: null });
    const [rows] = await session.query<{ n: number }>(
      "SELECT count(*)::int AS n FROM pgstead.sample_statement",
    );
    expect(rows?.n).toBe(0);
    await sampleAfter(401 * 24 * 60);
    const [samples] = await session.query<{ n: number }>("SELECT count(*)::int AS n FROM pgstead.sample");
    expect(samples?.n).toBe(1);
  });
});
