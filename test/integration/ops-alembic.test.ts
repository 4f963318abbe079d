import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  applicationPackages,
  copyApplication,
  hasPython,
  type Application,
} from "../support/alembic-application";
import { deployStack, type DeployedStack, type OpsOutput } from "./ops-stack";

let stack: DeployedStack;
let directory = "";
let application: Application;
beforeAll(async () => {
  if (!hasPython) return;
  stack = await deployStack();
  directory = await mkdtemp(join(tmpdir(), "pgstead-ops-alembic-"));
  application = await copyApplication(join(directory, "shop"));
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner; CREATE SCHEMA app AUTHORIZATION shop_owner",
  );
  await configure();
}, 240_000);
afterAll(async () => {
  if (!hasPython) return;
  await stack.remove();
  await rm(directory, { recursive: true, force: true });
});

/** Has the stack's file name the application, with what a test says besides. */
async function configure(more: readonly string[] = []): Promise<void> {
  const file = join(stack.root, "Pulumi.dev.yaml");
  const [before = ""] = (await readFile(file, "utf8")).split("  pgstead:migrations:");
  const lines = [
    "  pgstead:migrations:",
    "    engine: alembic",
    `    directory: ${application.directory}`,
    "    alembic:",
    `      environment: { PYTHONPATH: ${JSON.stringify(await applicationPackages())} }`,
    ...more,
  ];
  await writeFile(file, `${before}${lines.join("\n")}\n`);
}

async function change(sql: string): Promise<Record<string, unknown>[]> {
  const session = await stack.server.connect("shop");
  return session.query(sql).finally(() => session.close());
}

const migrate = (command: string, ...args: readonly string[]): Promise<OpsOutput> =>
  stack.ops("migrate", command, ...args);

interface Json {
  readonly status: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly findings: readonly { subject: string; message: string; hint: string }[];
  readonly error: { readonly problems: readonly { path: string; message: string; hint: string }[] };
}

const json = async (command: string, ...args: readonly string[]): Promise<Json> =>
  JSON.parse((await migrate(command, ...args, "--json")).stdout) as Json;

const versions = "migrations/versions";

// One story: each step stands on those before it.
const story = test.skipIf(!hasPython);

story("status, sql and lint show revisions as the SQL that they would send, and change nothing", async () => {
  const status = await migrate("status");
  expect(status.stdout).toContain("database shop is at none; 0 migrations applied, 3 pending in ");
  expect(status.stdout).toMatch(/a1f0c3d2e4b5_orders\.py +safe +in one transaction/);
  expect((await migrate("sql", "+1")).stdout).toMatch(
    /^SET ROLE "shop_owner";\n\n-- migrations\/versions\/a1f0c3d2e4b5_orders\.py\nBEGIN;\nCREATE TABLE app\.orders [^;]*;\nCOMMIT;\n$/,
  );
  const lint = await json("lint");
  expect(lint).toMatchObject({ status: "good", data: { directories: [application.directory] } });
  expect(lint.data.findings).toContainEqual(
    expect.objectContaining({
      ...{ file: `${versions}/c3f0c3d2e4b5_email.py`, line: 13, rule: "write-under-lock", blocks: false },
    }),
  );
  const check = await migrate("check");
  expect(check.exitCode).toBe(1);
  expect(check.stdout).toContain(`${versions}/b2f0c3d2e4b5_customers.py: is pending (safe)`);
  expect(await change("SELECT to_regclass('app.alembic_version') AS made")).toEqual([{ made: null }]);
});

story(
  "upgrade runs them as the owner, each by itself, and current, check, verify and history know it",
  async () => {
    const dry = await migrate("upgrade", "--dry-run");
    expect(dry.stdout).toContain("INSERT INTO app.customers (id, name) VALUES (2, '100%');");
    const { exitCode, stdout, stderr } = await migrate("upgrade", "--yes");
    expect(stderr).toMatch(/applied migrations\/versions\/c3f0c3d2e4b5_email\.py \(\d+ ms\)/);
    expect(stdout).toBe("database shop: 3 migrations are done\n");
    expect(exitCode).toBe(0);
    expect(
      await change(
        "SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'app'::regnamespace",
      ),
    ).toEqual([{ owner: "shop_owner" }]);
    expect(await change("SELECT email FROM app.customers ORDER BY id")).toEqual([
      { email: null },
      { email: "nobody@example.org" },
    ]);
    expect((await migrate("current")).stdout).toBe("c3f0c3d2e4b5_email.py\n");
    expect((await migrate("check")).stdout).toBe(
      "database shop is at c3f0c3d2e4b5_email.py: nothing is pending\n",
    );
    expect((await migrate("verify")).stdout).toContain("3 files as applied");
    expect((await migrate("upgrade", "--yes")).stdout).toBe("nothing to do: database shop is there\n");
    const history = await migrate("history", "--limit", "2");
    expect(history.stdout).toMatch(/up +c3f0c3d2e4b5_email\.py +done +[\d.]+ m?s +shop_migrator/);
    expect(history.stdout).toMatch(/up +c3f0c3d2e4b5_email\.py +begun/);
  },
);

