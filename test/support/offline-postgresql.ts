import { afterAll, beforeAll } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { startProvider, type ProviderClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";
import { startServer, type TestServer } from "./server";

/** A test file's server with the offline edition of the postgresql plugin, connected as the superuser. */
export interface OfflinePostgresql {
  readonly server: TestServer;
  readonly provider: ProviderClient;
  readonly stack: ProviderStack;
  /** Another process of the plugin, with other settings; the caller stops it. */
  connect(settings?: PropertyMap): Promise<ProviderClient>;
  /** Runs SQL as the superuser and gives the rows. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
}

/** Starts both before the tests of a file and ends them after. */
export function useOfflinePostgresql(): OfflinePostgresql {
  let server: TestServer;
  let provider: ProviderClient;
  let stack: ProviderStack;
  const connect = async (settings: PropertyMap = {}): Promise<ProviderClient> => {
    const client = await startProvider({ entry: "infra/toolchain/offline/postgresql/main.ts" });
    const { host, port, superuser: username, password } = server;
    await client.configure({ host, port: String(port), username, password, sslmode: "disable", ...settings });
    return client;
  };
  beforeAll(async () => {
    server = await startServer();
    provider = await connect({ superuser: "true", connectTimeout: "15", maxConnections: "4" });
    stack = new ProviderStack(provider);
  });
  afterAll(async () => {
    await provider.stop();
    await server.stop();
  });
  return {
    get server() {
      return server;
    },
    get provider() {
      return provider;
    },
    get stack() {
      return stack;
    },
    connect,
    async sql(text, database) {
      const session = await server.connect(database);
      try {
        return await session.query(text);
      } finally {
        await session.close();
      }
    },
  };
}

/** A resource whose name in the program is its object's, or `as`. */
export const role = declaring("role:Role");
export const database = declaring("database:Database");
export const schema = declaring("schema:Schema");
export const extension = declaring("extension:Extension");

type Declaring = (inputs: PropertyMap & { readonly name: string }, as?: string) => Declared;

function declaring(type: string): Declaring {
  return (inputs, as = inputs.name) => ({ name: as, token: `postgresql:index/${type}`, inputs });
}
