import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { database, good, problemsOf, roles, server, testCases } from "./bad-configuration";

describe("a wrong value is told with what is allowed", () => {
  testCases([
    {
      what: "a port of the system",
      change: server({ port: 80 }),
      says: [
        "pgstead:server.port: 80 is not a whole number from 1024 to 65535 / write it such as `port: 54320`",
      ],
    },
    {
      what: "a port beyond the last",
      change: server({ port: 65536 }),
      says: [
        "pgstead:server.port: 65536 is not a whole number from 1024 to 65535 / write it such as `port: 54320`",
      ],
    },
    {
      what: "half a port",
      change: server({ port: 5432.5 }),
      says: [
        "pgstead:server.port: 5432.5 is not a whole number from 1024 to 65535 / write it such as `port: 54320`",
      ],
    },
    {
      what: "a number in quotes",
      change: server({ port: "54320" }),
      says: ['pgstead:server.port: "54320" is not a whole number from 1024 to 65535 / remove the quotes'],
    },
    {
      what: "a flag in words",
      change: roles({ app: { login: "yes" } }),
      says: ['pgstead:roles.app.login: "yes" is not true or false / write it such as `login: true`'],
    },
    {
      what: "a flag in words at the top",
      change: { "pgstead:disposable": "maybe" },
      says: ['pgstead:disposable: "maybe" is not true or false / write it such as `disposable: true`'],
    },
    {
      what: "a connection limit below -1",
      change: roles({ app: { connectionLimit: -2 } }),
      says: [
        "pgstead:roles.app.connectionLimit: -2 is not a whole number of -1 or more / write it such as `connectionLimit: 40`",
      ],
    },
    {
      what: "a connection limit that PostgreSQL cannot hold",
      change: roles({ app: { connectionLimit: 2147483648 } }),
      says: [
        "pgstead:roles.app.connectionLimit: 2147483648 is not a whole number of -1 or more / write it such as `connectionLimit: 40`",
      ],
    },
    {
      what: "password version 0",
      change: server({ administrator: { passwordVersion: 0 } }),
      says: [
        "pgstead:server.administrator.passwordVersion: 0 is not a whole number of 1 or more / write it such as `passwordVersion: 2`",
      ],
    },
    {
      what: "a word that is none of those allowed",
      change: server({ restart: "alow" }),
      says: ['pgstead:server.restart: "alow" is not one of allow, refuse / did you mean allow?'],
    },
    {
      what: "a map without a value (YAML null)",
      change: roles({ app: null }),
      says: [
        "pgstead:roles.app: has no value / give it one, such as `app: { login: true }`, or remove the line",
      ],
    },
    {
      what: "a schema without a value (YAML null)",
      change: database({ schemas: { app: null } }),
      says: [
        "pgstead:database.schemas.app: has no value / give it one, such as `app: {}`, or remove the line",
      ],
    },
    {
      what: "a list where a map belongs",
      change: database({ schemas: ["app", "audit"] }),
      says: [
        "pgstead:database.schemas: a list is not a map / write it such as `schemas: { app: {}, audit: {} }`",
      ],
    },
    {
      what: "a text where a map belongs",
      change: server("port=54320"),
      says: ['pgstead:server: "port=54320" is not a map / write it such as `server: { port: 54320 }`'],
    },
    {
      what: "JSON text that is cut off",
      change: server('{"port": 54320'),
      says: [
        'pgstead:server: "{\\"port\\": 54320" is not a map / write it such as `server: { port: 54320 }`',
      ],
    },
    {
      what: "a text where a list belongs",
      change: database({ extensions: "pgcrypto" }),
      says: [
        'pgstead:database.extensions: "pgcrypto" is not a list / write it such as `extensions: [pgcrypto, pg_trgm]`',
      ],
    },
    {
      what: "a number as an extension",
      change: database({ extensions: ["pgcrypto", 5] }),
      says: ["pgstead:database.extensions[1]: 5 is not a name or a map / write it such as `- pg_trgm`"],
    },
    {
      what: "an extension without a name",
      change: database({ extensions: [{ schema: "app" }] }),
      says: ["pgstead:database.extensions[0].name: is missing / add it, such as `name: pg_trgm`"],
    },
    {
      what: "an encrypted value",
      change: server({ port: { secure: "v1:abc" } }),
      says: [
        "pgstead:server.port: a map is not a whole number from 1024 to 65535 / nothing here is a secret: write it in clear, without --secret",
      ],
    },
  ]);
});

describe("all mistakes are told at once", () => {
  test("of types, of unknown keys and of meaning together", () => {
    const problems = problemsOf({
      "pgstead:target": "ha",
      "pgstead:server": '{"port": 80, "prot": 1}',
      "pgstead:database": {
        name: "my shop",
        extensions: [5, "uuid_ossp", 6],
        schemas: { pg_x: {}, app: null },
      },
      "pgstead:roles": { app: { connectionLimit: -5, login: true, name: "pg_app" }, owner: { login: true } },
    });
    expect(problems.map((line) => line.split(": ")[0])).toEqual([
      "pgstead:server.port",
      "pgstead:server.prot",
      "pgstead:database.extensions[0]",
      "pgstead:database.extensions[2]",
      "pgstead:database.schemas.app",
      "pgstead:roles.app.connectionLimit",
      "pgstead:target",
      "pgstead:database.name",
      "pgstead:database.schemas.pg_x",
      "pgstead:database.extensions",
      "pgstead:roles.owner.login",
      "pgstead:roles.app.name",
    ]);
  });

  test("and the whole text is what a user reads", () => {
    expect(() =>
      parseConfig({ "pgstead:databases": { shop: 5, billing: { schema: {} } } }, { stack: "prod" }),
    ).toThrowErrorMatchingInlineSnapshot(`
      [Error: the configuration of stack prod is not usable:
        pgstead:databases.shop: 5 is not a map
          hint: write it such as \`shop: { schemas: { app: {} } }\`
        pgstead:databases.billing.schema: is not a known key
          hint: did you mean schemas?]
    `);
  });
});

test("a long value is cut in the message", () => {
  expect(problemsOf({ ...good, ...server({ restart: "r".repeat(300) }) })).toEqual([
    `pgstead:server.restart: "${"r".repeat(76)}…" is not one of allow, refuse / write it such as \`restart: allow\``,
  ]);
});
