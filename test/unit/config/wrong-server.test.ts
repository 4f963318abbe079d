import { describe } from "vitest";
import { reservedHint, roles, server, testCases } from "./bad-configuration";

describe("a mistake about the server or about losses is told", () => {
  testCases([
    {
      what: "a target of later",
      change: { "pgstead:target": "ha" },
      says: ["pgstead:target: ha is not available yet / set pgstead:target to embedded, docker or existing"],
    },
    {
      what: "a target that will never be",
      change: { "pgstead:target": "embeded" },
      says: [
        'pgstead:target: "embeded" is not one of embedded, docker, existing, ha / did you mean embedded?',
      ],
    },
    {
      what: "a relative data directory",
      change: server({ dataDirectory: "~/data" }),
      says: [
        'pgstead:server.dataDirectory: "~/data" is not an absolute path / write the whole path, such as /srv/postgresql/shop; ~ and variables are not replaced',
      ],
    },
    {
      what: "the root as data directory",
      change: server({ dataDirectory: "/home/" }),
      says: [
        'pgstead:server.dataDirectory: "/home/" is too near to the root to be a server\'s own / choose a directory that nothing else uses, such as /srv/postgresql/shop',
      ],
    },
    {
      what: "a data directory with dots",
      change: server({ dataDirectory: "/srv/a/../.." }),
      says: ['pgstead:server.dataDirectory: "/srv/a/../.." has . or .. in it / write the path without them'],
    },
    {
      what: "a reserved name of the administrator",
      change: server({ administrator: { name: "pg_admin" } }),
      says: [`pgstead:server.administrator.name: pg_admin is reserved for PostgreSQL / ${reservedHint}`],
    },
    {
      what: "a role with the administrator's name",
      change: { ...server({ administrator: { name: "shop_app" } }), ...roles({ app: { login: true } }) },
      says: [
        "pgstead:roles.app: shop_app is the administrator / choose another name for one of them (pgstead:server: { administrator: { name: … } })",
      ],
    },
    {
      what: "an allowed loss of no known form",
      change: { "pgstead:allowDataLoss": ["schema old", "table a.b.c"] },
      says: [
        'pgstead:allowDataLoss[0]: "schema old" is not `database <name>`, `schema <database>.<schema>`, `migration <database>/<file>` or `downgrade <database>/<file>` / copy the entry from the refusal that asks for it',
        'pgstead:allowDataLoss[1]: "table a.b.c" is not `database <name>`, `schema <database>.<schema>`, `migration <database>/<file>` or `downgrade <database>/<file>` / copy the entry from the refusal that asks for it',
      ],
    },
    {
      what: "an allowed loss by a migration of no declared database, or by none",
      change: {
        "pgstead:allowDataLoss": [
          "migration shop/0007-drop.sql",
          "migration other/0007-drop.sql",
          "migration shop/7.sql",
        ],
      },
      says: [
        'pgstead:allowDataLoss[1]: "migration other/0007-drop.sql" is of no declared database / the databases are shop',
        'pgstead:allowDataLoss[2]: "migration shop/7.sql" names no migration / copy the entry from the refusal that asks for it',
      ],
    },
    {
      what: "an allowed loss of what is declared",
      change: { "pgstead:allowDataLoss": '["database shop", "schema shop.app", "schema shop.public"]' },
      says: ["database shop", "schema shop.app", "schema shop.public"].map(
        (entry, index) =>
          `pgstead:allowDataLoss[${index}]: "${entry}" allows the loss of what is declared / remove the entry, or remove the declaration as well`,
      ),
    },
    {
      what: "an allowed loss twice",
      change: { "pgstead:allowDataLoss": ["schema shop.old", "schema shop.old"] },
      says: ['pgstead:allowDataLoss[1]: "schema shop.old" is listed twice / remove one of the two'],
    },
  ]);
});
