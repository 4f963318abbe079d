import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { withSession, type Session } from "../session";
import { readReplication } from "./replication";

/**
 * Drops a database with its sessions, if it is there. The server refuses one that has subscriptions, and one that is a
 * template: both end first. Slots of its subscriptions stay at their publishers, as what took its place may have them.
 *
 * @param session of another database, of the same login
 */
export async function dropDatabase(
  session: Session,
  login: ConnectionTarget,
  database: string,
): Promise<void> {
  const [found] = await session.query<{ isTemplate: boolean }>(
    `SELECT datistemplate AS "isTemplate" FROM pg_catalog.pg_database WHERE datname = $1`,
    [database],
  );
  if (found === undefined) return;
  const name = quoteIdentifier(database);
  const { subscriptions } = await readReplication(session, database);
  if (subscriptions.length > 0) await dropSubscriptions(session, login, database, subscriptions);
  if (found.isTemplate) await session.query(`ALTER DATABASE ${name} IS_TEMPLATE false`);
  await session.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
}

async function dropSubscriptions(
  session: Session,
  login: ConnectionTarget,
  database: string,
  subscriptions: readonly { readonly name: string; readonly isEnabled: boolean }[],
): Promise<void> {
  // In the catalogue: once connections are allowed its worker would take changes from the slot before ALTER is heard.
  if (subscriptions.some(({ isEnabled }) => isEnabled)) {
    await session.query(
      `UPDATE pg_catalog.pg_subscription SET subenabled = false
       WHERE subdbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = $1)`,
      [database],
    );
  }
  await session.query(`ALTER DATABASE ${quoteIdentifier(database)} ALLOW_CONNECTIONS true`);
  const options = { database, asItself: true, applicationName: "pgstead restore" };
  await withSession(login, options, async (inside) => {
    for (const { sql } of await inside.query<{ sql: string }>(disableEventTriggers)) await inside.query(sql);
    for (const { name } of subscriptions) {
      await inside.query(`ALTER SUBSCRIPTION ${quoteIdentifier(name)} SET (slot_name = NONE)`);
      await inside.query(`DROP SUBSCRIPTION ${quoteIdentifier(name)}`);
    }
  });
}

/** One may refuse whatever follows. */
const disableEventTriggers = `
SELECT pg_catalog.format('ALTER EVENT TRIGGER %I DISABLE', evtname) AS sql FROM pg_catalog.pg_event_trigger
WHERE evtenabled <> 'D'`;
