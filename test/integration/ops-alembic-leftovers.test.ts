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

const migrate = (command: string, ...args: readonly string[]) => stack.ops("migrate", command, ...args);

interface Json {
  readonly findings: readonly { subject: string; message: string; hint: string }[];
}

const json = async (command: string, ...args: readonly string[]): Promise<Json> =>
  JSON.parse((await migrate(command, ...args, "--json")).stdout) as Json;

const versions = "migrations/versions";
const story = test.skipIf(!hasPython);

story(
  "an index that a failed build left is told with the SQL that mends it, and then the revision runs",
  async () => {
    const id = "b8f0c3d2e4b5";
    expect((await migrate("upgrade", "--yes")).exitCode).toBe(0);
    await application.revise({
      id,
      name: "names",
      down: "c3f0c3d2e4b5",
      upgrade: [
        "with op.get_context().autocommit_block():",
        '    op.create_index("one_name", "customers", ["name"], unique=True, schema="app", postgresql_concurrently=True)',
      ],
    });
    expect((await json("status")).findings).toEqual([]);
    await change("INSERT INTO app.customers (id, name) VALUES (100, 'Twin'), (101, 'Twin')");
    expect((await migrate("upgrade", "--yes")).stdout).toContain("could not create unique index");
    await change("DELETE FROM app.customers WHERE id = 101");
    const mend = 'DROP INDEX CONCURRENTLY IF EXISTS "app"."one_name"';
    for (const command of [["status"], ["check"], ["repair"], ["upgrade", "--yes"]]) {
      expect((await json(command[0] ?? "", ...command.slice(1))).findings).toContainEqual({
        subject: `${versions}/${id}_names.py:12`,
        message: expect.stringContaining("an earlier build of the index one_name failed") as unknown,
        hint: `as its owner, outside of a transaction: ${mend}; Then run this again`,
      });
    }
    expect((await migrate("sql")).stdout).toContain("CREATE UNIQUE INDEX CONCURRENTLY one_name");
    await change(mend);
    expect((await migrate("upgrade", "--yes")).stdout).toBe("database shop: 1 migration is done\n");
    expect((await json("status")).findings).toEqual([]);
  },
);
