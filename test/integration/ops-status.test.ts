import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { deployStack, type DeployedStack } from "./ops-stack";

interface StatusJson {
  readonly status: string;
  readonly findings: readonly { subject: string; message: string; hint: string }[];
  readonly data: {
    readonly server: { version: string; port: number; maxConnections: number; dataDirectory: string };
    readonly databases: readonly {
      extensions: readonly { name: string; version: string; defaultVersion: string }[];
      schemas: readonly {
        name: string;
        tables: number;
        views: number;
        functions: number;
        sizeBytes: number;
      }[];
    }[];
  };
}

let stack: DeployedStack;
beforeAll(async () => {
  stack = await deployStack();
});
afterAll(() => stack.remove());

async function statusJson(): Promise<StatusJson> {
  const { stdout } = await stack.ops("status", "--json");
  return JSON.parse(stdout) as StatusJson;
}

async function change(database: string, sql: string): Promise<void> {
  const session = await stack.server.connect(database);
  await session.query(sql);
  await session.close();
}

describe("ops status", () => {
  test("shows the server as it is declared, and ends with 0", async () => {
    const { exitCode, stdout, stderr } = await stack.ops("status");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(/^stack dev: PostgreSQL 17\.\d+ at 127\.0\.0\.1:\d+, up \d+ (s|min)/);
    expect(stdout).toMatch(/^ +shop +[\d.]+ MB +0 +no limit +shop_owner$/m);
    expect(stdout).toMatch(/^ +shop +pg_trgm +1\.5 +1\.6 +public$/m);
    expect(stdout).toMatch(/^ +shop +api +1 +1 +1 +16 kB +shop_owner$/m);
    expect(stdout).toMatch(/^ +shop_app +yes +0 +40 +no$/m);
    expect(stdout).toContain(stack.server.instance.dataDirectory);
  });

  test("says the same as JSON, without a password", async () => {
    const { exitCode, stdout } = await stack.ops("status", "--json");
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "status",
      stack: "dev",
      schemaVersion: 1,
      status: "good",
      findings: [],
      data: {
        server: { port: stack.server.port, maxConnections: 100, reservedConnections: 3 },
        databases: [
          {
            extensions: [{ name: "pg_trgm", version: "1.5", defaultVersion: "1.6" }, { name: "plpgsql" }],
            schemas: [
              { name: "api", tables: 1, views: 1, functions: 1, sizeBytes: 16_384 },
              { name: "public", tables: 0, views: 0, functions: 0 },
            ],
          },
        ],
      },
    });
    for (const password of [stack.server.password, ...Object.values(stack.passwords)]) {
      expect(stdout).not.toContain(password);
    }
  });

  test("counts the sessions of others and not its own", async () => {
    const sessions = await Promise.all([1, 2].map(() => stack.server.connect("shop")));
    const { data } = await statusJson();
    expect(data).toMatchObject({ server: { connections: 2 } });
    await Promise.all(sessions.map((session) => session.close()));
  });

  test("finds what was dropped, switched off and raised by hand, and ends with 1", async () => {
    await change("shop", "DROP EXTENSION pg_trgm");
    await change("shop", "DROP SCHEMA api CASCADE");
    await change("shop", "ALTER ROLE shop_readonly NOLOGIN");
    await change("shop", "ALTER ROLE shop_app VALID UNTIL '2020-01-01Z'");
    await change("shop", "CREATE ROLE eve LOGIN SUPERUSER");
    await change("shop", "DROP ROLE shop_group");
    const { exitCode, stdout } = await stack.ops("status");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("6 findings");
    const { status, findings } = await statusJson();
    expect(status).toBe("finding");
    expect(findings.map(({ subject }) => subject).toSorted()).toEqual([
      "extension shop.pg_trgm",
      "role eve",
      "role shop_app",
      "role shop_group",
      "role shop_readonly",
      "schema shop.api",
    ]);
  });

  test("shows a name that holds an escape sequence without obeying it", async () => {
    await change("postgres", 'CREATE ROLE "\u001b[31mred"');
    const { stdout } = await stack.ops("status");
    expect(stdout).toContain("[31mred");
    expect(stdout).not.toContain("\u001b");
  });

  test("looks past a database that takes no connections, and reports it", async () => {
    await change("postgres", "ALTER DATABASE shop ALLOW_CONNECTIONS false");
    const { status, findings } = await statusJson();
    expect(status).toBe("finding");
    expect(findings.map(({ message }) => message)).toContain("the server takes no connections to it");
  });

  test("finds a database that is gone", async () => {
    await change("postgres", "DROP DATABASE shop WITH (FORCE)");
    const { findings } = await statusJson();
    expect(findings[0]).toMatchObject({ subject: "database shop", hint: "`npm start` brings it back" });
  });

  test("ends with 3 where the administrator's password is another one", async () => {
    const uri = `postgresql://postgres:wrong@127.0.0.1:${stack.server.port}/postgres`;
    await stack.writeOutputs({ administratorUri: uri });
    const { exitCode, stderr } = await stack.ops("status");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("the server refuses the login");
    expect(stderr).not.toContain("wrong");
    await stack.writeOutputs();
  });

  test("ends with 3 where the server is down, and says how to bring it up", async () => {
    await stack.server.halt();
    const { exitCode, stdout, stderr } = await stack.ops("status");
    expect(exitCode).toBe(3);
    expect(stdout).toBe("");
    expect(stderr).toContain(`no answer from PostgreSQL at 127.0.0.1:${stack.server.port}`);
    expect(stderr).toContain("npm start");
    const json = await stack.ops("status", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ status: "cannot-tell", command: "status", stack: "dev" });
  });
});
