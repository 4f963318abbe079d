import type { EventEmitter } from "node:events";
import type { Duplex } from "node:stream";
import { Client, type ClientConfig, Connection, type QueryResultRow } from "pg";
import { isSocketDirectory, renderPlace, type ConnectionTarget } from "../core/connection";
import { connectFailure, hung, LoginRefusedError } from "./session-failure";
import { reachFor, orLoss, withStream } from "./session-way";
import { boundSilence, closeTimeoutMs } from "./silence";
import { tlsOptions } from "./tls";

export {
  LoginRefusedError,
  ServerFullError,
  ServerHungError,
  ServerNotReadyError,
  ServerUnreachableError,
  WayClosedError,
} from "./session-failure";

/** Where one looks at a server as a whole, and where its lock is. */
export const maintenanceDatabase = "postgres";

const defaultConnectTimeoutMs = 5_000;

/** A server that works says within this time that it ended a statement. */
const graceMs = 2_000;

export interface SessionOptions {
  /** Default: the maintenance database, `postgres`. */
  readonly database?: string;
  /** Milliseconds for the connection to come up; default 5 000. */
  readonly connectTimeoutMs?: number;
  /** Bound of each statement in milliseconds (`statement_timeout`), 0: none; default: the server's for this login. */
  readonly statementTimeoutMs?: number;
  /**
   * Milliseconds for which a server that owes an answer may say nothing, before it counts as hung; default: two seconds
   * more than `statementTimeoutMs`, with which a server that works would have ended what takes long. Without that one it
   * is for ever: what builds an index, or waits for a lock, is silent for long. Whoever lifts `statement_timeout` within a
   * session opens it without either.
   *
   * A function is asked before each question: a run bounds what it reads, and not what it changes.
   */
  readonly silenceTimeoutMs?: number | (() => number | undefined);
  /** The session cannot write (`default_transaction_read_only`): for everything that a preview asks. */
  readonly readOnly?: boolean;
  readonly applicationName?: string;
  /** The login itself, whatever role `ALTER ROLE … SET role` would have it work as. */
  readonly asItself?: boolean;
  /** With the search path that the server gives this login, for SQL that is not our own; default `pg_catalog`. */
  readonly serversSearchPath?: boolean;
}

/** One connection to one database. */
export interface Session {
  /** Several at once go out together and run in their order; where one fails the next ones run all the same. */
  query<Row extends QueryResultRow>(sql: string, values?: readonly unknown[]): Promise<Row[]>;
  /** Runs a query for its columns; the type is its number and modifier in pg_attribute. */
  describe(sql: string): Promise<{ readonly name: string; readonly type: string }[]>;
  /** What `work` sends before it first waits goes out together: one write for hundreds of statements. */
  together<Result>(work: () => Result): Result;
  close(): Promise<void>;
}

/** A session whose statement can be ended from here. */
export interface CancellableSession extends Session {
  /** Its process on the server, as the server said at its start; a pooler in between makes one up. */
  readonly pid: number;
  /** Has the server cancel what the session runs now; comes back when the server has heard of it. */
  cancel(): Promise<void>;
}

/** Opens a connection; the caller closes it. The password is only ever answered by SCRAM. */
export async function openSession(target: ConnectionTarget, options: SessionOptions = {}): Promise<Session> {
  const client = await openClient(target, options);
  const session = sessionOf(client);
  const { statementTimeoutMs = 0 } = options;
  const bound =
    options.silenceTimeoutMs ?? (statementTimeoutMs > 0 ? statementTimeoutMs + graceMs : undefined);
  if (bound === undefined) return session;
  let timeoutMs = 0;
  const awaiting = boundSilence(client, () => hung(renderPlace(target), timeoutMs));
  const ask = <Answer>(question: () => Promise<Answer>): Promise<Answer> => {
    const now = typeof bound === "function" ? bound() : bound;
    if (now === undefined) return question();
    timeoutMs = now;
    return awaiting(question, now);
  };
  return {
    ...session,
    query: (sql, values) => ask(() => session.query(sql, values)),
    describe: (sql) => ask(() => session.describe(sql)),
    close: () => awaiting(() => session.close(), closeTimeoutMs),
  };
}

/** Opens a connection whose statements can be cancelled; the caller closes it. */
export async function openCancellable(
  target: ConnectionTarget,
  options: SessionOptions,
): Promise<CancellableSession> {
  return cancellable(await openClient(target, options), target);
}

/** What a connection can do, and how its statement is ended. */
export function cancellable(client: Client, target: ConnectionTarget): CancellableSession {
  const { processID: pid, secretKey: key } = client as unknown as { processID: number; secretKey: number };
  return { ...sessionOf(client), pid, cancel: () => sendCancel(target, pid, key) };
}

