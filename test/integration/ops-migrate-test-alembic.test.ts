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
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
    readonly irreversible: string | null;
    readonly liveHead: string | null;
    readonly liveUnseen: string | null;
    readonly remarks: readonly { subject: string; message: string }[];
  };
  readonly findings: readonly { subject: string; message: string }[];
}

const run = async (...args: readonly string[]): Promise<Json> =>
  JSON.parse((await stack.ops("migrate", "test", "--json", ...args)).stdout) as Json;

const versions = "migrations/versions";
const down = "c3f0c3d2e4b5";
const id = "d4f0c3d2e4b5";

// One story: each step stands on those before it.
const story = test.skipIf(!hasPython);

story(
  "revisions that go up, down and up again without a trace are good, with the live schema beside them",
  async () => {
    const applied = await stack.ops("migrate", "upgrade", "b2f0c3d2e4b5", "--yes");
    expect(applied.stdout).toContain("2 migrations are done");
    const { data, findings } = await run();
    expect(findings).toEqual([]);
    expect(data).toMatchObject({
      irreversible: null,
      liveHead: "b2f0c3d2e4b5_customers.py",
      liveUnseen: null,
    });
    expect(data.applied).toEqual([
      `${versions}/a1f0c3d2e4b5_orders.py`,
      `${versions}/b2f0c3d2e4b5_customers.py`,
      `${versions}/c3f0c3d2e4b5_email.py`,
    ]);
    expect(data.reversed).toEqual(data.applied.toReversed());
    await change("ALTER TABLE app.orders ADD COLUMN by_hand text");
    const drifted = await run();
    await change("ALTER TABLE app.orders DROP COLUMN by_hand");
    expect(drifted.findings).toMatchObject([
      {
        subject: "column app.orders.by_hand",
        message: expect.stringMatching(/^in the live database: /) as unknown,
      },
    ]);
    // What was tested was another database.
    expect((await stack.ops("migrate", "current")).stdout).toBe("b2f0c3d2e4b5_customers.py\n");
  },
  // Some twenty processes of Python: minutes on a machine that has much to do.
  300_000,
);

story(
  "what a downgrade leaves behind, and the rows that it does not bring back, are told of its file",
  async () => {
    await application.revise({
      id,
      name: "leaves",
      down,
      upgrade: [
        'op.create_table("leftover", sa.Column("id", sa.Integer()), schema="app")',
        "op.execute(\"UPDATE app.orders SET body = 'gone' WHERE id > 0\")",
      ],
    });
    const { findings } = await run("--no-live");
    const told = findings.map(({ subject, message }) => `${subject}: ${message}`);
    expect(told).toEqual(
      expect.arrayContaining([
        `table app.leftover: after ${versions}/${id}_leaves.py and its down part: is left behind`,
        `${versions}/${id}_leaves.py: its down part does not bring back the rows of app.orders`,
        expect.stringMatching(/its up part fails: .*already exists/),
      ]) as unknown,
    );
  },
);

story("a downgrade that says that there is none ends the way down; one that fails is a finding", async () => {
  const upgrade = ['op.create_table("stays", sa.Column("id", sa.Integer()), schema="app")'];
  const downgrade = ["raise NotImplementedError()"];
  await application.revise({ id, name: "leaves", down, upgrade, downgrade });
  const final = await run("--no-live");
  expect(final.findings).toEqual([]);
  expect(final.data).toMatchObject({ reversed: [], irreversible: `${versions}/${id}_leaves.py` });
  await application.revise({ id, name: "leaves", down, upgrade, downgrade: ['op.drop_table("other")'] });
  expect((await run("--no-live")).findings).toContainEqual(
    expect.objectContaining({ message: expect.stringMatching(/^its down part fails: .*other/) as unknown }),
  );
});
