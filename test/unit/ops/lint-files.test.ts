import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { chooseFiles, lint } from "../../../infra/ops/migrate/lint";
import { migrationText } from "../core/migrations/judged";

let home = "";
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "pgstead-lint-"));
  const files = {
    "sql/migrations/0001-a.sql": migrationText("CREATE TABLE app.a (x int);"),
    "sql/views/a.sql": "CREATE OR REPLACE VIEW app.v AS SELECT x FROM app.a;",
    "sql/views/b.sql": "CREATE OR REPLACE VIEW app.w AS SELECT x FROM app.v;",
    "several/migrations/shop/0001-a.sql": migrationText("CREATE TABLE app.a (x int);"),
    "several/functions/shop/f.sql":
      "CREATE OR REPLACE FUNCTION app.f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE app.a; END $$;",
  };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(join(home, dirname(path)), { recursive: true });
    await writeFile(join(home, path), text);
  }
});
afterAll(() => rm(home, { recursive: true, force: true }));

test("a repeatable file is judged alone where it is named, or with a migration", async () => {
  const view = await lint([chooseFiles(["sql/views/b.sql"], undefined, home)]);
  expect(view.migrations).toEqual([]);
  expect(view.repeatables.map(({ name }) => name)).toEqual(["views/b.sql"]);
  const both = await lint([chooseFiles(["sql/migrations/0001-a.sql", "sql/views/a.sql"], undefined, home)]);
  expect(both.migrations.map(({ file }) => file)).toEqual(["0001-a.sql"]);
  expect(both.repeatables.map(({ name }) => name)).toEqual(["views/a.sql"]);
  const code = await lint([chooseFiles(["several/functions/shop/f.sql"], undefined, home)]);
  expect(code.findings).toMatchObject([{ rule: "function-body", blocks: true }]);
});

test("a repeatable file that is not there, and one of another directory, are told by name", async () => {
  await expect(lint([chooseFiles(["sql/views/c.sql"], undefined, home)])).rejects.toMatchObject({
    problems: [{ path: "sql/views/c.sql", message: "is not there, or is no migration" }],
  });
  expect(() =>
    chooseFiles(["sql/migrations/0001-a.sql", "several/functions/shop/f.sql"], undefined, home),
  ).toThrow("is not in sql/migrations, nor in functions or views beside it");
});
