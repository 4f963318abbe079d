import { percentOf } from "./health-check";

/** What bounds the sessions of a server's clients, and how many there are. */
export interface ConnectionFigures {
  /** Sessions of clients, whoever they are. */
  readonly used: number;
  /** `max_connections`. */
  readonly max: number;
  /** `superuser_reserved_connections`. */
  readonly superuserReserved: number;
  /** `reserved_connections`, PostgreSQL 16 and newer. */
  readonly reserved: number;
}

/**
 * How near the server is to refusing ordinary roles.
 *
 * It counts free connections, whoever has the others: at 100% an ordinary role is refused. A superuser or a member of
 * `pg_use_reserved_connections` may still come, so that there can be more sessions than ordinary roles may have; they
 * are none of that 100%. The alerts ConnectionsHigh and ConnectionsExhausted go by the same rule.
 */
export interface ConnectionUse {
  /** What ordinary roles may have. */
  readonly available: number;
  /** 0 to 100. */
  readonly percent: number;
  /** `6 of 6 connections of ordinary roles are in use, and 1 of the 6 that are reserved`. */
  readonly message: string;
}

export function resolveConnectionUse(figures: ConnectionFigures): ConnectionUse {
  const { used, max, superuserReserved, reserved } = figures;
  const kept = superuserReserved + reserved;
  const available = max - kept;
  const taken = Math.min(used, available);
  const beyond = used > taken ? `, and ${used - taken} of the ${kept} that are reserved` : "";
  return {
    available,
    percent: percentOf(taken, available),
    message: `${taken} of ${available} connections of ordinary roles are in use${beyond}`,
  };
}
