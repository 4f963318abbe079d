import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { dumpServer } from "../support/catalog-dump";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { eventually } from "../support/eventually";
import { runSql } from "../support/own-provider";
import { schemaFaults } from "../support/report-schemas";
import { startServer, type TestServer } from "../support/server";

/** A team with a checkout, a backend and a stack of its own. */
interface Team {
  readonly stack: string;
  configure(
    change?: Readonly<Record<string, unknown>>,
    server?: Readonly<Record<string, unknown>>,
  ): Promise<void>;
  pulumi(...args: string[]): Promise<Output>;
  /** A run that is to be refused. */
  refused(...args: string[]): Promise<string>;
  ops(args: readonly string[], exitCode?: number): Promise<Output>;
  /** The same, with Ctrl-C once something is so. */
  interrupted(args: readonly string[], when: { readonly once: Promise<unknown> }): Promise<Output>;
  readonly checkout: Checkout;
}

let server: TestServer;
let shop: Team;
let billing: Team;
let stateFile: string;

const sql = (text: string): Promise<Record<string, unknown>[]> => runSql(server, text);
const owners = async (): Promise<unknown[]> =>
  (await sql("SELECT what || ' of ' || stack AS row FROM pgstead.owner ORDER BY stack, what")).map(
    ({ row }) => row,
  );

async function makeTeam(stack: string): Promise<Team> {
  const checkout = await makeCheckout();
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, `${server.password}\n`, { mode: 0o600 });
  const env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
    PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile,
  };
  const run = (script: string, args: readonly string[], exitCode: number | "any" = 0): Promise<Output> =>
    checkout.run(script, [...args, "--stack", stack], { env, exitCode });
  const file = join(checkout.directory, `Pulumi.${stack}.yaml`);
  await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", stack], { env });
  const salt = await readFile(file, "utf8");
  return {
    stack,
    checkout,
    configure: (change = {}, place = {}) =>
      writeFile(
        file,
        salt +
          stringify({
            config: {
              "pgstead:target": "existing",
              "pgstead:disposable": true,
              "pgstead:server": { host: "127.0.0.1", port: server.port, ...place },
              "pgstead:database": { name: stack, schemas: { app: {} } },
              "pgstead:roles": { app: { login: true } },
              ...change,
            },
          }),
      ),
    pulumi: (...args) => run("infra/toolchain/pulumi.ts", args),
    async refused(...args) {
      const { exitCode, text } = await run("infra/toolchain/pulumi.ts", args, "any");
      expect(exitCode, text).not.toBe(0);
      return text;
    },
    ops: (args, exitCode) => run("infra/ops/cli.ts", args, exitCode),
    interrupted: (args, { once: interrupt }) =>
      checkout.run("infra/ops/cli.ts", [...args, "--stack", stack], { env, exitCode: "any", interrupt }),
  };
}

beforeAll(async () => {
  server = await startServer();
  [shop, billing] = await Promise.all([makeTeam("shop"), makeTeam("billing")]);
  await shop.configure({}, { settings: { work_mem: "5MB" } });
  await shop.pulumi("up", "--yes", "--skip-preview");
});

afterAll(async () => {
  await shop.checkout.remove();
  await billing.checkout.remove();
  await server.stop();
});

test("what the first stack declares is marked as its own", async () => {
  expect(await owners()).toEqual(
    ["database shop", "role shop_app", "role shop_app_reader", "role shop_app_writer"]
      .concat([
        "role shop_migrator",
        "role shop_owner",
        "role shop_public_reader",
        "role shop_public_writer",
        "server",
      ])
      .map((what) => `${what} of pgstead/shop`),
  );
});

test("another stack may not have settings, nor a role or a database that is the first one's", async () => {
  await billing.configure({}, { settings: { work_mem: "9MB" } });
  // Nothing is previewed: the settings come before everything else.
  const settings = await billing.refused("up", "--yes", "--skip-preview");
  expect(settings).toMatch(
    /postgresql\.conf belongs to stack pgstead\/shop, since \d{4}-.*Z \(by postgres\)/,
  );
  expect(settings).toContain("pgstead:server.shared: true");
  expect(await sql("SHOW work_mem")).toEqual([{ work_mem: "5MB" }]);
  const roles = { app: { login: true }, theirs: { name: "shop_app", login: true } };
  await billing.configure({ "pgstead:roles": roles }, { shared: true });
  expect(await billing.refused("preview")).toContain("role shop_app: it belongs to stack pgstead/shop");
});

test("with what is its own it works beside the first, both at once, and neither sees the other", async () => {
  await billing.configure({}, { shared: true });
  await shop.configure(
    { "pgstead:roles": { app: { login: true, connectionLimit: 7 } } },
    { settings: { work_mem: "5MB" } },
  );
  await Promise.all([
    billing.pulumi("up", "--yes", "--skip-preview"),
    shop.pulumi("up", "--yes", "--skip-preview"),
  ]);
  await Promise.all([
    billing.pulumi("preview", "--expect-no-changes"),
    shop.pulumi("preview", "--expect-no-changes"),
  ]);
  expect((await owners()).filter((row) => String(row).endsWith("billing"))).toHaveLength(8);
});

