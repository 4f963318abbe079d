import { resolve } from "node:path";
import { Client, type ClientConfig, DatabaseError, type QueryResultRow } from "pg";
import type { Tls } from "../../../../components/core/connection";
import { problemError } from "../../../../components/core/problem";
import { tlsOptions } from "../../../../components/io/tls";
import type { ProviderConfig } from "./provider-config";

/** One connection to one database. */
export interface Connection {
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
}

/**
 * Connections to a server: opened when needed and closed right after, as an idle one would keep its database from
 * being dropped or copied.
 */
export class Connections {
  private open = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly config: ProviderConfig) {}

  /** Opens a connection, uses it and closes it, whatever happens. */
  async use<Result>(
    database: string,
    work: (connection: Connection) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    await this.takeSlot();
    try {
      signal?.throwIfAborted();
      const client = await connect(this.config, database);
      try {
        return await work({
          async query<Row extends QueryResultRow>(
            sql: string,
            values: readonly unknown[] = [],
          ): Promise<Row[]> {
            return (await client.query<Row>(sql, [...values])).rows;
          },
        });
      } finally {
        await client.end().catch(() => undefined); // lost already
      }
    } finally {
      this.freeSlot();
    }
  }

  private async takeSlot(): Promise<void> {
    const limit = this.config.maxConnections;
    if (limit === 0 || this.open < limit) {
      this.open += 1;
      return;
    }
    // The slot is handed over: `open` stays as it is.
    await new Promise<void>((resolve) => this.waiting.push(resolve));
  }

  private freeSlot(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.open -= 1;
    else next();
  }
}

/** Everything or nothing. */
export async function transaction<Result>(
  connection: Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  await connection.query("BEGIN");
  try {
    const result = await work();
    await connection.query("COMMIT");
    return result;
  } catch (error) {
    // A connection that is lost has rolled back by itself.
    await connection.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

async function connect(config: ProviderConfig, database: string): Promise<Client> {
  try {
    return await attempt(config, database, config.sslmode !== "disable");
  } catch (error) {
    const clear = config.sslmode === "prefer" && isWithoutTls(error);
    if (!clear) throw connectFailure(config, database, error);
  }
  try {
    return await attempt(config, database, false);
  } catch (error) {
    throw connectFailure(config, database, error);
  }
}

async function attempt(config: ProviderConfig, database: string, tls: boolean): Promise<Client> {
  const options: ClientConfig = {
    host: config.host,
    port: config.port,
    user: config.username,
    password: config.password,
    database,
    ssl: tls && (await tlsOptions({ host: config.host, tls: tlsOf(config) })),
    connectionTimeoutMillis: config.connectTimeout * 1000,
    application_name: "pgstead postgresql plugin",
  };
  const client = new Client(options);
  // A connection that is lost between two queries shows in the next query; it must not end the process.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    await client.end().catch(() => undefined); // never came up
    throw error;
  }
}

/** `prefer` and `require` ask for encryption, not for a name: libpq does not look at the certificate either. */
function tlsOf({ sslmode, sslrootcert }: ProviderConfig): Tls {
  const mode = sslmode === "prefer" || sslmode === "disable" ? "require" : sslmode;
  // As the official plugin has it: relative to where the engine starts plugins.
  return { mode, ...(sslrootcert === undefined ? {} : { ca: resolve(sslrootcert) }) };
}

function isWithoutTls(error: unknown): boolean {
  return error instanceof Error && error.message.includes("does not support SSL");
}

function connectFailure(config: ProviderConfig, database: string, error: unknown): Error {
  const place = `PostgreSQL at ${config.host}:${config.port}`;
  const login = `as "${config.username}" on database "${database}"`;
  if (error instanceof DatabaseError) {
    const told = `refused the connection ${login}: ${error.message} (SQLSTATE ${error.code ?? ""})`;
    return problemError(place, told, connectHints[error.code ?? ""] ?? "see the server's log", {
      cause: error,
    });
  }
  const reason = error instanceof Error ? error.message || codeOf(error) : String(error);
  if (isWithoutTls(error)) {
    const hint = "turn TLS on there, or set sslmode to prefer or disable";
    return problemError(place, `has no TLS, and sslmode is ${config.sslmode}`, hint, { cause: error });
  }
  const hint = "is the server up, and are the provider's host and port right?";
  return problemError(place, `gave no answer ${login}: ${reason}`, hint, { cause: error });
}

function codeOf(error: Error): string {
  return (error as NodeJS.ErrnoException).code ?? error.name;
}

const connectHints: Readonly<Record<string, string>> = {
  "28000": "pg_hba.conf must have a line for this user, database, address and sslmode",
  "28P01": "is the provider's password the one that the server has?",
  "3D000": "the database is gone: pulumi refresh takes what was in it out of the state",
  "53300":
    "all of the server's connections are taken: lower the provider's maxConnections, or raise max_connections",
  "55000": "the database takes no connections: ALTER DATABASE … ALLOW_CONNECTIONS true",
  "57P03": "the server is starting or stopping: try again",
};
