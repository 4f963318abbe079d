import { chmod, mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { freePort, startServer, temporaryDirectory, type TestServer } from "../support/server";
import { runNode, type OpsOutput } from "./ops-stack";

const viewerPassword = generatePassword();
let server: TestServer;
let home: string;
let out: string;
let runs = 0;

beforeAll(async () => {
  [server, home] = await Promise.all([startServer(), temporaryDirectory()]);
  const admin = await server.connect();
  const verifier = scramVerifier(viewerPassword);
  await admin.query(
    `CREATE ROLE viewer LOGIN PASSWORD '${verifier}'; CREATE ROLE shop_app LOGIN PASSWORD '${verifier}'`,
  );
  await admin.query(`ALTER ROLE shop_app SET "app.secret_word" = 'rosebud'; CREATE ROLE "odd name"`);
  await admin.query("CREATE DATABASE shop OWNER shop_app");
  await admin.query("CREATE DATABASE hidden");
  await admin.query("REVOKE CONNECT ON DATABASE hidden FROM PUBLIC");
  await admin.query("ALTER SYSTEM SET work_mem = '8MB'");
  await admin.query("ALTER SYSTEM SET app.api_key = 'rosebud'");
  await admin.close();
});

beforeEach(async () => {
  out = join(home, String(++runs));
  await mkdir(out);
});

afterAll(async () => {
  await server.stop();
  await rm(home, { recursive: true, force: true });
});

interface Login {
  readonly user?: string;
  readonly env?: NodeJS.ProcessEnv;
}

function adopt(args: readonly string[] = [], { user = "postgres", env }: Login = {}): Promise<OpsOutput> {
  const url = `postgresql://${user}@127.0.0.1:${server.port}/postgres`;
  const words = ["adopt", "--url", url, "--stack", "prod", "--out", out, ...args];
  return runNode("infra/ops/cli.ts", words, env ?? { PGPASSWORD: server.password, HOME: home });
}

const stackFile = (): Promise<string> => readFile(join(out, "Pulumi.prod.yaml"), "utf8");

test("both files are written, what could not be said stands in the output and in the file", async () => {
  const { exitCode, stdout, stderr } = await adopt();
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
  const text = await stackFile();
  const { config } = parse(text) as { config: Record<string, unknown> };
  expect(config["pgstead:target"]).toBe("existing");
  expect(config["pgstead:databases"]).toMatchObject({
    shop: { owner: "shop_app" },
    hidden: { owner: "postgres" },
  });
  for (const told of ["role odd name", "role shop_app"]) {
    expect(stdout).toContain(told);
    expect(text).toContain(`# - ${told}`);
  }
  expect(text).toMatch(/pg_hba.conf \(\d+ rules\)/);
  expect(text).toContain("postgresql.auto.conf: ALTER SYSTEM set app.api_key=…, work_mem=8MB; declare them");
  expect(stdout).toContain("npm run pulumi -- import --stack prod --file");
  const { resources } = JSON.parse(await readFile(join(out, "import.prod.json"), "utf8")) as {
    resources: { type: string; id?: string }[];
  };
  expect(resources).toContainEqual(
    expect.objectContaining({ type: "postgresql:index/database:Database", id: "shop" }) as unknown,
  );
});

test("no secret is written or said: no password, no verifier, no setting that may be one", async () => {
  const { stdout, stderr } = await adopt(["--json"]);
  const files = await Promise.all((await readdir(out)).map((name) => readFile(join(out, name), "utf8")));
  const all = [stdout, stderr, ...files].join("\n");
  for (const secret of [server.password, viewerPassword, "SCRAM-SHA-256", "rosebud"])
    expect(all).not.toContain(secret);
  expect(JSON.parse(stdout)).toMatchObject({
    command: "adopt",
    status: "good",
    data: { databases: ["hidden", "shop"], roles: ["viewer"] },
  });
});

test("the server is only read", async () => {
  const admin = await server.connect();
  const snapshot = () =>
    admin.query(
      "SELECT pg_current_xact_id()::text::bigint - 1 AS last, (SELECT sum(xact_commit) FROM pg_stat_database) > 0 AS busy",
    );
  const [before] = await snapshot();
  await adopt();
  const [after] = await snapshot();
  await admin.close();
  // Each snapshot takes one transaction number itself; a session that only reads takes none.
  expect(Number(after?.last) - Number(before?.last)).toBe(1);
});

test("a login that sees less adopts what it sees, and tells the rest", async () => {
  const { stdout } = await adopt([], { user: "viewer", env: { PGPASSWORD: viewerPassword, HOME: home } });
  expect(stdout).toContain("1 database (shop)");
  expect(stdout).toContain("database hidden: it could not be looked into");
  const { config } = parse(await stackFile()) as { config: Record<string, { administrator?: unknown }> };
  expect(config["pgstead:server"]?.administrator).toEqual({ name: "viewer", superuser: false });
});

describe("the password", () => {
  test("in the address is refused, and not repeated", async () => {
    const url = `postgresql://postgres:${server.password}@127.0.0.1:${server.port}/postgres`;
    const { exitCode, stdout, stderr } = await runNode("infra/ops/cli.ts", [
      "adopt",
      "--url",
      url,
      "--stack",
      "prod",
    ]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("holds a password");
    expect(stdout + stderr).not.toContain(server.password);
  });

  test("comes from the password file, which others must not be able to read", async () => {
    const file = join(home, "pgpass");
    await writeFile(file, `127.0.0.1:${server.port}:*:postgres:${server.password}\n`);
    await chmod(file, 0o644);
    const env = { PGPASSFILE: file, PGPASSWORD: "", HOME: home };
    const refused = await adopt([], { env });
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("chmod 0600");
    await chmod(file, 0o600);
    expect((await adopt([], { env })).exitCode).toBe(0);
  });

  test("that is nowhere, or wrong, is told", async () => {
    const none = await adopt([], { env: { PGPASSWORD: "", PGPASSFILE: "", HOME: home } });
    expect(none.exitCode).toBe(2);
    expect(none.stderr).toContain("set PGPASSWORD");
    const wrong = await adopt([], { env: { PGPASSWORD: "wrong-word", HOME: home } });
    expect(wrong.exitCode).toBe(3);
    expect(wrong.stderr).toContain("password authentication failed");
    expect(wrong.stderr).not.toContain("wrong-word");
    expect(await readdir(out)).toEqual([]);
  });
});

describe("a stack's file that is there", () => {
  const file = (): string => join(out, "Pulumi.prod.yaml");

  test("with keys of pgstead stays, unless it is forced; what else it holds stays in any case", async () => {
    const mine = "encryptionsalt: v1:abc\nconfig:\n  other:key: 1\n  pgstead:disposable: true\n";
    await writeFile(file(), mine);
    const { exitCode, stderr } = await adopt();
    expect(exitCode).toBe(2);
    expect(stderr).toContain("is there already, with pgstead:disposable");
    expect(await readFile(file(), "utf8")).toBe(mine);
    expect((await adopt(["--force"])).exitCode).toBe(0);
    const { encryptionsalt, config } = parse(await stackFile()) as {
      encryptionsalt: string;
      config: Record<string, unknown>;
    };
    expect(encryptionsalt).toBe("v1:abc");
    expect(config["other:key"]).toBe(1);
    expect(config).not.toHaveProperty("pgstead:disposable");
  });

  test("of a stack that was just made is filled in", async () => {
    await writeFile(file(), "encryptionsalt: v1:abc\n");
    expect((await adopt()).exitCode).toBe(0);
    expect(await stackFile()).toContain("encryptionsalt: v1:abc");
  });

  test("that is no YAML is left alone", async () => {
    await writeFile(file(), "config: [");
    const { exitCode, stderr } = await adopt(["--force"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("is not YAML");
  });
});

test("a server that does not answer, and a stack of another target, are told", async () => {
  const url = `postgresql://postgres@127.0.0.1:${await freePort()}`;
  const env = { PGPASSWORD: "x" };
  const silent = await runNode(
    "infra/ops/cli.ts",
    ["adopt", "--url", url, "--stack", "prod", "--out", out],
    env,
  );
  expect(silent.exitCode).toBe(3);
  expect(silent.stderr).toContain("no answer from PostgreSQL");
  expect(silent.stderr).toContain("is the server up, and does this machine get there?");
  const dev = await runNode("infra/ops/cli.ts", ["adopt", "--url", url, "--out", out], env);
  expect(dev.exitCode).toBe(2);
  expect(dev.stderr).toContain("--stack prod");
});
