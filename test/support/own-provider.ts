import { afterAll, beforeAll } from "vitest";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { startProvider, type ProviderClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";
import { startServer, type TestServer } from "./server";

/** A test file's server, with the own provider as a process. */
export interface OwnProvider {
  readonly server: TestServer;
  readonly provider: ProviderClient;
  readonly stack: ProviderStack;
  /** Way to the server, as the components hand it to Access. */
  readonly connection: PropertyMap;
  /** Runs statements one after the other as the superuser; gives the rows of the last. */
  sql(text: string, database?: string): Promise<Record<string, unknown>[]>;
  /** The plan that was shown last, without its first line. */
  lastPlan(): string[];
}

export function startOwnProvider(env: NodeJS.ProcessEnv = {}): Promise<ProviderClient> {
  return startProvider({ entry: "components/providers/main.ts", env });
}

/** Starts both before the tests of a file and ends them after. */
export function useOwnProvider(): OwnProvider {
  let server: TestServer;
  let provider: ProviderClient;
  let stack: ProviderStack;
  beforeAll(async () => {
    [server, provider] = await Promise.all([startServer(), startOwnProvider()]);
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
    get connection() {
      return connectionTo(server);
    },
    async sql(text, database) {
      return runSql(server, text, database);
    },
    lastPlan: () => plansOf(provider).at(-1)?.split("\n").slice(1) ?? [],
  };
}

export async function runSql(server: TestServer, text: string, database?: string) {
  const session = await server.connect(database);
  try {
    const results: unknown = await session.query(text);
    return (results ?? []) as Record<string, unknown>[];
  } finally {
    await session.close();
  }
}

export function connectionTo({ host, port, superuser, password }: TestServer): PropertyMap {
  return { host, port, user: superuser, password: secret(password), systemIdentifier: "" };
}

/** Every plan that the provider has shown. */
export function plansOf(provider: ProviderClient): string[] {
  return provider.messages.map(({ message }) => message).filter((message) => message.startsWith("plan: "));
}

export function role(name: string, change: PropertyMap = {}): PropertyMap & { readonly name: string } {
  return {
    name,
    login: false,
    connectionLimit: -1,
    inherit: true,
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: false,
    database: "",
    memberOf: [],
    settings: {},
    databaseSettings: {},
    ...change,
  };
}

/** A login with a password of its own. */
export function login(name: string, change: PropertyMap = {}) {
  const password = generatePassword();
  const verifier = scramVerifier(password);
  return { inputs: role(name, { login: true, verifier: secret(verifier), ...change }), password, verifier };
}

export function database(name: string, owner: string, change: PropertyMap = {}): PropertyMap {
  const fixed = { encoding: "UTF8", lcCollate: "C", lcCtype: "C", template: "template0" };
  const access = { connect: [], temporary: [], settings: {}, authoritative: false };
  return { name, owner, connectionLimit: -1, ...fixed, ...access, ...change };
}

/** An `Access` of scope server. */
export function serverAccess(connection: PropertyMap, change: PropertyMap = {}): Declared {
  const inputs = { scope: "server", connection, roles: [], databases: [], allowDataLoss: [], protect: false };
  return { name: "server", token: "pgstead:index:Access", inputs: { ...inputs, ...change } };
}

/** An `Access` of scope database. */
export function databaseAccess(connection: PropertyMap, name: string, change: PropertyMap = {}): Declared {
  const inputs = { scope: "database", connection, database: name, schemas: [], extensions: [] };
  return { name, token: "pgstead:index:Access", inputs: { ...inputs, allowDataLoss: [], ...change } };
}

export function credential(name: string, passwordVersion: number): Declared {
  return { name, token: "pgstead:index:Credential", inputs: { passwordVersion } };
}
