import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planMaintenance, type MaintenancePlan } from "../../components/core/operations/maintenance";
import type { MaintenanceAction } from "../../components/core/operations/maintenance-facts";
import { runMaintenance, type MaintenanceOutcome } from "../../components/io/maintenance";
import { readMaintenance } from "../../components/io/catalog/maintenance";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";
import { startVersion } from "../support/server-versions";

// What the manual says of who may VACUUM ("VACUUM", Notes) changed with MAINTAIN in PostgreSQL 17.
describe.each([15, 17] as const)("on PostgreSQL %i", (major) => {
  let server: TestServer;
  let administrator: Session;
  const password = "of a test";

  beforeAll(async () => {
    server = await (major === 17 ? startServer() : startVersion(major));
    const first = await server.connect();
    for (const sql of [
      `CREATE ROLE keeper LOGIN PASSWORD '${password}'`,
      `CREATE ROLE stranger LOGIN PASSWORD '${password}'`,
      "CREATE ROLE owner",
      "CREATE DATABASE shop OWNER keeper",
    ]) {
      await first.query(sql);
    }
    await first.close();
    administrator = await server.connect("shop");
    await administrator.query(`
      CREATE SCHEMA open; GRANT USAGE ON SCHEMA open TO PUBLIC; CREATE SCHEMA closed;
      CREATE TABLE open.items (id int PRIMARY KEY) WITH (autovacuum_enabled = off);
      CREATE TABLE closed.items (id int PRIMARY KEY) WITH (autovacuum_enabled = off);
      ALTER TABLE open.items OWNER TO owner; ALTER TABLE closed.items OWNER TO owner`);
  }, 120_000);

  afterAll(async () => {
    await administrator.close();
    await server.stop();
  });

  /** What the login would do, and what came of it: tables whose rows the server has counted since. */
  async function maintain(user: string, action: MaintenanceAction, full = false) {
    await administrator.query(
      `TRUNCATE open.items, closed.items;
       INSERT INTO open.items SELECT generate_series(1, 500); INSERT INTO closed.items SELECT generate_series(1, 500)`,
    );
    const login = { user, password };
    const session = await server.connect("shop", login);
    const choice = { action, names: [], full, freeze: false, locking: false };
    const plan: MaintenancePlan = planMaintenance(await readMaintenance(session), choice);
    await session.close();
    const outcomes: MaintenanceOutcome[] = [];
    const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
    await runMaintenance(
      {
        login: { host: server.host, port: server.port, ...login },
        database: "shop",
        steps: plan.steps,
        waiting,
      },
      (outcome) => outcomes.push(outcome),
    );
    const counted = await administrator.query<{ name: string }>(
      "SELECT oid::regclass::text AS name FROM pg_class WHERE relname = 'items' AND reltuples = 500 ORDER BY 1",
    );
    return {
      steps: outcomes.map(({ step, failure }) => `${step.sql}: ${failure ?? "done"}`),
      skipped: plan.skipped,
      counted: counted.map(({ name }) => name),
    };
  }

  test("the owner of a database may VACUUM and ANALYZE tables of others that it reaches, and REINDEX none", async () => {
    const unreached = {
      subject: "closed.items",
      reason: "the login may not: it has no USAGE on schema closed",
    };
    for (const [action, full, command] of [
      ["vacuum", false, "VACUUM"],
      ["vacuum", true, "VACUUM (FULL)"],
      ["analyze", false, "ANALYZE"],
    ] as const) {
      expect(await maintain("keeper", action, full)).toEqual({
        steps: [`${command} "open"."items": done`],
        skipped: [unreached],
        counted: ["open.items"],
      });
    }
    const { steps, skipped } = await maintain("keeper", "reindex");
    expect(steps).toEqual([]);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      unreached.reason,
      expect.stringMatching(/^the login may not: it is not owner/),
    ]);
  });

  test("another login is told beforehand what the server would pass over with a warning", async () => {
    const { steps, skipped, counted } = await maintain("stranger", "vacuum");
    expect([steps, counted]).toEqual([[], []]);
    expect(skipped.map(({ subject }) => subject)).toEqual(["closed.items", "open.items"]);
    const session = await server.connect("shop", { user: "stranger", password });
    await session.query("VACUUM open.items");
    await session.close();
    const [row] = await administrator.query<{ reltuples: number }>(
      "SELECT reltuples FROM pg_class WHERE oid = 'open.items'::regclass",
    );
    expect(row?.reltuples).toBe(-1);
  });

  test("who may become the owner of a table works as it where the schema keeps the login out", async () => {
    await administrator.query(
      "ALTER ROLE stranger NOINHERIT; GRANT USAGE ON SCHEMA closed TO owner; GRANT owner TO stranger",
    );
    const { steps, skipped, counted } = await maintain("stranger", "vacuum");
    expect(steps).toEqual(['VACUUM "closed"."items": done', 'VACUUM "open"."items": done']);
    expect([skipped, counted]).toEqual([[], ["closed.items", "open.items"]]);
  });
});
