import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
beforeAll(async () => {
  stack = await deployStack();
});
afterAll(() => stack.remove());

const password = (role: string): string => stack.passwords[role]!;

describe("ops connection", () => {
  test("shows how to connect, with the password masked", async () => {
    const { exitCode, stdout, stderr } = await stack.ops("connection", "--role", "app");
    expect(stderr).toBe("");
    expect(exitCode).toBe(0);
    expect(stdout).toContain(`postgresql://shop_app:***@127.0.0.1:${stack.server.port}/shop`);
    expect(stdout).toContain("max_connections 100, of which 3 are reserved; shop_app may count on 40");
    expect(stdout).toMatch(/^ +size +10 +the usual/m);
    expect(stdout).not.toContain(password("shop_app"));
  });

  test("shows the password where that was asked for", async () => {
    const { stdout } = await stack.ops("connection", "--role", "app", "--show-secrets");
    expect(stdout).toContain(`:${password("shop_app")}@`);
  });

  test("prints lines that a shell and an application can use as they are", async () => {
    const { exitCode, stdout } = await stack.ops("connection", "--role", "app", "--env", "--instances", "2");
    expect(exitCode).toBe(0);
    expect(stdout.split("\n")).toEqual([
      expect.stringMatching(/^DATABASE_URL=postgresql:/),
      "DB_POOL_SIZE=10",
      "DB_MAX_OVERFLOW=10",
      "DB_POOL_RECYCLE=3600",
      "DB_POOL_TIMEOUT=30",
      "DB_POOL_PRE_PING=true",
      "",
    ]);
    const script = `${stdout}printf %s "$DATABASE_URL"`;
    const uri = execFileSync("sh", ["-c", script], { encoding: "utf8" });
    const { database, user, password } = parseConnectionUri(uri);
    const session = await stack.server.connect(database, { user, password });
    expect(await session.query("SELECT current_user AS role")).toEqual([{ role: "shop_app" }]);
    await session.close();
  });

  test("says the same as JSON, masked unless asked", async () => {
    const masked = await stack.ops("connection", "--role", "app", "--json", "--instances", "3");
    expect(masked.stdout).not.toContain(password("shop_app"));
    expect(JSON.parse(masked.stdout)).toMatchObject({
      command: "connection",
      status: "good",
      data: {
        role: "app",
        user: "shop_app",
        database: "shop",
        limits: { maxConnections: 100, reservedConnections: 3, share: 40 },
        // 40 / 3 = 13 each.
        pool: { size: 10, overflow: 3, recycleSeconds: 3600, timeoutSeconds: 30, prePing: true },
      },
    });
    const shown = await stack.ops("connection", "--role", "app", "--json", "--show-secrets");
    expect(shown.stdout).toContain(password("shop_app"));
  });

  test("refuses instances that do not fit, and writes no half of an .env file", async () => {
    const text = await stack.ops("connection", "--role", "app", "--instances", "9");
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toContain("9 instances need 45 connections, 5 each; shop_app has 40");
    expect(text.stdout).toContain("hint: 8 instances fit");
    const env = await stack.ops("connection", "--role", "app", "--env", "--instances", "9");
    expect(env).toMatchObject({ exitCode: 1, stdout: "" });
    expect(env.stderr).toContain("9 instances need 45 connections");
  });

  test("takes the limits from the server, the database's included", async () => {
    const admin = await stack.server.connect();
    await admin.query("ALTER DATABASE shop CONNECTION LIMIT 12");
    await admin.query("CREATE ROLE guest LOGIN CONNECTION LIMIT 200");
    const narrow = await stack.ops("connection", "--role", "app");
    // app 40 of 12 − 2 × 4 kept for migrator and readonly: 4 < 5.
    expect(narrow.exitCode).toBe(1);
    expect(narrow.stdout).toContain("database shop has 12 connections");
    await admin.query("ALTER DATABASE shop CONNECTION LIMIT -1");
    const wide = await stack.ops("connection", "--role", "app", "--json");
    // 97 − 2 × 5 kept for the roles without a limit = 87, of which 40 / 240 are 14.
    expect(JSON.parse(wide.stdout)).toMatchObject({ data: { limits: { share: 14 } } });
    await admin.query("DROP ROLE guest");
    await admin.close();
  });

  test("finds a login that is gone from the server", async () => {
    const admin = await stack.server.connect();
    await admin.query("ALTER ROLE shop_readonly NOLOGIN");
    const { exitCode, stdout } = await stack.ops("connection", "--role", "readonly");
    expect(exitCode).toBe(1);
    expect(stdout).toContain("role shop_readonly: no such login on the server");
    await admin.query("ALTER ROLE shop_readonly LOGIN");
    await admin.close();
  });

  test.each([
    [["--role", "ap"], "did you mean app?"],
    [["--role", "nobody-knows"], "known here: migrator, app, readonly"],
    [["--role", "group"], "group does not log in"],
    [["--role", "owner"], "owner does not log in"],
    [[], "say which role: migrator, app, readonly"],
    [["--role", "app", "--database", "ship"], "did you mean shop?"],
    [["--role", "app", "--instances", "0"], "whole number from 1 to 10000"],
    [["--role", "app", "--instances", "two"], "whole number from 1 to 10000"],
    [["--role", "app", "--stack", "dv"], "did you mean --stack dev?"],
    [["--role", "app", "--stack", "../dev"], "not the name of a stack"],
    [["--rol", "app"], "Did you mean --role?"],
    [["--role"], "argument missing"],
    [["app"], "too many arguments"],
  ])("%j is refused with 2 and says what to write", async (args, text) => {
    const { exitCode, stdout, stderr } = await stack.ops("connection", ...args);
    expect(exitCode).toBe(2);
    expect(stdout).toBe("");
    expect(stderr).toContain(text);
    const json = await stack.ops("connection", ...args.slice(0, 6), "--json");
    if (args.at(-1) !== "--role") {
      expect(json.exitCode).toBe(2);
      expect(JSON.parse(json.stdout)).toMatchObject({ status: "usage" });
      expect(json.stdout).toContain(text);
    }
  });

  test("--uri prints the URI alone, and neither asks for a pool nor takes another form beside it", async () => {
    const { exitCode, stdout, stderr } = await stack.ops(
      "connection",
      "--role",
      "app",
      "--uri",
      "--instances",
      "99",
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toBe(
      `postgresql://shop_app:${password("shop_app")}@127.0.0.1:${stack.server.port}/shop\n`,
    );
    const both = await stack.ops("connection", "--role", "app", "--uri", "--env");
    expect(both).toMatchObject({ exitCode: 2, stdout: "" });
    expect(both.stderr).toContain("cannot be used with option '--env'");
    const json = await stack.ops("connection", "--role", "app", "--uri", "--json");
    expect(json.exitCode).toBe(2);
    expect(json.stdout).not.toContain(password("shop_app"));
  });

  test("--env and --json together are refused", async () => {
    const { exitCode, stdout } = await stack.ops("connection", "--role", "app", "--env", "--json");
    expect(exitCode).toBe(2);
    expect(stdout).toContain("cannot be together with --json");
    expect(stdout).not.toContain(password("shop_app"));
  });

  test("a role that was declared after the last deployment ends with 3", async () => {
    await stack.writeOutputs({ roles: { app: "shop_app" } });
    const { exitCode, stderr } = await stack.ops("connection", "--role", "readonly");
    expect(exitCode).toBe(3);
    expect(stderr).toContain("was not deployed yet");
    expect(stderr).toContain("npm start");
  });

  test("a stack that was never deployed ends with 3, and a broken state tells no secret", async () => {
    await stack.writeOutputs({ administratorUri: `postgresql://${stack.server.password}` });
    const broken = await stack.ops("connection", "--role", "app");
    expect(broken.exitCode).toBe(3);
    expect(broken.stderr).not.toContain(stack.server.password);
  });
});
