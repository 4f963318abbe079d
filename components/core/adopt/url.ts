import { isLoopback, tlsModes, type Tls } from "../connection";
import { type Problem, ProblemError } from "../problem";

/** Where a server is, as a user writes it: libpq's URI without a password. */
export interface ServerUrl {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Database of the first session. */
  readonly database: string;
  readonly tls: Tls;
}

/**
 * Reads `postgresql://user@host:port/database?sslmode=…&sslrootcert=…`. No error repeats the text: it may hold a password.
 *
 * @throws ProblemError with everything that is wrong
 */
export function parseServerUrl(text: string): ServerUrl {
  const path = "--url";
  const problems: Problem[] = [];
  const add = (message: string, hint: string): void => void problems.push({ path, message, hint });
  const example = "write it such as postgresql://postgres@db.example.com:5432/postgres";
  let url: URL | undefined;
  try {
    url = new URL(text);
  } catch {
    add("is no URL", example);
  }
  if (url !== undefined && !/^postgres(?:ql)?:$/.test(url.protocol)) add("is not of PostgreSQL", example);
  const options = new URLSearchParams(url?.search ?? "");
  if (url !== undefined && (url.password !== "" || options.has("password"))) {
    add(
      "holds a password, which other users of this machine and its history can read",
      "remove it, and change that password; it comes from PGPASSWORD, PGPASSFILE or a prompt",
    );
  }
  if (url?.username === "") add("names no login", example);
  if (url?.hostname === "") add("names no host", example);
  const unknown = [...options.keys()].filter(
    (name) => !["password", "sslmode", "sslrootcert"].includes(name),
  );
  if (unknown.length > 0) {
    add(`has options that are not known: ${unknown.join(", ")}`, "sslmode and sslrootcert are");
  }
  const host = decodeURIComponent(url?.hostname ?? "").replace(/^\[|\]$/g, "");
  const tls = parseTls(options, host, add);
  if (url === undefined || problems.length > 0) throw new ProblemError("the address is not usable", problems);
  const database = decodeURIComponent(url.pathname.replace(/^\//, ""));
  return {
    host,
    port: url.port === "" ? 5432 : Number(url.port),
    user: decodeURIComponent(url.username),
    database: database === "" ? "postgres" : database,
    tls,
  };
}

function parseTls(options: URLSearchParams, host: string, add: (message: string, hint: string) => void): Tls {
  const ca = options.get("sslrootcert");
  const word = options.get("sslmode") ?? (isLoopback(host) ? "disable" : "verify-full");
  const mode = tlsModes.find((known) => known === word);
  if (mode === undefined) {
    add(`has sslmode ${JSON.stringify(word)}`, `choose one of ${tlsModes.join(", ")}`);
  }
  return { mode: mode ?? "verify-full", ...(ca === null ? {} : { ca }) };
}
