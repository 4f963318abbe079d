import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { defaultThresholds } from "../../../components/core/monitoring/thresholds";
import { parse } from "yaml";
import { parseConfig, type RoleConfig, type StackConfig } from "../../../infra/config";
import { parseMoment } from "../../../infra/config/moment";

const root = resolve(__dirname, "../../..");

const stack = (raw: Record<string, unknown>, name = "dev"): StackConfig => parseConfig(raw, { stack: name });
const shop = { "pgstead:database": { name: "shop" } };

const plainRole = {
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

describe("defaults", () => {
  test("a name is all that has to be given", () => {
    expect(stack(shop, "prod")).toEqual({
      stack: "prod",
      several: false,
      thresholds: defaultThresholds,
      samples: false,
      security: { exceptions: {} },
      backup: {},
      drift: { ignore: [] },
      target: "embedded",
      disposable: false,
      scratch: "auto",
      protect: true,
      allowDataLoss: [],
      server: { port: 54320, restart: "refuse", administrator: { name: "postgres", passwordVersion: 1 } },
      // What its formulas give is told by the tests of tuning.
      tuning: { settings: {}, tuned: expect.any(Array) as unknown },
      databases: [
        {
          name: "shop",
          encoding: "UTF8",
          locale: "C",
          template: "template0",
          connectionLimit: -1,
          extensions: [],
          owner: "shop_owner",
          keepPrivileges: false,
          authoritative: false,
          settings: {},
          schemas: [{ name: "public", writers: [], readers: [] }],
          roles: [
            { key: "owner", name: "shop_owner", login: false, ...plainRole },
            { key: "migrator", name: "shop_migrator", login: true, ...plainRole },
          ],
          migrations: {
            engine: "sql",
            directory: "sql/migrations",
            isNamed: false,
            downgrade: "refuse",
            limits: {
              lockTimeoutMs: 2_000,
              statementTimeoutMs: 900_000,
              retryForMs: 600_000,
              attempts: 20,
            },
          },
        },
      ],
    });
  });

  test("a disposable stack is not protected and may restart", () => {
    const config = stack({ ...shop, "pgstead:disposable": "true" });
    expect(config).toMatchObject({ disposable: true, protect: false, server: { restart: "allow" } });
  });

  test("protect and restart can be said", () => {
    const config = stack({
      ...shop,
      "pgstead:disposable": true,
      "pgstead:protect": "true",
      "pgstead:server": { restart: "refuse" },
    });
    expect(config).toMatchObject({ disposable: true, protect: true, server: { restart: "refuse" } });
  });

  test("what Pulumi.yaml declares as a default means what is not given", () => {
    const project = parse(readFileSync(resolve(root, "Pulumi.yaml"), "utf8")) as {
      config: Record<string, { default: unknown }>;
    };
    const given: Record<string, unknown> = { ...shop };
    for (const [key, { default: value }] of Object.entries(project.config)) {
      // The engine takes one without for a key that everybody has to give.
      expect(value, key).toBeDefined();
      given[key] ??= typeof value === "string" ? value : JSON.stringify(value);
    }
    expect(Object.keys(given)).toHaveLength(16);
    expect(stack(given)).toEqual(stack(shop));
  });
});

describe("the forms of the input", () => {
  const several = {
    "pgstead:databases": {
      shop: { roles: { app: { login: true } }, schemas: { app: {} } },
      billing: { extensions: ["pgcrypto"] },
    },
  };

  test("JSON text, as the engine hands it to a program, is as good as values", () => {
    const texts = Object.fromEntries(
      Object.entries(several).map(([key, value]) => [key, JSON.stringify(value)]),
    );
    expect(stack(texts)).toEqual(stack(several));
  });

  test("a key without a namespace is one of pgstead, and those of others are left alone", () => {
    expect(stack({ database: { name: "shop" }, "aws:region": "eu-central-1" })).toEqual(stack(shop));
  });

  test("the short form is the same as one of several databases", () => {
    const short = {
      "pgstead:database": { name: "shop", schemas: { app: {} } },
      "pgstead:roles": { app: {} },
    };
    const inside = { "pgstead:database": { name: "shop", schemas: { app: {} }, roles: { app: {} } } };
    const long = { "pgstead:databases": { shop: { schemas: { app: {} }, roles: { app: {} } } } };
    const [database] = stack(long).databases;
    // Each of several databases has a directory of its own, also where it is the only one.
    const migrations = { ...database?.migrations, directory: "sql/migrations" };
    const one = { ...stack(long), several: false, databases: [{ ...database, migrations }] };
    expect(stack(short)).toEqual(one);
    expect(stack(inside)).toEqual(one);
  });

  test("several databases are sorted by name, and each has an owner and a migrator", () => {
    const { databases } = stack(several);
    expect(databases.map(({ name, roles }) => [name, roles.map((role) => role.name)])).toEqual([
      ["billing", ["billing_owner", "billing_migrator"]],
      ["shop", ["shop_owner", "shop_migrator", "shop_app"]],
    ]);
  });

  test("the dev stack of this project is right", () => {
    const file = parse(readFileSync(resolve(root, "Pulumi.dev.yaml"), "utf8")) as {
      config: Record<string, unknown>;
    };
    const config = stack(file.config);
    expect(config.disposable).toBe(true);
    expect(config.databases).toHaveLength(1);
    expect(config.databases[0]).toMatchObject({
      name: "promptforge",
      schemas: [
        { name: "public", readers: ["promptforge_readonly"] },
        { name: "app", writers: ["promptforge_app"], readers: ["promptforge_readonly"] },
        { name: "audit", readers: ["promptforge_readonly"] },
      ],
    });
    expect(config.databases[0]?.roles.map(({ key }) => key)).toEqual([
      "owner",
      "migrator",
      "app",
      "backup",
      "readonly",
    ]);
  });
});

describe("a database", () => {
  const first = (more: Record<string, unknown>, roles: Record<string, unknown> = {}) =>
    stack({ "pgstead:database": { name: "shop", ...more }, "pgstead:roles": roles }).databases[0]!;

  const names = ({ schemas }: { schemas: readonly { name: string }[] }) => schemas.map(({ name }) => name);

  test("has public first, then its schemas sorted, as the engine does not keep the order of a map", () => {
    expect(names(first({ schemas: { zoo: {}, public: {}, app: {} } }))).toEqual(["public", "app", "zoo"]);
  });

  test("has extensions by name or in full, what one needs before it", () => {
    const extensions = ["earthdistance", { name: "pgcrypto", schema: "app", version: "1.3" }, "cube"];
    expect(first({ extensions, schemas: { app: {} } }).extensions).toEqual([
      { name: "cube", schema: "public" },
      { name: "earthdistance", schema: "public" },
      { name: "pgcrypto", schema: "app", version: "1.3" },
    ]);
  });

  test("has roles with every attribute, and owner and migrator may be refined", () => {
    const app = {
      login: true,
      name: "shop-api",
      connectionLimit: 40,
      passwordVersion: 3,
      inherit: false,
      createDatabase: true,
      createRole: true,
      replication: true,
      bypassRowLevelSecurity: true,
    };
    const roles = { app, migrator: { connectionLimit: 2 }, owner: { name: "boss" } };
    expect(first({}, roles).roles).toEqual<RoleConfig[]>([
      { key: "owner", ...plainRole, name: "boss", login: false },
      { key: "migrator", ...plainRole, name: "shop_migrator", login: true, connectionLimit: 2 },
      { key: "app", ...plainRole, ...app },
    ]);
  });

  test("names with letters of any script are names", () => {
    expect(names(first({ name: "größe", schemas: { Ünïcode: {}, "a-b": {}, _x$1: {} } }))).toEqual([
      "public",
      "_x$1",
      "a-b",
      "Ünïcode",
    ]);
  });

  test("a name of 63 bytes is a name", () => {
    const name = "x".repeat(63);
    expect(names(first({ schemas: { [name]: {} } }))).toContain(name);
  });
});

describe("a moment", () => {
  test.each([
    ["2030-01-01", "2030-01-01T00:00:00Z"],
    ["2030-01-01T12:30:15Z", "2030-01-01T12:30:15Z"],
    ["2030-01-01 12:30", "2030-01-01T12:30:00Z"],
    ["2030-01-01 00:00:00+02", "2029-12-31T22:00:00Z"],
    ["2030-01-01T00:00:00-05:30", "2030-01-01T05:30:00Z"],
    ["2030-01-01 00:00:00 +0000 UTC", "2030-01-01T00:00:00Z"],
    ["2028-02-29", "2028-02-29T00:00:00Z"],
  ])("%s is %s", (text, moment) => {
    expect(parseMoment(text)).toBe(moment);
  });

  test.each(["", "never", "2030-02-30", "2030-13-01", "2030-01-01 25:00", "2030-01-01+99", "01.01.2030"])(
    "%s is none",
    (text) => {
      expect(parseMoment(text)).toBeUndefined();
    },
  );

  test("infinity is never", () => {
    const config = stack({ ...shop, "pgstead:roles": { app: { login: true, validUntil: "infinity" } } });
    expect(config.databases[0]?.roles[2]).not.toHaveProperty("validUntil");
  });
});

test("whatever is thrown at it, it gives a configuration or problems with path, message and hint", () => {
  const keys = [
    "target",
    "disposable",
    "protect",
    "allowDataLoss",
    "server",
    "database",
    "roles",
    "databases",
    "x",
  ];
  const raw = fc.dictionary(
    fc.constantFrom(...keys.map((key) => `pgstead:${key}`)),
    fc.oneof(fc.jsonValue(), fc.json()),
  );
  fc.assert(
    fc.property(raw, (input) => {
      try {
        parseConfig(input, { stack: "dev" });
      } catch (error) {
        expect(error).toHaveProperty("problems");
        for (const problem of (error as { problems: Record<string, string>[] }).problems) {
          expect(problem.path).not.toBe("");
          expect(problem.message).not.toBe("");
          expect(problem.hint).not.toBe("");
        }
      }
    }),
  );
});
