/** A login role and the sessions that it may have at once (`CONNECTION LIMIT`); −1 is no limit. */
export interface LoginLimit {
  readonly role: string;
  readonly connectionLimit: number;
}

/** Connections that several logins share: those of the server, or those of one database. */
export interface SharedConnections {
  /** What they share, for the reasons: `the server`, `database shop`. */
  readonly of: string;
  /** Connections that ordinary logins may use. */
  readonly available: number;
  /** Every login that takes from them. */
  readonly logins: readonly LoginLimit[];
}

export interface PoolRequest {
  readonly role: string;
  /** Processes of the application, each with a pool of its own. */
  readonly instances: number;
  /** The smallest share counts. */
  readonly shares: readonly SharedConnections[];
}

/** A pool of one process, in SQLAlchemy's words, which other pools have under similar names. */
export interface Pool {
  /** Connections that stay open. */
  readonly size: number;
  /** Further ones that are opened under load and closed afterwards. */
  readonly overflow: number;
  /** Seconds after which a connection is replaced. */
  readonly recycleSeconds: number;
  /** Seconds that a request waits for a connection before it fails. */
  readonly timeoutSeconds: number;
  /** Tries a connection before it is used. */
  readonly prePing: boolean;
  /** Why each is what it is. */
  readonly reasons: Readonly<Record<PoolSetting, string>>;
}

export type PoolSetting = "size" | "overflow" | "recycle" | "timeout" | "prePing";

/** A pool, or why there is none that fits. */
export type PoolAnswer =
  | { readonly fits: true; readonly pool: Pool; readonly share: Share }
  | { readonly fits: false; readonly message: string; readonly hint: string; readonly share: Share };

/** Connections that a role may count on, whatever the others do. */
export interface Share {
  readonly connections: number;
  readonly reason: string;
}

/** What the guides for applications recommend; fewer than 5 connections make requests wait for each other. */
const recommended = {
  size: 10,
  overflow: 20,
  smallest: 5,
  recycleSeconds: 3600,
  timeoutSeconds: 30,
} as const;

/** A pool for each of the instances, so that all of them together never ask for more than the role's share. */
export function resolvePool({ role, instances, shares }: PoolRequest): PoolAnswer {
  const share = smallestShare(role, shares);
  const limit = limitOf(role, shares);
  // 40 connections for 3 instances: 13 each, so size 10 and overflow 3.
  const perInstance = Math.floor(share.connections / instances);
  // A role that is limited to fewer than 5 gets what it is limited to: that was decided by its configuration.
  const smallest = limit > 0 ? Math.min(recommended.smallest, limit) : recommended.smallest;
  if (perInstance < smallest) return { fits: false, share, ...refuse(role, instances, smallest, share) };
  const size = Math.min(recommended.size, perInstance);
  const overflow = Math.min(recommended.overflow, perInstance - size);
  const each = `${share.connections} connections for ${plural(instances, "instance")}: ${perInstance} each`;
  return {
    fits: true,
    share,
    pool: {
      size,
      overflow,
      recycleSeconds: recommended.recycleSeconds,
      timeoutSeconds: recommended.timeoutSeconds,
      prePing: true,
      reasons: {
        size: size < recommended.size ? each : "the usual number of connections that stay open",
        overflow: overflow < recommended.overflow ? `${each}, less size` : "the usual number for peaks",
        recycle: "a connection of this age makes room for a new one: it holds caches in the server's memory",
        timeout: "a request without a connection fails instead of waiting for ever",
        prePing: "a restart of the server costs a round trip and no failed request",
      },
    },
  };
}

/**
 * What a role may count on: the shares of all roles together never exceed what is there.
 *
 * Limited roles get their limit, or less in proportion where the limits do not fit; the others divide the rest, of
 * which a pool's minimum is kept for each.
 */
export function shareOf(role: string, { of, available, logins }: SharedConnections): Share {
  const limited = logins.filter(({ connectionLimit }) => connectionLimit >= 0);
  const unlimited = logins.length - limited.length;
  const kept = Math.min(recommended.smallest, Math.floor(available / Math.max(1, logins.length)));
  const forLimited = Math.max(0, available - unlimited * kept);
  const wanted = limited.reduce((sum, { connectionLimit }) => sum + connectionLimit, 0);
  const granted = (limit: number): number =>
    wanted <= forLimited ? limit : Math.floor((limit * forLimited) / wanted);
  const own = logins.find((login) => login.role === role)?.connectionLimit ?? -1;
  if (own >= 0) {
    const reason =
      wanted <= forLimited
        ? `CONNECTION LIMIT ${own}`
        : `${of} has ${available} connections for limits of ${wanted} in all${others(unlimited)}`;
    return { connections: granted(own), reason };
  }
  const rest = available - limited.reduce((sum, { connectionLimit }) => sum + granted(connectionLimit), 0);
  const roles = Math.max(1, unlimited);
  const reason = `${of} has ${rest} connections for ${plural(roles, "role")} without CONNECTION LIMIT`;
  return { connections: Math.floor(rest / roles), reason };
}

function smallestShare(role: string, shares: readonly SharedConnections[]): Share {
  const [first, ...rest] = shares.map((shared) => shareOf(role, shared));
  if (first === undefined) throw new Error("a pool needs at least one limit to fit into");
  return rest.reduce((least, share) => (share.connections < least.connections ? share : least), first);
}

function limitOf(role: string, shares: readonly SharedConnections[]): number {
  const logins = shares.flatMap((shared) => shared.logins);
  return logins.find((login) => login.role === role)?.connectionLimit ?? -1;
}

function refuse(
  role: string,
  instances: number,
  smallest: number,
  share: Share,
): { message: string; hint: string } {
  const wanted = instances * smallest;
  const has = share.connections === 0 ? "none" : String(share.connections);
  const fitting = Math.floor(share.connections / smallest);
  const fewer =
    fitting === 0 ? "" : `${plural(fitting, "instance")} ${fitting === 1 ? "fits" : "fit"}; for more, `;
  return {
    message: `${plural(instances, "instance")} ${instances === 1 ? "needs" : "need"} ${wanted} connections, ${smallest} each; ${role} has ${has}: ${share.reason}`,
    hint: `${fewer}raise the connectionLimit of the role or lower that of others, or raise max_connections of the server`,
  };
}

function others(unlimited: number): string {
  return unlimited === 0 ? "" : ` and ${plural(unlimited, "role")} without one`;
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
