import { defaultThresholds } from "../../components/core/monitoring/thresholds";
import { expect, test } from "vitest";
import { defaultLimits } from "../../components/core/migrations/retry";
import { planStack } from "../../infra/plan";
import type { DatabaseConfig, RoleConfig, StackConfig } from "../../infra/config";

const attributes = {
  connectionLimit: -1,
  passwordVersion: 1,
  inherit: true,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowLevelSecurity: false,
  keepPassword: false,
  memberOf: [],
  settings: {},
  databaseSettings: {},
  grants: [],
};

function role(key: string, name: string, login: boolean, change: Partial<RoleConfig> = {}): RoleConfig {
  return { key, name, login, ...attributes, ...change };
}

function database(name: string, change: Partial<DatabaseConfig> = {}): DatabaseConfig {
  return {
    name,
    encoding: "UTF8",
    locale: "C",
    template: "template0",
    connectionLimit: -1,
    extensions: [{ name: "pg_trgm", schema: "public" }],
    owner: `${name}_owner`,
    keepPrivileges: false,
    authoritative: false,
    settings: { lock_timeout: "5s" },
    migrations: {
      engine: "sql",
      directory: "sql/migrations",
      isNamed: false,
      downgrade: "refuse",
      limits: defaultLimits,
    },
    schemas: [
      { name: "public", writers: [], readers: [] },
      { name: "app", writers: [`${name}_app`], readers: [] },
    ],
    roles: [
      role("owner", `${name}_owner`, false),
      role("app", `${name}_app`, true, { connectionLimit: 40, validUntil: "2030-01-01T00:00:00Z" }),
    ],
    ...change,
  };
}

const config: StackConfig = {
  stack: "dev",
  target: "embedded",
  disposable: false,
  protect: true,
  samples: false,
  security: { exceptions: {} },
  allowDataLoss: ["database old"],
  server: { port: 54320, restart: "refuse", administrator: { name: "postgres", passwordVersion: 3 } },
  backup: {},
  thresholds: defaultThresholds,
  drift: { ignore: [] },
  several: false,
  databases: [database("shop")],
};

test("the server's arguments are the configuration's", () => {
  const { server, allowDataLoss, protect } = planStack(config);
  expect(server).toEqual({
    target: "embedded",
    args: {
      port: 54320,
      administrator: "postgres",
      passwordVersion: 3,
      disposable: false,
      restart: "refuse",
    },
  });
  expect(allowDataLoss).toEqual(["database old"]);
  expect(protect).toBe(true);
  const placed = planStack({ ...config, server: { ...config.server, dataDirectory: "/srv/data" } });
  expect(placed.server.args).toMatchObject({ dataDirectory: "/srv/data" });
});

test("a server that is there already has a place and a login, and no password in the plan", () => {
  const existing = {
    host: "db.example.com",
    tls: { mode: "verify-full" },
    superuser: false,
    shared: true,
    managed: true,
  } as const;
  const plan = planStack({ ...config, target: "existing", server: { ...config.server, existing } });
  expect(plan.server).toEqual({
    target: "existing",
    args: {
      managed: true,
      needs: expect.objectContaining({ settings: expect.anything() as unknown }) as unknown,
      host: "db.example.com",
      port: 54320,
      user: "postgres",
      tls: { mode: "verify-full" },
      superuser: false,
    },
    ownsServer: false,
  });
});

test("a database has its owner, its roles, its schemas and its extensions", () => {
  const [plan, ...rest] = planStack(config).databases;
  expect(rest).toEqual([]);
  expect(plan).toEqual({
    name: "shop",
    samples: false,
    database: {
      name: "shop",
      owner: "shop_owner",
      encoding: "UTF8",
      locale: "C",
      template: "template0",
      connectionLimit: -1,
      keepPrivileges: false,
      settings: { lock_timeout: "5s" },
      authoritative: false,
      protect: true,
    },
    roles: [
      { ...attributes, name: "shop_owner", login: false },
      {
        ...attributes,
        name: "shop_app",
        login: true,
        connectionLimit: 40,
        validUntil: "2030-01-01T00:00:00Z",
      },
    ],
    schemas: [
      { name: "public", writers: [], readers: [] },
      { name: "app", writers: ["shop_app"], readers: [] },
    ],
    extensions: [{ name: "pg_trgm", schema: "public" }],
    logins: { app: "shop_app" },
    migrations: database("shop").migrations,
  });
});

test("the owner is the role of that key, however it is named on the server", () => {
  const roles = [role("owner", "boss", false)];
  const databases = [database("shop", { roles, owner: "boss" })];
  const [plan] = planStack({ ...config, databases }).databases;
  expect(plan?.database.owner).toBe("boss");
});

test("protection is that of the stack, for each of its databases", () => {
  const databases = [database("a"), database("b")];
  const plan = planStack({ ...config, protect: false, databases });
  expect(plan.databases.map(({ name, database: { protect } }) => [name, protect])).toEqual([
    ["a", false],
    ["b", false],
  ]);
});
