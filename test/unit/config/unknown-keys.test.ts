import { describe } from "vitest";
import { database, roles, server, testCases } from "./bad-configuration";

describe("a key that is not known is told with what was meant", () => {
  testCases([
    {
      what: "an unknown key near a known one",
      change: { "pgstead:databse": { name: "shop" } },
      says: ["pgstead:databse: is not a known key / did you mean database?"],
    },
    {
      what: "an unknown key that is known elsewhere",
      change: { "pgstead:port": 54320 },
      says: ["pgstead:port: is not a known key / it belongs to pgstead:server.port"],
    },
    {
      what: "an unknown key that is like nothing",
      change: { "pgstead:colour": "blue" },
      says: [
        "pgstead:colour: is not a known key / known here: target, disposable, protect, allowDataLoss, scratch, server, administratorPassword, docker, caKey, monitoring, receiverSecrets, backup, copySecrets, repositorySecrets, drift, security, database, roles, migrations, audit, databases",
      ],
    },
    {
      what: "a namespace with a typo",
      change: { "pgsted:server": { port: 54321 } },
      says: ["pgsted:server: is a key of another namespace / did you mean pgstead:server?"],
    },
    {
      what: "an unknown key in a map",
      change: server({ prot: 54320 }),
      says: ["pgstead:server.prot: is not a known key / did you mean port?"],
    },
    {
      what: "an unknown key in a map of a map",
      change: server({ administrator: { passwordversion: 2 } }),
      says: [
        "pgstead:server.administrator.passwordversion: is not a known key / did you mean passwordVersion?",
      ],
    },
    {
      what: "an unknown key of a role",
      change: roles({ app: { conectionLimit: 3 } }),
      says: ["pgstead:roles.app.conectionLimit: is not a known key / did you mean connectionLimit?"],
    },
    {
      what: "a setting of a schema",
      change: database({ schemas: { app: { colour: "blue" } } }),
      says: ["pgstead:database.schemas.app.colour: is not a known key / known here: owner, writers, readers"],
    },
    {
      what: "a superuser",
      change: roles({ app: { login: true, superuser: true } }),
      says: [
        "pgstead:roles.app.superuser: a role is never superuser here: the administrator is the only one / give the role what it needs: createDatabase, createRole, replication or bypassRowLevelSecurity",
      ],
    },
    {
      what: "a password",
      change: roles({ app: { login: true, password: "secret" } }),
      says: [
        "pgstead:roles.app.password: a password does not belong into a configuration file / remove it: passwords are made for you, and `npm run ops -- connection --role <role>` shows them; write keep for one that the server has already",
      ],
    },
  ]);
});
