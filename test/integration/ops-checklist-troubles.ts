import type { Session } from "../../components/io/session";
import type { WatchedStack } from "./ops-watched-stack";

/**
 * Makes for real what items of checklists look for: refused logins, slow statements, bloat, indexes that are the same,
 * statistics that are stale, and a session that is idle in its transaction.
 *
 * @returns that session
 */
export async function makeTroubles(stack: WatchedStack, admin: Session): Promise<Session> {
  const { server } = stack;
  const idle = await stack.as("shop_app");
  await idle.query("BEGIN; SELECT 1");
  for (let time = 0; time < 12; time += 1) {
    const wrong = { host: server.host, port: server.port, user: "shop_app", password: "wrong" };
    await server.connect("shop", wrong).catch(() => undefined);
  }
  for (let time = 0; time < 25; time += 1) await admin.query("SELECT pg_sleep(0.005)");
  // Each by itself: what counts changes hears of them at the end of a transaction.
  for (const sql of [
    "CREATE TABLE api.events (id int, body text) WITH (autovacuum_enabled = off)",
    "CREATE INDEX one ON api.events (id)",
    "CREATE INDEX two ON api.events (id)",
    "INSERT INTO api.events SELECT n, repeat('x', 200) FROM generate_series(1, 50000) AS n",
    "DELETE FROM api.events WHERE id % 10 <> 0",
    "SELECT pg_stat_force_next_flush()", // else the rows that went are taken off once more after the ANALYZE
    "VACUUM ANALYZE api.events",
    ...Array<string>(3).fill("UPDATE api.events SET body = body"),
  ]) {
    await admin.query(sql);
  }
  await admin.query("SELECT pg_stat_force_next_flush()");
  return idle;
}
