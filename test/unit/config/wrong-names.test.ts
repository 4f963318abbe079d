import { describe } from "vitest";
import { database, letters, nameHint, roles, testCases } from "./bad-configuration";

describe("a mistake in forms and names is told", () => {
  testCases([
    {
      what: "neither database nor databases",
      change: { "pgstead:database": {} },
      says: [
        "pgstead:database: no database is declared / declare one, such as `pgstead:database: { name: shop, schemas: { app: {} } }`",
      ],
    },
    {
      what: "both forms",
      change: { "pgstead:databases": { billing: {} } },
      says: [
        "pgstead:databases: stands beside pgstead:database / move the one into the other: pgstead:databases: { <name>: { … } }",
      ],
    },
    {
      what: "the short form's roles beside several databases",
      change: { "pgstead:database": {}, "pgstead:databases": { billing: {} }, ...roles({ app: {} }) },
      says: [
        "pgstead:roles: belongs to pgstead:database, and this stack has pgstead:databases / move them into a database: pgstead:databases: { <name>: { roles: { … } } }",
      ],
    },
    {
      what: "roles twice",
      change: { ...database({ roles: { app: {} } }), ...roles({ app: {} }) },
      says: ["pgstead:database.roles: stands beside pgstead:roles / keep one of the two"],
    },
    {
      what: "a name inside databases",
      change: { "pgstead:database": {}, "pgstead:databases": { billing: { name: "bills" } } },
      says: [
        "pgstead:databases.billing.name: the key of the map is the database's name / remove name, and call the key what the database is to be called",
      ],
    },
    {
      what: "a database without a name",
      change: { "pgstead:database": { schemas: { app: {} } } },
      says: ["pgstead:database.name: is missing / add it, such as `name: shop`"],
    },
    {
      what: "a name with a space",
      change: database({ name: "my shop" }),
      says: [`pgstead:database.name: "my shop" is not a name / ${nameHint}`],
    },
    {
      what: "a name in several databases with a dot",
      change: { "pgstead:database": {}, "pgstead:databases": { "a.b": {} } },
      says: [`pgstead:databases["a.b"]: "a.b" is not a name / ${nameHint}`],
    },
    {
      what: "an empty name",
      change: database({ name: "" }),
      says: [`pgstead:database.name: "" is not a name / ${nameHint}`],
    },
    {
      what: "a database that every server has",
      change: database({ name: "postgres" }),
      says: ["pgstead:database.name: postgres is a database that every server has / choose another name"],
    },
    {
      what: "a database name of 64 bytes",
      change: database({ name: letters(64) }),
      says: [
        `pgstead:database.name: ${letters(64)} has 64 bytes, and PostgreSQL keeps 63 of a name / choose a name of at most 63 bytes`,
      ],
    },
    {
      what: "a name of 63 characters and more bytes",
      change: database({ schemas: { ["é".repeat(32)]: {} } }),
      says: [
        `pgstead:database.schemas.${"é".repeat(32)}: ${"é".repeat(32)} has 64 bytes, and PostgreSQL keeps 63 of a name / choose a name of at most 63 bytes`,
      ],
    },
    {
      what: "a role whose derived name is too long",
      change: { ...database({ name: letters(54) }), ...roles({ reporting: {} }) },
      says: [
        `pgstead:roles.reporting: its name ${letters(54)}_reporting has 64 bytes, and PostgreSQL keeps 63 of a name / give the role a shorter \`name\` of its own`,
      ],
    },
  ]);
});
