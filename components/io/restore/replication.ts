import type { ReplicationFacts } from "../../core/restore/replication";
import type { Session } from "../session";

/** What of a database takes part in logical replication. @param session of any database of its server */
export async function readReplication(session: Session, database: string): Promise<ReplicationFacts> {
  const subscriptions = await session.query<
    ReplicationFacts["subscriptions"][number] & Record<string, unknown>
  >(
    `SELECT s.subname::text AS name, s.subenabled AS "isEnabled", s.subslotname::text AS slot
     FROM pg_catalog.pg_subscription AS s JOIN pg_catalog.pg_database AS d ON d.oid = s.subdbid
     WHERE d.datname = $1 ORDER BY s.subname COLLATE "C"`,
    [database],
  );
  const slots = await session.query<{ name: string }>(
    `SELECT slot_name::text AS name FROM pg_catalog.pg_replication_slots
     WHERE database = $1 AND NOT temporary ORDER BY slot_name COLLATE "C"`,
    [database],
  );
  return { subscriptions, slots: slots.map(({ name }) => name) };
}
