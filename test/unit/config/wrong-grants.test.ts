import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { good, roles, testCases } from "./bad-configuration";

const grant = (on: unknown, privileges: readonly string[], more: Record<string, unknown> = {}) =>
  roles({ api: { grants: [{ on, privileges, ...more }] } });
const at = "pgstead:roles.api.grants[0]";

describe("a mistake about grants is told", () => {
  testCases([
    {
      what: "a grant on nothing",
      change: grant({}, ["SELECT"]),
      says: [`${at}.on: it is on nothing / name one, such as { table: app.orders }`],
    },
    {
      what: "a grant on two things",
      change: grant({ table: "app.a", schema: "app" }, ["SELECT"]),
      says: [`${at}.on: it is on several things / name one, such as { table: app.orders }`],
    },
    {
      what: "a privilege that the kind of object does not have",
      change: grant({ sequence: "app.numbers" }, ["INSERT", "USAGE"]),
      says: [
        `${at}.privileges[0]: "INSERT" is no privilege of a sequence / it has SELECT, UPDATE, USAGE, ALL`,
      ],
    },
    {
      what: "a misspelt privilege",
      change: grant({ table: "app.orders" }, ["SELCT"]),
      says: [`${at}.privileges[0]: "SELCT" is no privilege of a table / did you mean SELECT?`],
    },
    {
      what: "no privilege",
      change: grant({ functionsIn: "app" }, []),
      says: [`${at}.privileges: it is empty / name one of EXECUTE, ALL`],
    },
    {
      what: "columns of what has none",
      change: grant({ schema: "app" }, ["USAGE"], { columns: ["a"] }),
      says: [`${at}.columns: a schema has no columns / remove columns, or name a table`],
    },
    {
      what: "a name without its schema",
      change: grant({ table: "orders" }, ["SELECT"]),
      says: [`${at}.on.table: "orders" does not say its schema / write app.orders`],
    },
    {
      what: "a schema that is not declared",
      change: grant({ table: "ap.orders" }, ["SELECT"]),
      says: [`${at}.on.table: the database has no schema "ap" / did you mean app?`],
    },
    {
      what: "a name that is none",
      change: grant({ table: "app.my orders" }, ["SELECT"]),
      says: [`${at}.on.table: "app.my orders" is no name / write it such as app."My table"`],
    },
    {
      what: "arguments of what is no function",
      change: grant({ table: "app.price(int)" }, ["SELECT"]),
      says: [`${at}.on.table: "app.price(int)" has arguments / is it a function?`],
    },
    {
      what: "a large object that is no number",
      change: grant({ largeObject: "logo" }, ["SELECT"]),
      says: [`${at}.on.largeObject: "logo" is no number / write it such as "16400"`],
    },
    {
      what: "a grant option on the database",
      change: grant({ database: true }, ["TEMPORARY"], { grantOption: true }),
      says: [
        `${at}.grantOption: nobody passes on what is on a database / remove the line, and declare the grants of the other roles`,
      ],
    },
    {
      what: "grants of a role on its way out",
      change: roles({ api: { retired: "keep", grants: [{ on: { schema: "app" }, privileges: ["USAGE"] }] } }),
      says: [
        "pgstead:roles.api.grants: api is retired / remove the grants: a retired role loses its privileges",
      ],
    },
  ]);
});

test("a grant is complete, with privileges in PostgreSQL's capitals", () => {
  const written = grant({ table: 'app."Orders"' }, ["select"], { columns: ["id"] });
  const { databases } = parseConfig({ ...good, ...written }, { stack: "dev" });
  expect(databases[0]?.roles.find(({ key }) => key === "api")?.grants).toEqual([
    { on: { table: 'app."Orders"' }, privileges: ["SELECT"], columns: ["id"], grantOption: false },
  ]);
});
