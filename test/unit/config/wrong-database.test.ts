import { describe } from "vitest";
import { database, reservedHint, testCases } from "./bad-configuration";

describe("a mistake about a database is told", () => {
  testCases([
    {
      what: "an encoding that the target does not have",
      change: database({ encoding: "LATIN1" }),
      says: ['pgstead:database.encoding: the embedded server has UTF8 only, not "LATIN1" / write UTF8'],
    },
    {
      what: "a locale that the target does not have",
      change: database({ locale: "de_DE.UTF-8" }),
      says: [
        'pgstead:database.locale: the embedded server has locale C only, not "de_DE.UTF-8" / write C, and sort by a language where it matters: ORDER BY name COLLATE "de-x-icu"',
      ],
    },
    {
      what: "a template of this stack",
      change: { "pgstead:database": {}, "pgstead:databases": { a: {}, b: { template: "a" } } },
      says: [
        "pgstead:databases.b.template: a is declared in this stack: what it contains when it is copied is a matter of luck / use template0, and let migrations make the content",
      ],
    },
    {
      what: "a schema of PostgreSQL",
      change: database({ schemas: { pg_app: {}, information_schema: {} } }),
      says: [
        `pgstead:database.schemas.pg_app: pg_app is reserved for PostgreSQL / ${reservedHint}`,
        `pgstead:database.schemas.information_schema: information_schema is reserved for PostgreSQL / ${reservedHint}`,
      ],
    },
    {
      what: "pgstead's own schema",
      change: database({ schemas: { pgstead: {} } }),
      says: [
        "pgstead:database.schemas.pgstead: pgstead is the schema of pgstead's own tables / choose another name",
      ],
    },
    {
      what: "an extension with a typo",
      change: database({ extensions: ["uuid_ossp"] }),
      says: [
        'pgstead:database.extensions: the embedded server has no extension "uuid_ossp" / did you mean uuid-ossp?',
      ],
    },
    {
      what: "an extension that needs the operating system",
      change: database({ extensions: ["plpython3u"] }),
      says: [
        "pgstead:database.extensions: plpython3u needs a library of the operating system, which the embedded server does without / remove it; functions in SQL and PL/pgSQL need nothing",
      ],
    },
    {
      what: "an extension that is always there",
      change: database({ extensions: ["plpgsql"] }),
      says: ["pgstead:database.extensions: plpgsql is always there / remove it"],
    },
    {
      what: "an extension without what it needs",
      change: database({ extensions: ["earthdistance"] }),
      says: ["pgstead:database.extensions: earthdistance needs cube / add cube to the list"],
    },
    {
      what: "an extension twice",
      change: database({ extensions: ["pgcrypto", { name: "pgcrypto" }] }),
      says: ["pgstead:database.extensions: pgcrypto is listed twice / remove one of the two"],
    },
    {
      what: "an extension in a schema that is not declared",
      change: database({ extensions: [{ name: "pgcrypto", schema: "ap" }] }),
      says: [
        'pgstead:database.extensions: pgcrypto is to be in schema "ap", which the database does not have / did you mean app?',
      ],
    },
    {
      what: "a version as a number",
      change: database({ extensions: [{ name: "pgcrypto", version: 1.3 }] }),
      says: [
        'pgstead:database.extensions[0].version: 1.3 is not a version in quotes / write it such as `version: "1.6"`',
      ],
    },
    {
      what: "a version that is none",
      change: database({ extensions: [{ name: "pgcrypto", version: "1.2--1.3" }] }),
      says: [
        'pgstead:database.extensions: pgcrypto has no version "1.2--1.3" / write it such as version: "1.6"',
      ],
    },
  ]);
});
