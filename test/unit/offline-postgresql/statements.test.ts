import { describe, expect, test } from "vitest";
import {
  createDatabaseStatement,
  updateDatabaseStatements,
} from "../../../infra/toolchain/offline/postgresql/database";
import {
  createExtensionStatement,
  updateExtensionStatements,
} from "../../../infra/toolchain/offline/postgresql/extension";
import { RoleSettings } from "../../../infra/toolchain/offline/postgresql/role-settings";
import {
  createRoleStatements,
  updateRoleStatements,
} from "../../../infra/toolchain/offline/postgresql/role-statements";

describe("statements of the offline postgresql plugin", () => {
  test("a role is made with every attribute, then its memberships and settings", () => {
    const role = {
      name: 'we"ird',
      login: true,
      password: "it's",
      connectionLimit: 3,
      roles: ["b", "a", "b"],
      searchPaths: ["app", "$user"],
      statementTimeout: 30_000,
    };
    expect(createRoleStatements(role)).toEqual([
      `CREATE ROLE "we""ird" WITH ENCRYPTED PASSWORD 'it''s' VALID UNTIL 'infinity' CONNECTION LIMIT 3 NOSUPERUSER NOCREATEDB NOCREATEROLE INHERIT LOGIN NOBYPASSRLS NOREPLICATION`,
      `GRANT "a" TO "we""ird"`,
      `GRANT "b" TO "we""ird"`,
      `ALTER ROLE "we""ird" SET search_path TO "app", "$user"`,
      `ALTER ROLE "we""ird" SET statement_timeout TO 30000`,
    ]);
  });

  test("any update of a role revokes what it is a member of, and sets its search path", () => {
    const before = { name: "app", connectionLimit: 1 };
    const after = { name: "app", connectionLimit: 2, roles: ["kept"] };
    expect(updateRoleStatements(before, after, ["connectionLimit"], ["kept", "by_hand"])).toEqual([
      `ALTER ROLE "app" CONNECTION LIMIT 2`,
      `REVOKE "kept" FROM "app"`,
      `REVOKE "by_hand" FROM "app"`,
      `GRANT "kept" TO "app"`,
      `ALTER ROLE "app" SET search_path TO DEFAULT`,
    ]);
  });

  test("a renamed role gets its password again, a removed password is taken away", () => {
    const after = { name: "new", password: "p", validUntil: "2030-01-01" };
    expect(updateRoleStatements({ name: "old" }, after, ["name", "validUntil"], [])).toEqual([
      `ALTER ROLE "old" RENAME TO "new"`,
      `ALTER ROLE "new" ENCRYPTED PASSWORD 'p'`,
      `ALTER ROLE "new" VALID UNTIL '2030-01-01'`,
      `ALTER ROLE "new" SET search_path TO DEFAULT`,
    ]);
    expect(updateRoleStatements({ name: "a" }, { name: "a" }, ["password"], [])[0]).toBe(
      `ALTER ROLE "a" PASSWORD NULL`,
    );
    expect(updateRoleStatements({ name: "a" }, { name: "a" }, ["statementTimeout"], []).at(-1)).toBe(
      `ALTER ROLE "a" RESET statement_timeout`,
    );
  });

  test("a database comes from template0 in UTF8 and belongs to the login, unless told otherwise", () => {
    expect(createDatabaseStatement({ name: "shop" }, "postgres")).toBe(
      `CREATE DATABASE "shop" OWNER "postgres" TEMPLATE "template0" ENCODING 'UTF8' ALLOW_CONNECTIONS true CONNECTION LIMIT -1 IS_TEMPLATE false`,
    );
    const full = {
      name: "shop",
      owner: "o",
      template: "t",
      encoding: "LATIN1",
      lcCollate: "C",
      lcCtype: "POSIX",
    };
    expect(
      createDatabaseStatement({ ...full, allowConnections: false, connectionLimit: 5 }, "postgres"),
    ).toBe(
      `CREATE DATABASE "shop" OWNER "o" TEMPLATE "t" ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'POSIX' ALLOW_CONNECTIONS false CONNECTION LIMIT 5 IS_TEMPLATE false`,
    );
    expect(updateDatabaseStatements({ name: "a" }, { name: "b", owner: "o" }, ["name", "owner"])).toEqual([
      `ALTER DATABASE "a" RENAME TO "b"`,
      `ALTER DATABASE "b" OWNER TO "o"`,
    ]);
  });

  test("an extension is made in its schema and version, and altered in place", () => {
    expect(createExtensionStatement({ name: "uuid-ossp" })).toBe(
      `CREATE EXTENSION IF NOT EXISTS "uuid-ossp"`,
    );
    const full = { name: "postgis", schema: "geo", version: "3.4", createCascade: true };
    expect(createExtensionStatement(full)).toBe(
      `CREATE EXTENSION IF NOT EXISTS "postgis" SCHEMA "geo" VERSION "3.4" CASCADE`,
    );
    expect(updateExtensionStatements(full, ["schema", "version"])).toEqual([
      `ALTER EXTENSION "postgis" SET SCHEMA "geo"`,
      `ALTER EXTENSION "postgis" UPDATE TO "3.4"`,
    ]);
  });
});

describe("a role's settings", () => {
  test("are read as PostgreSQL writes them", () => {
    const settings = new RoleSettings([
      'search_path="$user", app, "we""ird"',
      "statement_timeout=30s",
      "idle_in_transaction_session_timeout=60000",
      "role=owner",
    ]);
    expect(settings.searchPaths()).toEqual(["$user", "app", 'we"ird']);
    expect(settings.milliseconds("statement_timeout")).toBe(30_000);
    expect(settings.milliseconds("idle_in_transaction_session_timeout")).toBe(60_000);
    expect(settings.milliseconds("lock_timeout")).toBe(0);
    expect(settings.assumedRole()).toBe("owner");
  });

  test("that cannot be understood are an error, not a zero", () => {
    expect(() => new RoleSettings(["statement_timeout=soon"]).milliseconds("statement_timeout")).toThrow(
      "soon",
    );
    expect(new RoleSettings(null).searchPaths()).toBeNull();
  });
});
