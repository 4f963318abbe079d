/** How to reach a server as one login: PostgreSQL's own words (libpq, "Parameter Key Words"). */
export interface ConnectionTarget {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
}

/** The connection as libpq's URI; it holds the password. */
export function connectionUri({ host, port, user, password }: ConnectionTarget, database: string): string {
  const [login, secret, name] = [user, password, database].map(encodeURIComponent);
  return `postgresql://${login ?? ""}:${secret ?? ""}@${host}:${port}/${name ?? ""}`;
}

/** Reads what {@link connectionUri} writes. */
export function parseConnectionUri(uri: string): ConnectionTarget & { readonly database: string } {
  const match = /^postgresql:\/\/([^:@/]+):([^@/]*)@([^:/]+):(\d+)\/(.+)$/.exec(uri);
  if (match === null) throw new Error("not a connection URI of pgstead"); // the text may hold a password
  const [, user = "", password = "", host = "", port = "", database = ""] = match;
  const decode = decodeURIComponent;
  return {
    user: decode(user),
    password: decode(password),
    host,
    port: Number(port),
    database: decode(database),
  };
}
