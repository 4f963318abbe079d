import { renderWay, type SshWay } from "./ssh/way";

/** How a connection is encrypted and the server proven: libpq's words (`sslmode`), without the two that only try. */
export type TlsMode = "disable" | "require" | "verify-ca" | "verify-full";

export const tlsModes: readonly TlsMode[] = ["disable", "require", "verify-ca", "verify-full"];

export interface Tls {
  /**
   * `disable`: in clear. `require`: encrypted, with whoever answers. `verify-ca`: the certificate is of a known
   * authority. `verify-full`: and it is the server's that is named.
   */
  readonly mode: TlsMode;
  /**
   * Authorities that are believed, as PEM text or as a file of it (`sslrootcert`); a relative path is one of the
   * project's directory. Default: the public ones.
   */
  readonly ca?: string;
}

/** How to reach a server as one login: PostgreSQL's own words (libpq, "Parameter Key Words"). */
export interface ConnectionTarget {
  /** Its name or address; or the directory of its socket, which starts with `/`: then the account may be the proof (`peer`). */
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty: none is known, as for a role that keeps its own. */
  readonly password: string;
  /** Default: see {@link resolveTls}. */
  readonly tls?: Tls;
  /** The way there, where this machine has no other: host and port are then as the last host on it sees them. */
  readonly ssh?: SshWay;
}

/**
 * Encryption of a connection: in clear on loopback, which leaves the machine nowhere; else proven in full. A socket has
 * none, and what is said of it there is ignored, as libpq does.
 */
export function resolveTls({ host, tls }: Pick<ConnectionTarget, "host" | "tls">): Tls {
  if (isSocketDirectory(host)) return { mode: "disable" };
  return tls ?? { mode: isLoopback(host) ? "disable" : "verify-full" };
}

/** True for an address that only this machine has. A name that merely resolves to one may resolve to another later. */
export function isLoopback(host: string): boolean {
  return host === "localhost" || host === "::1" || /^127(?:\.\d{1,3}){3}$/.test(host);
}

/** True for the directory of a server's socket in place of a host's name. */
export function isSocketDirectory(host: string): boolean {
  return host.startsWith("/");
}

/** Where a server is and which way leads there, for a message: `localhost:5432 over SSH deploy@db1:22`. */
export function renderPlace({ ssh, ...address }: Pick<ConnectionTarget, "host" | "port" | "ssh">): string {
  return ssh === undefined ? renderAddress(address) : `${renderAddress(address)} over SSH ${renderWay(ssh)}`;
}

/** `db1:5432`, `[::1]:5432`, or the file of its socket. */
export function renderAddress({ host, port }: Pick<ConnectionTarget, "host" | "port">): string {
  if (isSocketDirectory(host)) return `${host}/.s.PGSQL.${port}`;
  return `${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The connection as libpq's URI; it holds the password, where there is one. */
export function connectionUri(target: ConnectionTarget, database: string): string {
  const { host, port, user, password, tls } = target;
  const secret = password === "" ? "" : `:${encodeURIComponent(password)}`;
  // A directory is written in percent-encoding (libpq, "Connection URIs").
  const place = isSocketDirectory(host) ? `${encodeURIComponent(host)}:${port}` : renderAddress(target);
  const options =
    tls === undefined || isSocketDirectory(host) || isDefault(tls, host) ? "" : `?${renderTls(tls)}`;
  return `postgresql://${encodeURIComponent(user)}${secret}@${place}/${encodeURIComponent(database)}${options}`;
}

/** Libpq's own default is `prefer`: on loopback that does as well, elsewhere the mode has to be said. */
function isDefault({ mode, ca }: Tls, host: string): boolean {
  return mode === "disable" && ca === undefined && isLoopback(host);
}

function renderTls({ mode, ca }: Tls): string {
  // PEM text is no file that libpq could open: who gets the URI has to have the authority's file.
  const isFile = ca !== undefined && !isPem(ca);
  return `sslmode=${mode}${isFile ? `&sslrootcert=${encodeURIComponent(ca)}` : ""}`;
}

/** True for the text of a certificate rather than the name of its file. */
export function isPem(ca: string): boolean {
  return ca.includes("-----BEGIN ");
}

const pattern =
  /^postgres(?:ql)?:\/\/(?<user>[^:@/]+)(?::(?<password>[^@/]*))?@(?<host>\[[^\]]+\]|[^:/?]+):(?<port>\d+)\/(?<database>[^?]+)(?:\?(?<options>.*))?$/;

/** Reads what {@link connectionUri} writes. */
export function parseConnectionUri(uri: string): ConnectionTarget & { readonly database: string } {
  const found = pattern.exec(uri)?.groups;
  if (found === undefined) throw new Error("not a connection URI of pgstead"); // the text may hold a password
  const { user = "", password = "", host = "", port = "", database = "", options = "" } = found;
  const decode = decodeURIComponent;
  const tls = parseTls(options);
  return {
    user: decode(user),
    password: decode(password),
    host: decode(host.replace(/^\[|\]$/g, "")),
    port: Number(port),
    database: decode(database),
    ...(tls === undefined ? {} : { tls }),
  };
}

function parseTls(options: string): Tls | undefined {
  const values = new Map(
    options.split("&").map((option) => {
      const [name = "", value = ""] = option.split("=");
      return [name, decodeURIComponent(value)] as const;
    }),
  );
  const mode = tlsModes.find((known) => known === values.get("sslmode"));
  const ca = values.get("sslrootcert");
  return mode === undefined ? undefined : { mode, ...(ca === undefined ? {} : { ca }) };
}
