import { ownSchema } from "../born-with";
import { quoteIdentifier } from "../identifier";
import { ownSchemaStatements } from "../own-schema";

/** The row that a probe writes: in the maintenance database, which no logical backup and no comparison has. */
export const probeTable = `${quoteIdentifier(ownSchema)}.${quoteIdentifier("probe")}`;

/**
 * Makes the table of the probe.
 *
 * It has one row, and a page that is almost empty, so that each write stays on that page (HOT) and takes the place of
 * the ones before. Autovacuum comes where a long transaction has kept a thousand of them, and not every minute.
 */
export function probeTableStatements(hasSchema: boolean): readonly string[] {
  return [
    ...(hasSchema ? [] : ownSchemaStatements),
    `CREATE TABLE IF NOT EXISTS ${probeTable} (one boolean PRIMARY KEY DEFAULT true CHECK (one), at timestamptz NOT NULL)` +
      ` WITH (fillfactor = 10, autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0,` +
      ` autovacuum_analyze_threshold = 1000000000)`,
    // Default privileges that somebody set must not open it.
    `REVOKE ALL ON TABLE ${probeTable} FROM PUBLIC`,
    `INSERT INTO ${probeTable} (at) VALUES (pg_catalog.clock_timestamp()) ON CONFLICT DO NOTHING`,
  ];
}

/** What a probe of a server found. */
export interface Probe {
  /** It took a login. */
  readonly reachable: boolean;
  /** It answered a query. */
  readonly readable: boolean;
  /** It committed a write, and its volume has room for the log of the next ones. */
  readonly writable: boolean;
  /** Null: not known. */
  readonly inRecovery: boolean | null;
  /** How long it took. */
  readonly seconds: number;
  /** Why it is not writable, readable or reachable; null: it is. */
  readonly reason: string | null;
}

/**
 * PostgreSQL writes its log into files of 16 MB that it makes beforehand: with less room than one of them the next one
 * cannot be made, and the server ends (PANIC), however many writes still went well.
 */
export const leastRoomBytes = 16 * 1024 * 1024;

/** A probe that went well, on a volume with less room than the server needs to go on. */
export function withRoom(probe: Probe, freeBytes: number | undefined): Probe {
  if (!probe.writable || freeBytes === undefined || freeBytes >= leastRoomBytes) return probe;
  const reason = `the data volume is full: ${freeBytes} bytes are free, and a file of the log takes ${leastRoomBytes}`;
  return { ...probe, writable: false, reason };
}
