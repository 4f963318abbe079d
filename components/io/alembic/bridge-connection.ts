import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isPem, resolveTls, type ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import type { RunLimits } from "../../core/migrations/retry";
import type { Session } from "../session";
import { listenThrough } from "../ssh/local-port";

/** How the application connects, and what its sessions have to be. It holds the password. */
export interface BridgeConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM. */
  readonly authority?: string;
  /** What libpq and asyncpg take from the environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** Key of an advisory lock that only the stack's own database has. */
  readonly proof: string;
  /** Key of the lock that sessions take which may change something, so that none is left behind unseen. */
  readonly fence: string;
  readonly readOnly: boolean;
  readonly settings: readonly { readonly sql: string; readonly optional?: true }[];
  /** What holds again after a statement that has no bounds. */
  readonly bounds: readonly string[];
}

/** What of the connection is the same for every bridge. */
export interface BridgeLogin {
  readonly database: string;
  /** The migrator's login. */
  readonly login: ConnectionTarget;
  /** The role that the application works as. */
  readonly owner: string;
  /** Where the application reaches the server, if not as this machine does. */
  readonly seenAt: { readonly host?: string; readonly port?: number };
}

/** Held by sessions of the application as long as they last; the key is ASCII `pgsteada`. */
export const fenceKey = "8099569398603408481";

/** Longest time of a look, in milliseconds. */
const lookMs = 60_000;

/**
 * How the application connects, while it does. Over an SSH host it has a listener on this machine, unless it is declared
 * where the application sees the server: then it has a way of its own.
 */
export async function withBridgeConnection<Result>(
  login: BridgeLogin,
  proof: string,
  limits: RunLimits | "look",
  work: (connection: BridgeConnection) => Promise<Result>,
): Promise<Result> {
  const { ssh: way, ...target } = login.login;
  const hasOwnWay = Object.keys(login.seenAt).length > 0;
  if (way === undefined || hasOwnWay) return work(await bridgeConnection(login, proof, limits));
  // Drivers know no SSH, and not all tell a name from an address: the listener proves the server, they speak in clear
  // with it, on this machine.
  const local = await listenThrough(login.login, { endsTls: true });
  try {
    const here: ConnectionTarget = {
      ...target,
      host: "127.0.0.1",
      port: local.port,
      tls: { mode: "disable" },
    };
    return await work(await bridgeConnection({ ...login, login: here }, proof, limits));
  } finally {
    await local.close();
  }
}

async function bridgeConnection(
  { database, login, owner, seenAt }: BridgeLogin,
  proof: string,
  limits: RunLimits | "look",
): Promise<BridgeConnection> {
  const target = { ...login, ...seenAt };
  const { mode, ca } = resolveTls(target);
  const authority = ca === undefined ? undefined : isPem(ca) ? ca : await readFile(ca, "utf8");
  const bounds =
    limits === "look"
      ? [`SET statement_timeout = ${lookMs}`, "SET default_transaction_read_only = on"]
      : [
          `SET lock_timeout = ${limits.lockTimeoutMs}`,
          `SET statement_timeout = ${limits.statementTimeoutMs}`,
        ];
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database,
    ...(authority === undefined ? {} : { authority }),
    environment: {
      PGSSLMODE: mode,
      PGCONNECT_TIMEOUT: "10",
      // A server that asks for the password in another way does not get it (libpq 16 and later).
      ...(target.password === "" ? {} : { PGREQUIREAUTH: "scram-sha-256" }),
      ...(mode === "verify-full" && authority === undefined ? { PGSSLROOTCERT: "system" } : {}),
    },
    proof,
    fence: fenceKey,
    readOnly: limits === "look",
    settings: [
      // Not on every system: there a statement runs to its end after its client is gone.
      { sql: "SET client_connection_check_interval = '5s'", optional: true },
      { sql: "SET application_name = 'pgstead migrate (alembic)'" },
      // Who only looks may have the right to read, and not to be the owner.
      { sql: `SET ROLE ${quoteIdentifier(owner)}`, ...(limits === "look" ? { optional: true } : {}) },
      ...bounds.map((sql) => ({ sql })),
    ],
    bounds,
  };
}

/** Has a session hold something that nobody else can know, by which another session proves that it is in its database. */
export async function withProof<Result>(
  session: Session,
  work: (proof: string) => Promise<Result>,
): Promise<Result> {
  // 62 bits: positive as a bigint.
  const proof = (randomBytes(8).readBigUInt64BE() >> 2n).toString();
  await session.query(`SELECT pg_catalog.pg_advisory_lock(${proof})`);
  try {
    return await work(proof);
  } finally {
    // Where the connection is lost the lock is gone, and what lost it is the error to show.
    await session.query(`SELECT pg_catalog.pg_advisory_unlock(${proof})`).catch(() => undefined);
  }
}
