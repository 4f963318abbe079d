import { afterAll, beforeAll, expect, test } from "vitest";
import { hasPython, type Application } from "../support/alembic-application";
import { deployAlembicStack, type AlembicStack } from "./ops-alembic-stack";

let stack: AlembicStack;
let application: Application;
beforeAll(async () => {
  if (!hasPython) return;
  stack = await deployAlembicStack();
  ({ application } = stack);
}, 240_000);
afterAll(async () => {
  if (hasPython) await stack.remove();
});

const change = (sql: string): Promise<Record<string, unknown>[]> => stack.change(sql);

interface Json {
  readonly data: {
    readonly drift: readonly {
      resource: string;
      subject?: string;
      message: string;
      mend?: readonly { sql: string }[];
    }[];
    readonly compared: readonly string[];
    readonly unseen: readonly { what: string; reason: string }[];
    readonly notCompared: readonly { what: string; reason: string }[];
    readonly schemas: readonly { head: string | null; pending: number; cached: boolean }[];
  };
}

const json = async (...args: readonly string[]): Promise<Json> =>
  JSON.parse((await stack.ops("drift", "--json", ...args)).stdout) as Json;
const ofSchema = ({ data }: Json) => data.drift.filter(({ resource }) => resource === "Schema shop");

const down = "c3f0c3d2e4b5";

// One story: each step stands on those before it.
const story = test.skipIf(!hasPython);

story("before the first revision there is nothing to compare with, and drift says so", async () => {
  const { notCompared, compared } = (await json()).data;
  expect(notCompared).toMatchObject([
    {
      what: "Schema shop",
      reason: expect.stringMatching(/^no revision was ever applied to it: /) as unknown,
    },
  ]);
  expect(compared).not.toContain("Schema shop");
});

story("what the revisions made is no drift, and the expected schema is made once", async () => {
  expect((await stack.ops("migrate", "upgrade", "--yes")).exitCode).toBe(0);
  const first = await json();
  expect(first.data.unseen).toEqual([]);
  expect(ofSchema(first)).toEqual([]);
  expect(first.data.compared).toContain("Schema shop");
  expect(first.data.schemas).toMatchObject([{ head: `${down}_email.py`, pending: 0, cached: false }]);
  expect((await json()).data.schemas).toMatchObject([{ cached: true }]);
});

story("what somebody changed by hand is named, with what would mend it", async () => {
  await change(
    "ALTER TABLE app.orders ADD COLUMN by_hand text; ALTER TABLE app.customers ALTER COLUMN email SET DEFAULT 'x'; CREATE INDEX sneaked ON app.customers (email)",
  );
  expect(ofSchema(await json())).toMatchObject([
    { subject: "column app.customers.email", message: expect.stringContaining("default: ") as unknown },
    { subject: "column app.orders.by_hand" },
    { subject: "index app.sneaked", mend: [{ sql: expect.stringContaining("DROP INDEX") as unknown }] },
  ]);
  const script = (await stack.ops("drift", "--sql", "--allow-data-loss")).stdout;
  await change(script);
  expect(ofSchema(await json())).toEqual([]);
});

story("a revision that waits is no drift; a change of env.py has all replayed", async () => {
  const id = "d4f0c3d2e4b5";
  await application.revise({ id, name: "later", down, upgrade: ['op.execute("SELECT 1")'] });
  const waiting = await json();
  expect(ofSchema(waiting)).toEqual([]);
  expect(waiting.data.schemas).toMatchObject([{ pending: 1 }]);
  await application.forget(id);
  expect((await json()).data.schemas).toMatchObject([{ cached: true }]);
  await application.edit("migrations/env.py", (text) => `${text}# another\n`);
  expect((await json()).data.schemas).toMatchObject([{ cached: false }]);
});

story("a database on the stack's own server gives the same, and is dropped", async () => {
  const groups = ["api", "app", "public"].flatMap((schema) => [
    `shop_${schema}_reader`,
    `shop_${schema}_writer`,
  ]);
  await change(groups.map((group) => `CREATE ROLE ${group}`).join("; "));
  const found = await json("--scratch", "same-server");
  expect(found.data.unseen).toEqual([]);
  expect(ofSchema(found)).toEqual([]);
  expect(await change("SELECT datname FROM pg_database WHERE datname LIKE 'pgstead_scratch%'")).toEqual([]);
});

story(
  "a revision that does not run on an empty database is told, and is not taken for no drift",
  async () => {
    const id = "d4f0c3d2e4b5";
    const upgrade = [
      "rows = op.get_bind().execute(sa.text(\"SELECT count(*) FROM app.orders WHERE body = 'kept'\")).scalar()",
      'assert rows == 1, "there is no order"',
    ];
    await application.revise({
      id,
      name: "needs_rows",
      down,
      upgrade: ['# pgstead:allow needs-connection reason="it looks at rows"', ...upgrade],
    });
    await change("INSERT INTO app.orders (body) VALUES ('kept')");
    const run = await stack.ops("migrate", "upgrade", "--yes");
    expect(run.stdout + run.stderr).toContain("1 migration is done");
    const { unseen, compared } = (await json()).data;
    expect(compared).not.toContain("Schema shop");
    expect(unseen).toMatchObject([
      {
        what: "Schema shop",
        reason: expect.stringMatching(/d4f0c3d2e4b5_needs_rows\.py:\d+: .*there is no order/) as unknown,
      },
    ]);
  },
);

story("an edited revision says nothing of what the database has", async () => {
  await application.edit("migrations/versions/a1f0c3d2e4b5_orders.py", (text) =>
    text.replace('"""orders"""', '"""the orders"""'),
  );
  expect((await json()).data.unseen).toMatchObject([
    { reason: expect.stringContaining("was edited after it was applied") as unknown },
  ]);
});
