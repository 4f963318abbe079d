import { Connections, type Connection } from "./connection";
import type { ProviderConfig } from "./provider-config";
import { Mutex } from "./role-lock";

/** The server of a configured provider. */
export class Server {
  /** Statements about roles and databases, one at a time. */
  readonly roles = new Mutex();
  private readonly connections: Connections;

  constructor(readonly config: ProviderConfig) {
    this.connections = new Connections(config);
  }

  /** Uses the provider's own database. */
  use<Result>(work: (connection: Connection) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    return this.useDatabase(this.config.database, work, signal);
  }

  useDatabase<Result>(
    database: string,
    work: (connection: Connection) => Promise<Result>,
    signal?: AbortSignal,
  ): Promise<Result> {
    return this.connections.use(database, work, signal);
  }

  async hasDatabase(name: string): Promise<boolean> {
    const rows = await this.use((connection) =>
      connection.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", [name]),
    );
    return rows.length > 0;
  }
}
