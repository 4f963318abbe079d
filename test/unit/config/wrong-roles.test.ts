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
      what: "logins that take turns of a role that cannot",
      change: roles({
        group: { rotation: "dual" },
        kept: { login: true, password: "keep", rotation: "dual" },
        migrator: { rotation: "dual" },
        maker: {
          login: true,
          rotation: "dual",
          createDatabase: true,
          grants: [{ on: { database: true }, privileges: ["CREATE"] }],
        },
      }),
      says: [
        "pgstead:roles.migrator.rotation: the migrator is one login, as which all changes of the schema are made / remove the line: pgstead reads its password anew each time; who migrates by hand asks `connection`",
        "pgstead:roles.group.rotation: a role that does not log in has no password / remove it, or add login: true",
        "pgstead:roles.kept.rotation: the password of the role is kept as it is / remove one of password and rotation",
        "pgstead:roles.maker.rotation: maker has createDatabase and a grant of CREATE, and what one login makes the other cannot change / give that to a role of one login, such as the migrator",
      ],
    },
    {
      what: "a second login whose name is taken, or too long, and one that is used as a group",
      change: roles({
        app: { login: true, rotation: "dual" },
        app_2: {},
        web: { memberOf: ["app"] },
        long: { login: true, rotation: "dual", name: "x".repeat(62) },
      }),
      says: [
        "pgstead:roles.app: the second login of app is called shop_app_2, and so is another role / its logins are shop_app and shop_app_2: give the role, or the other, another `name`",
        "pgstead:roles.web.memberOf[0]: app has two logins that take turns, and is no group / make a role that does not log in, with app and web as its members",
        `pgstead:roles.long: its second login ${"x".repeat(62)}_2 has 64 bytes, and PostgreSQL keeps 63 of a name / give the role a shorter \`name\``,
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
    {
      what: "an owner that retires",
      change: roles({ owner: { retired: "reassign" } }),
      says: ["pgstead:roles.owner.retired: the owner is always in use / remove the line"],
    },
    {
      what: "a membership that is listed twice, by key and by name",
      change: roles({ app: { memberOf: ["reporting", "shop_reporting"] }, reporting: {} }),
      says: ["pgstead:roles.app.memberOf[1]: shop_reporting is listed twice / remove one of the two"],
    },
    {
      what: "a membership in the group of a schema",
      change: roles({ app: { memberOf: ["shop_app_reader"] } }),
      says: [
        "pgstead:roles.app.memberOf[0]: shop_app_reader is the group of a schema / name the role under readers or writers of the schema instead",
      ],
    },
    {
      what: "roles that belong to each other",
      change: roles({ a: { memberOf: ["b"] }, b: { memberOf: [{ role: "a" }] } }),
      says: [
        "pgstead:roles.a.memberOf[0]: shop_b belongs to shop_a itself / remove one of the two",
        "pgstead:roles.b.memberOf[0]: shop_a belongs to shop_b itself / remove one of the two",
      ],
    },
    {
      what: "a role that belongs to itself",
      change: roles({ a: { memberOf: ["a"] } }),
      says: ["pgstead:roles.a.memberOf[0]: shop_a belongs to shop_a itself / remove one of the two"],
    },
    {
      what: "options of a membership that are none",
      change: roles({ a: { memberOf: [{ role: "b", admin: "yes" }] }, b: {} }),
      says: [
        'pgstead:roles.a.memberOf[0].admin: "yes" is not true or false / write it such as `admin: true`',
      ],
    },
    {
      what: "settings that are no names or no values",
      change: roles({
        app: { settings: { "work mem": "8MB", work_mem: { at: 1 } } },
        migrator: { settings: { role: "shop_owner" } },
      }),
      says: [
        "pgstead:roles.app.settings.work_mem: a map is not a text, a number, true or false, or a list / write it such as `work_mem: 30s`",
        "pgstead:roles.migrator.settings.role: the migrator works as the owner, by this very setting / remove it, or declare another role",
        'pgstead:roles.app.settings["work mem"]: "work mem" is no name of a setting / write it as PostgreSQL does, such as statement_timeout',
      ],
    },
    {
      what: "a profile that is not there",
      change: roles({ app: { profile: "monitr" } }),
      says: ['pgstead:roles.app.profile: "monitr" is not one of backup, monitor / did you mean monitor?'],
    },
    {
      what: "a role that has the name of a schema's group",
      change: roles({ reader: { name: "shop_app_reader" } }),
      says: ["pgstead:roles.reader.name: shop_app_reader is the group of a schema / choose another name"],
    },
  ]);
});

describe("a mistake about who owns, reads and writes a schema is told", () => {
  testCases([
    {
      what: "roles that are not there, or are on their way out",
      change: {
        ...database({ schemas: { app: { owner: "ownr", writers: ["shop_app"], readers: ["app", "old"] } } }),
        ...roles({ app: {}, old: { retired: "keep" } }),
      },
      says: [
        'pgstead:database.schemas.app.owner: the database has no role "ownr" / did you mean owner?',
        'pgstead:database.schemas.app.writers[0]: the database has no role "shop_app" / declare it: roles: { shop_app: {} }',
        "pgstead:database.schemas.app.readers[1]: old is retired / name another role, or remove this one",
      ],
    },
  ]);
});
