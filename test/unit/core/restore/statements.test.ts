import { describe, expect, test } from "vitest";
import {
  connectionLimitOf,
  databaseOptions,
  partOf,
  renameDatabase,
} from "../../../../components/core/restore/dump-statements";
import { planRoles } from "../../../../components/core/restore/globals";
import { besideKind, besideName } from "../../../../components/core/restore/names";

describe("a statement of a dump", () => {
  test.each([
    [
      "REVOKE CONNECT,TEMPORARY ON DATABASE shop FROM PUBLIC;",
      'REVOKE CONNECT,TEMPORARY ON DATABASE "x" FROM PUBLIC;',
    ],
    ["ALTER DATABASE shop SET work_mem TO '7MB';", `ALTER DATABASE "x" SET work_mem TO '7MB';`],
    ['ALTER ROLE "a b" IN DATABASE shop SET a TO 1;', 'ALTER ROLE "a b" IN DATABASE "x" SET a TO 1;'],
    ["COMMENT ON DATABASE shop IS 'ON DATABASE shop ';", `COMMENT ON DATABASE "x" IS 'ON DATABASE shop ';`],
  ])("about the database is said of another one: %s", (sql, renamed) => {
    expect(partOf(sql)).toBe("database");
    expect(renameDatabase(sql, "shop", "x")).toBe(renamed);
  });

  test("about another database, or in a form that is not known, is refused", () => {
    expect(() => renameDatabase("ALTER DATABASE shopping OWNER TO a;", "shop", "x")).toThrow(
      "another database",
    );
    expect(() => partOf("DROP DATABASE shop;")).toThrow("not known");
    expect(partOf('CREATE TABLE a."DATABASE" (id int);')).toBe("content");
    expect(partOf("CREATE EVENT TRIGGER w ON ddl_command_end EXECUTE FUNCTION f();")).toBe("event trigger");
  });

  test("tells how the database is made, and how many may connect", () => {
    const sql = `CREATE DATABASE shop WITH TEMPLATE = template0 ENCODING = 'UTF8' TABLESPACE = "fast one";`;
    expect(databaseOptions(sql, "shop")).toEqual({
      options: " WITH TEMPLATE = template0 ENCODING = 'UTF8'",
      tablespace: "fast one",
    });
    expect(connectionLimitOf(["ALTER DATABASE shop CONNECTION LIMIT = 7;"])).toBe(7);
    expect(connectionLimitOf([])).toBe(-1);
  });
});

test("roles that are missing are made, none that is there is changed, and a superuser gets no login", () => {
  const plan = planRoles(
    [
      "CREATE ROLE app;",
      "ALTER ROLE app WITH NOSUPERUSER INHERIT NOREPLICATION LOGIN PASSWORD 'x NOSUPERUSER';",
      "CREATE ROLE root;",
      "ALTER ROLE root WITH SUPERUSER INHERIT LOGIN;",
      "CREATE ROLE there;",
      "ALTER ROLE there WITH LOGIN;",
      "GRANT root TO there WITH INHERIT TRUE GRANTED BY postgres;",
      "GRANT there TO app WITH INHERIT FALSE GRANTED BY postgres;",
    ],
    new Set(["there"]),
  );
  expect(plan.made).toEqual(["app", "root"]);
  expect(plan.statements).toEqual([
    "CREATE ROLE app;",
    "CREATE ROLE root;",
    "ALTER ROLE app WITH INHERIT LOGIN PASSWORD 'x NOSUPERUSER';",
    "ALTER ROLE root WITH SUPERUSER INHERIT NOLOGIN;",
  ]);
  expect(plan.memberships.map(({ ownSql }) => ownSql)).toEqual(['GRANT "there" TO "app" WITH INHERIT FALSE']);
  expect(plan.notes.join()).toContain("there was there: it was not made a member of root");
});

test("the name of a database beside another one is known again, however long", () => {
  for (const database of ["shop", "é".repeat(31), "a".repeat(63)]) {
    const name = besideName(database, "before", 0);
    expect(new TextEncoder().encode(name).length).toBeLessThanOrEqual(63);
    expect(besideKind(name, database)).toBe("before");
    expect(besideKind(name, `${database.slice(1)}x`)).toBeUndefined();
  }
});
