import { describe } from "vitest";
import { database, nameHint, reservedHint, roles, server, testCases } from "./bad-configuration";

describe("a mistake about roles is told", () => {
  testCases([
    {
      what: "an owner that logs in",
      change: roles({ owner: { login: true } }),
      says: [
        "pgstead:roles.owner.login: the owner never logs in: who could, could drop everything / remove login, and log in as the migrator, or declare another role",
      ],
    },
    {
      what: "a migrator that does not log in",
      change: roles({ migrator: { login: false } }),
      says: [
        "pgstead:roles.migrator.login: the migrator has to log in: it runs the migrations / remove the line",
      ],
    },
    {
      what: "a password version of a role that does not log in",
      change: roles({ group: { passwordVersion: 2 } }),
      says: [
        "pgstead:roles.group.passwordVersion: a role that does not log in has no password / remove it, or add login: true",
      ],
    },
    {
      what: "a role's key that is no name",
      change: roles({ "my app": {} }),
      says: [`pgstead:roles["my app"]: "my app" is not a name / ${nameHint}`],
    },
    {
      what: "a role named as one of PostgreSQL's",
      change: roles({ app: { name: "pg_app" }, everyone: { name: "public" } }),
      says: [
        `pgstead:roles.app.name: pg_app is reserved for PostgreSQL / ${reservedHint}`,
        `pgstead:roles.everyone.name: public is reserved for PostgreSQL / ${reservedHint}`,
      ],
    },
    {
      what: "a role named postgres beside another administrator",
      change: { ...server({ administrator: { name: "admin" } }), ...roles({ app: { name: "postgres" } }) },
      says: ["pgstead:roles.app.name: postgres is the name of superusers / choose another name"],
    },
    {
      what: "two roles of a database with one name",
      change: roles({ app: {}, web: { name: "shop_app" } }),
      says: [
        "pgstead:roles.web: is called shop_app, and so is pgstead:roles.app / give one of the two another `name`: roles belong to the whole server",
      ],
    },
    {
      what: "two roles of two databases with one name",
      change: {
        "pgstead:database": {},
        "pgstead:databases": { a: { roles: { b_c: {} } }, a_b: { roles: { c: {} } } },
      },
      says: [
        "pgstead:databases.a_b.roles.c: is called a_b_c, and so is pgstead:databases.a.roles.b_c / give one of the two another `name`: roles belong to the whole server",
      ],
    },
    {
      what: "a role with more connections than its database",
      change: { ...database({ connectionLimit: 20 }), ...roles({ app: { connectionLimit: 40 } }) },
      says: [
        "pgstead:roles.app.connectionLimit: 40 is more than the 20 that database shop takes in all / lower it to 20, or raise the connectionLimit of the database",
      ],
    },
    {
      what: "a moment that is none",
      change: roles({ app: { login: true, validUntil: "tomorrow" }, web: { validUntil: "2030-02-30" } }),
      says: [
        'pgstead:roles.app.validUntil: "tomorrow" is not a moment / write it such as validUntil: "2030-01-01T00:00:00Z"',
        'pgstead:roles.web.validUntil: "2030-02-30" is not a moment / write it such as validUntil: "2030-01-01T00:00:00Z"',
      ],
    },
  ]);
});
