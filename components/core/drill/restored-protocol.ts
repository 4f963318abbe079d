import type { Problem } from "../problem";

/** What the program in a throw-away container is asked: the first line of its standard input, as JSON. */
export interface RestoredRequest {
  /** Name of the backup, or the word for the newest verified one. */
  readonly name: string;
  readonly database: string;
  /** That the backup has to be of. */
  readonly stack: string;
  /** Roles that come in beside the administrator. */
  readonly logins: readonly string[];
  /** Of everybody who comes in. */
  readonly password: string;
  /** True: by loopback of the container's network as well. */
  readonly loopback: boolean;
}

/** The backup that a server was restored from. */
export interface RestoredFrom {
  readonly name: string;
  /** ISO 8601, in UTC. */
  readonly takenAt: string;
  /** What its migrations were at; null: it has none. */
  readonly head: string | null;
}

/** A server that waits for sessions, until standard input ends. */
export interface RestoredReady {
  /** Directory of its socket. */
  readonly host: string;
  readonly port: number;
  /** Its superuser. */
  readonly user: string;
  readonly database: string;
  readonly serverVersion: string;
  readonly restoreSeconds: number;
  readonly notes: readonly string[];
  readonly backup: RestoredFrom;
}

/** What the program says: lines of JSON. */
export type RestoredAnswer =
  | { readonly say: string }
  | { readonly ready: RestoredReady }
  | { readonly error: { readonly title: string; readonly problems: readonly Problem[] } };