test("release takes nothing where the state cannot be replaced, and comes to its end after Ctrl-C", async () => {
  const [before, marks] = [await dumpServer(server), await owners()];
  // Another run of Pulumi holds the stack, as far as anybody can tell.
  const home = dirname(shop.checkout.directory);
  const locks = join(home, "backend", ".pulumi", "locks", "organization", "pgstead", "shop");
  await mkdir(locks, { recursive: true });
  const held = { pid: 1, username: "somebody", hostname: "elsewhere", timestamp: new Date().toISOString() };
  await writeFile(join(locks, "4f7c8f43-7d31-4d0b-9d0c-35c2c1c4d0aa.json"), JSON.stringify(held));
  const file = join(home, "first.json");
  const failed = await shop.ops(["release", "--yes", "--state-file", file], 3);
  expect(failed.text).toMatch(/was not replaced: it is as it was[^]*locked/);
  expect(await owners()).toEqual(marks);
  await rm(join(locks, "4f7c8f43-7d31-4d0b-9d0c-35c2c1c4d0aa.json"));
  expect(read(await shop.ops(["release", "--dry-run", "--json"])).data.marks).toHaveLength(9);

  // Before it began nothing is done; once the state of before is kept, it is finished.
  const cancelled = await shop.interrupted(["release", "--yes", "--state-file", join(home, "never.json")], {
    once: Promise.resolve(),
  });
  expect(cancelled.exitCode, cancelled.text).not.toBe(0);
  expect(await owners()).toEqual(marks);
  const second = join(home, "second.json");
  const isKept = eventually("the state is kept", () =>
    stat(second).then(
      () => true,
      () => undefined,
    ),
  );
  const ended = await shop.interrupted(["release", "--yes", "--state-file", second], { once: isKept });
  expect(ended.text).toContain("finishing");
  expect(ended.exitCode, ended.text).toBe(0);
  expect((await owners()).every((row) => String(row).endsWith("billing"))).toBe(true);
  expect(await dumpServer(server)).toEqual(before);

  await shop.pulumi("stack", "import", "--file", second);
  await sql(
    `INSERT INTO pgstead.owner (what, stack) VALUES ${marks
      .map(String)
      .filter((row) => row.endsWith("pgstead/shop"))
      .map((row) => `('${row.replace(" of pgstead/shop", "")}', 'pgstead/shop')`)
      .join(", ")}`,
  );
  await shop.pulumi("preview", "--expect-no-changes");
});

test("release shows what leaves, then gives the server back, and nothing else on it changes", async () => {
  const before = await dumpServer(server);
  const told = read(await shop.ops(["release", "--dry-run", "--json"]));
  expect(told.data).toMatchObject({
    action: "found",
    passwords: ["shop_app", "shop_migrator"],
    stateFile: null,
  });
  expect(told.data.marks).toHaveLength(9);
  expect((await shop.ops(["release"], 2)).text).toContain("--yes");
  expect(await owners()).toHaveLength(17);

  const done = read(await shop.ops(["release", "--yes", "--json"]));
  stateFile = done.data.stateFile!;
  expect(done.data.resources).toEqual(told.data.resources);
  expect(await dumpServer(server)).toEqual(before);
  expect((await owners()).every((row) => String(row).endsWith("billing"))).toBe(true);
  const { stdout } = await shop.pulumi("stack", "export");
  const { deployment } = JSON.parse(stdout) as { readonly deployment: Readonly<Record<string, unknown>> };
  expect(deployment).toHaveProperty("secrets_providers");
  expect(deployment.resources ?? []).toEqual([]);

  const kept = await readFile(stateFile, "utf8");
  expect((await stat(stateFile)).mode & 0o777).toBe(0o600);
  expect(kept).not.toContain(server.password);
  expect(kept).toContain("ciphertext");
  expect((await shop.ops(["release", "--yes"])).text).toContain("its state is empty");
});

test("then the other stack may have the server", async () => {
  await billing.configure({}, { settings: { work_mem: "5MB" } });
  const { text } = await billing.pulumi("up", "--yes");
  expect(text).toContain("stack pgstead/billing owns what belongs to the whole server");
  expect(await owners()).toContain("server of pgstead/billing");
  await billing.pulumi("preview", "--expect-no-changes");
});

test("with the state of before the first one goes on, beside the new owner", async () => {
  await shop.configure({ "pgstead:roles": { app: { login: true, connectionLimit: 8 } } }, { shared: true });
  await shop.pulumi("stack", "import", "--file", stateFile);
  await shop.pulumi("up", "--yes", "--skip-preview");
  await shop.pulumi("preview", "--expect-no-changes");
  expect(await owners()).toContain("role shop_app of pgstead/shop");
});

interface Told {
  readonly data: {
    readonly action: string;
    readonly resources: readonly unknown[];
    readonly passwords: readonly string[];
    readonly marks: readonly string[];
    readonly stateFile: string | null;
  };
}

function read({ stdout }: Output): Told {
  expect(schemaFaults(stdout)).toEqual([]);
  return JSON.parse(stdout) as Told;
}