/** Opens a connection; without a pipeline each query waits for the answer of the one before. */
export async function openClient(
  target: ConnectionTarget,
  options: SessionOptions,
  { pipeline = true } = {},
): Promise<Client> {
  const config = await clientConfig(target, options);
  const stream = await reachFor(target, options.connectTimeoutMs ?? defaultConnectTimeoutMs);
  // `pipeline` is newer than the types.
  const client = new Client({ ...config, ...withStream(stream), pipeline });
  // A connection that is lost between two queries shows in the next query; it must not end the process.
  client.on("error", () => undefined);
  let isConnected = false;
  try {
    const connected = client.connect();
    if (stream !== undefined) orLoss(client, target);
    (client as unknown as WithConnection).connection.once("connect", () => (isConnected = true));
    refuseWeakPasswordRequests(client);
    await connected;
  } catch (error) {
    await client.end().catch(() => undefined); // never came up
    const { database = maintenanceDatabase, connectTimeoutMs: timeoutMs = defaultConnectTimeoutMs } = options;
    throw connectFailure({ target, database, timeoutMs, isConnected }, error);
  }
  return client;
}

/** What a connection can do. */
export function sessionOf(client: Client): Session {
  return {
    async query<Row extends QueryResultRow>(sql: string, values: readonly unknown[] = []): Promise<Row[]> {
      return (await client.query<Row>(sql, [...values])).rows;
    },
    async describe(sql) {
      const { fields } = await client.query(sql);
      return fields.map(({ name, dataTypeID, dataTypeModifier }) => ({
        name,
        type: `${dataTypeID} ${dataTypeModifier}`,
      }));
    },
    together(work) {
      const { stream } = (client as unknown as WithConnection).connection;
      stream.cork();
      try {
        return work();
      } finally {
        stream.uncork();
      }
    },
    close: () => client.end(),
  };
}

/** Opens a connection, uses it and closes it, whatever happens. */
export async function withSession<Result>(
  target: ConnectionTarget,
  options: SessionOptions,
  use: (session: Session) => Promise<Result>,
): Promise<Result> {
  const session = await openSession(target, options);
  try {
    return await use(session);
  } finally {
    await session.close();
  }
}

async function clientConfig(target: ConnectionTarget, options: SessionOptions): Promise<ClientConfig> {
  return {
    host: target.host,
    port: target.port,
    user: target.user,
    password: target.password,
    database: options.database ?? maintenanceDatabase,
    ssl: await tlsOptions(target),
    // The proof of the password is then bound to this TLS connection (SCRAM-SHA-256-PLUS): it cannot be passed on.
    enableChannelBinding: true,
    connectionTimeoutMillis: options.connectTimeoutMs ?? defaultConnectTimeoutMs,
    application_name: options.applicationName ?? "pgstead",
    // The session's settings come with the start packet, so that no statement runs before them.
    options: startOptions(options),
  };
}

function startOptions(options: SessionOptions): string {
  const settings = [
    // Names are written with their schema everywhere: a table of a user must not stand in for one of the catalogue.
    ...(options.serversSearchPath === true ? [] : ["-c search_path=pg_catalog"]),
    "-c client_min_messages=warning",
    // A backslash in a text is one: no setting of a login or database has the server read other statements than these.
    "-c standard_conforming_strings=on",
    // A moment without a zone means the same on every server.
    "-c TimeZone=UTC",
    ...(options.statementTimeoutMs === undefined
      ? []
      : [`-c statement_timeout=${options.statementTimeoutMs}`]),
    ...(options.asItself === true ? ["-c role=none"] : []),
    ...(options.readOnly === true ? ["-c default_transaction_read_only=on"] : []),
  ];
  return settings.join(" ");
}

/**
 * Asks on a connection of its own, as the protocol has it ("Canceling Requests in Progress"): the key that the server
 * gave the session is all that it needs. The server answers by closing that connection.
 */
async function sendCancel(target: ConnectionTarget, pid: number, key: number): Promise<void> {
  const ssl = await tlsOptions(target);
  // Over a way that is gone nobody can be asked either.
  const stream = await reachFor(target, defaultConnectTimeoutMs).catch(() => null);
  if (stream === null) return;
  const connection = new Connection({ ssl, ...withStream(stream) });
  const raw = connection as unknown as EventEmitter & {
    connect(port: number | string, host?: string): void;
    requestSsl(): void;
    cancel(pid: number, key: number): void;
  };
  await new Promise<void>((resolve) => {
    // Whoever cannot be asked goes on, and its end is awaited by whoever sent the statement.
    raw.once("end", resolve).once("error", resolve);
    const ask = (): void => {
      raw.cancel(pid, key);
    };
    raw.once("sslconnect", ask).once("connect", () => {
      if (ssl === false) ask();
      else raw.requestSsl();
    });
    if (isSocketDirectory(target.host)) raw.connect(`${target.host}/.s.PGSQL.${target.port}`);
    else raw.connect(target.port, target.host);
  });
}

/** What the client has of its connection, and its types do not tell. */
interface WithConnection {
  readonly connection: EventEmitter & { readonly stream: Duplex };
}

/**
 * A server that asks for the password in clear, or as MD5, is not ours or not safe: it does not get it.
 *
 * The client answers by listeners that its `connect` has just attached; ours take their place.
 */
function refuseWeakPasswordRequests(client: Client): void {
  const { connection } = client as unknown as WithConnection;
  for (const [event, form] of [
    ["authenticationCleartextPassword", "in clear"],
    ["authenticationMD5Password", "as MD5"],
  ] as const) {
    connection.removeAllListeners(event);
    connection.on(event, () => {
      const message = `the server asks for the password ${form}; pgstead answers scram-sha-256 only`;
      connection.stream.destroy(new LoginRefusedError(message));
    });
  }
}
