import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readRepeatableFiles, repeatablePlace } from "../../../components/io/migration-files";

test.each([
  ["/p/sql/migrations", "sql/migrations", "/p/sql/views", "sql/views"],
  ["/p/sql/migrations/shop", "sql/migrations/shop", "/p/sql/views/shop", "sql/views/shop"],
  ["/p/db", "db", "/p/views", "views"],
  ["/p/sql/migrations", ".", "/p/sql/views", "../views"],
])("beside %s, shown as %s, views are in %s, shown as %s", (directory, shown, place, path) => {
  expect(repeatablePlace({ directory, shown }, "views")).toEqual({ directory: place, shown: path });
});

test("a directory without SQL is somebody else's; in one with SQL everything else is told", async () => {
  const home = await mkdtemp(join(tmpdir(), "pgstead-repeatable-"));
  const migrations = { directory: join(home, "migrations"), shown: "migrations" };
  for (const name of ["functions", "views"]) await mkdir(join(home, name));
  await writeFile(join(home, "functions", "index.js"), "");
  expect(await readRepeatableFiles(migrations)).toEqual({ files: [], others: [] });
  for (const name of ["v.sql", "README.md", ".gitkeep", "notes.txt"])
    await writeFile(join(home, "views", name), "");
  const { files, others } = await readRepeatableFiles(migrations);
  expect(files.map(({ name, path }) => [name, path])).toEqual([["views/v.sql", "views/v.sql"]]);
  expect(others).toEqual(["views/notes.txt"]);
  await rm(home, { recursive: true });
});