story("a model without its migration fails the check, and create has Alembic write it", async () => {
  await application.edit("models.py", (text) =>
    text.replace(
      'Column("body", String(500)),',
      'Column("body", String(500)),\n    Column("note", String(80)),',
    ),
  );
  const check = await json("check");
  expect(check.findings).toMatchObject([
    {
      subject: "models",
      message:
        "no revision brings the database to them: op.add_column('orders', sa.Column('note', sa.String(length=80), nullable=True), schema='app')",
    },
  ]);
  const create = await migrate("create", "note on orders");
  expect(create.stdout).toMatch(/^migrations\/versions\/[0-9a-f]{12}_note_on_orders\.py\n$/);
  expect((await json("check")).findings[0]?.message).toBe("is pending (safe)");
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
  expect((await migrate("check")).exitCode).toBe(0);
});

story("what somebody changed by hand fails the check; our own tables do not", async () => {
  await change("ALTER TABLE app.orders ADD COLUMN by_hand text");
  expect((await json("check")).findings.map(({ message }) => message)).toEqual([
    "no revision brings the database to them: op.drop_column('orders', 'by_hand', schema='app')",
  ]);
  await change("ALTER TABLE app.orders DROP COLUMN by_hand");
  expect(await change("SELECT to_regclass('pgstead.migration_trail') IS NOT NULL AS made")).toEqual([
    { made: true },
  ]);
  expect((await migrate("check")).exitCode).toBe(0);
});

story("what loses data is refused by its line, needs its word there, and then the stack's", async () => {
  const [head = ""] = (await migrate("current")).stdout.split("_");
  const drop = (...comment: readonly string[]) =>
    application.revise({
      id: "d4f0c3d2e4b5",
      name: "drop",
      down: head,
      upgrade: [...comment, 'op.drop_table("orders", schema="app")'],
    });
  await drop();
  const blocked = await json("upgrade", "--yes");
  expect(blocked).toMatchObject({ status: "finding", data: { ran: false } });
  expect(blocked.findings).toMatchObject([
    {
      subject: `${versions}/d4f0c3d2e4b5_drop.py:11`,
      message: expect.stringContaining("data-loss (drop-table)") as unknown,
      hint: expect.stringContaining('# pgstead:allow drop-table reason="…"') as unknown,
    },
  ]);
  await drop('# pgstead:allow drop-table reason="orders are kept elsewhere now"');
  expect((await json("upgrade", "--yes")).findings).toMatchObject([
    {
      hint: 'take a backup, then allow the loss with pgstead:allowDataLoss: ["migration shop/d4f0c3d2e4b5_drop.py"]',
    },
  ]);
  await configure(['  pgstead:allowDataLoss: ["migration shop/d4f0c3d2e4b5_drop.py"]']);
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
  expect(await change("SELECT to_regclass('app.orders') AS found")).toEqual([{ found: null }]);
  await configure();
});

story("downgrade needs a word for what it loses, and goes back by count, id and base", async () => {
  expect((await migrate("downgrade", "-1", "--yes")).exitCode).toBe(0);
  await application.forget("d4f0c3d2e4b5");
  await change(
    "SET ROLE shop_owner; CREATE TABLE app.orders (id serial PRIMARY KEY, body varchar(500), note varchar(80))",
  );
  const refused = await migrate("downgrade", "c3f0", "--yes");
  expect(refused.exitCode).toBe(1);
  expect(refused.stdout).toContain("then say --allow-data-loss");
  expect((await migrate("downgrade", "c3f0", "--allow-data-loss", "--yes")).exitCode).toBe(0);
  expect((await migrate("current")).stdout).toBe("c3f0c3d2e4b5_email.py\n");
  expect((await migrate("downgrade", "base", "--allow-data-loss", "--yes")).exitCode).toBe(0);
  expect((await migrate("current")).stdout).toBe("none\n");
  expect(await change("SELECT to_regclass('app.customers') AS found")).toEqual([{ found: null }]);
  // The next run stays there, until somebody says otherwise.
  expect(await readFile(join(stack.root, "Pulumi.dev.yaml"), "utf8")).toMatch(/target: "?base"?$/m);
  expect((await migrate("upgrade", "--yes")).stdout).toBe("nothing to do: database shop is there\n");
  expect((await json("upgrade", "a1f0c3d2e4b5", "--yes")).findings).toMatchObject([
    { message: "is above the target of the stack, base" },
  ]);
  await configure();
});

story("an edited file is refused, and repair takes it over with a row of the trail", async () => {
  await application.edit("models.py", (text) => text.replace('\n    Column("note", String(80)),', ""));
  expect((await migrate("upgrade", "c3f0c3d2e4b5", "--yes")).exitCode).toBe(0);
  await application.edit(`${versions}/a1f0c3d2e4b5_orders.py`, (text) =>
    text.replace('"""orders"""', '"""the orders"""'),
  );
  const verify = await json("verify");
  expect(verify.findings).toMatchObject([
    {
      subject: `${versions}/a1f0c3d2e4b5_orders.py`,
      message: expect.stringMatching(/^was edited after it was applied by shop_migrator on /) as unknown,
    },
  ]);
  expect((await migrate("upgrade", "--yes")).exitCode).toBe(1);
  expect((await migrate("repair", "--yes")).stdout).toBe(
    "1 change of the history of shop: done, and written into the trail\n",
  );
  expect((await migrate("verify")).exitCode).toBe(0);
});

story("a database that Alembic has migrated by itself is taken over by baseline", async () => {
  await change("TRUNCATE pgstead.migration_trail");
  const before = await json("status");
  expect(before.data.applied).toMatchObject(Array(3).fill({ origin: "elsewhere", checksum: "" }));
  expect((await migrate("verify")).stderr).toContain("3 of 3 ran by other ways than ours");
  expect((await migrate("baseline", "--yes")).stdout).toBe("database shop: 3 migrations taken for applied\n");
  expect((await json("status")).data.applied).toMatchObject(Array(3).fill({ origin: "baseline" }));
});

story("several heads are refused by their files, and a merge of them runs", async () => {
  const table = (name: string): string =>
    `op.create_table("${name}", sa.Column("id", sa.Integer()), schema="app")`;
  const down = "c3f0c3d2e4b5";
  for (const file of (await json("status")).data.pending as { file: string }[])
    await application.forget(file.file);
  await application.revise({ id: "e5f0c3d2e4b5", name: "left", down, upgrade: [table("left_one")] });
  await application.revise({ id: "f6f0c3d2e4b5", name: "right", down, upgrade: [table("right_one")] });
  const heads = await json("upgrade", "--yes");
  expect(heads.findings).toMatchObject([
    {
      subject: expect.stringMatching(/e5f0c3d2e4b5_left\.py/) as unknown,
      message: "are 2 heads: which one comes first is not said",
    },
  ]);
  await application.revise({
    id: "a7f0c3d2e4b5",
    name: "merge",
    down: ["e5f0c3d2e4b5", "f6f0c3d2e4b5"],
    upgrade: [table("merged")],
  });
  const merged = await migrate("upgrade", "--yes");
  expect(merged.stdout).toBe("database shop: 3 migrations are done\n");
  expect(await change("SELECT version_num FROM app.alembic_version")).toEqual([
    { version_num: "a7f0c3d2e4b5" },
  ]);
  expect((await json("downgrade", "-1", "--yes")).findings).toMatchObject([
    { message: "is a merge: its way back has several ends" },
  ]);
});

story("nothing that is said holds a password", async () => {
  const all = await Promise.all([
    migrate("status", "--json"),
    migrate("history", "--json"),
    migrate("check"),
  ]);
  for (const password of [stack.server.password, ...Object.values(stack.passwords)]) {
    for (const { stdout, stderr } of all) expect(stdout + stderr).not.toContain(password);
  }
});
