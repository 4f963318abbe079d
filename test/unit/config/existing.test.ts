import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { choosePlace } from "../../../infra/ops/schema/scratch-options";
import { database, problemsOf, roles, server } from "./bad-configuration";

const existing = { "pgstead:target": "existing", "pgstead:server": { host: "db.example.com" } };
const shop = { "pgstead:database": { name: "shop" } };

const parse = (more: Readonly<Record<string, unknown>> = {}) =>
  parseConfig({ ...existing, ...shop, ...more }, { stack: "prod" });

describe("target existing", () => {
  test("has defaults: the usual port, a proven connection, a superuser, the whole server", () => {
    expect(parse().server).toMatchObject({
      port: 5432,
      existing: {
        host: "db.example.com",
        tls: { mode: "verify-full" },
        superuser: true,
        shared: false,
      },
      administrator: { name: "postgres" },
    });
  });

  test("is spoken to in clear on loopback only, unless that is said", () => {
    expect(parse(server({ host: "127.0.0.1" })).server.existing?.tls).toEqual({ mode: "disable" });
    expect(parse(server({ host: "::1", tls: { ca: "db.crt" } })).server.existing?.tls).toEqual({
      mode: "disable",
      ca: "db.crt",
    });
    const clear = parse(server({ host: "10.0.0.7", tls: { mode: "disable" } }));
    expect(clear.server.existing?.tls).toEqual({ mode: "disable" });
  });

  test("makes scratch databases where it is told to, and in a container on target docker alone", () => {
    expect(parse().scratch).toBe("auto");
    const config = parse({ "pgstead:scratch": "same-server" });
    expect([
      choosePlace(config, {}),
      choosePlace(config, { scratch: "embedded" }),
      choosePlace(parse(), {}),
    ]).toEqual(["same-server", "embedded", "embedded"]);
    expect(problemsOf({ ...existing, ...shop, "pgstead:scratch": "container" })).toEqual([
      expect.stringMatching(
        /^pgstead:scratch: container is for target docker.*write embedded, or same-server$/,
      ),
    ]);
  });

  test("takes the encodings, locales and extensions that the server has", () => {
    const own = { encoding: "LATIN1", locale: "de_DE", ctype: "C", extensions: ["postgis"] };
    expect(parse(database(own)).databases[0]).toMatchObject({
      encoding: "LATIN1",
      locale: "de_DE",
      ctype: "C",
      extensions: [{ name: "postgis" }],
    });
  });

  test("never has the password in what is parsed, encrypted or not", () => {
    for (const password of ["hunter2", { secure: "v1:hunter2" }]) {
      expect(JSON.stringify(parse({ "pgstead:administratorPassword": password }))).not.toContain("hunter2");
    }
  });

  test("a database may belong to a role that nobody declares, and then none is implied", () => {
    const [only] = parse(database({ owner: "boss", schemas: { app: { owner: "ghost" } } })).databases;
    expect(only).toMatchObject({ owner: "boss", roles: [], keepPrivileges: false });
    expect(only?.schemas).toContainEqual(expect.objectContaining({ name: "app", owner: "ghost" }) as unknown);
    const kept = parse(database({ privileges: "keep", owner: "boss" })).databases[0];
    expect(kept?.keepPrivileges).toBe(true);
  });

  test("a role may keep the password that it has", () => {
    const [only] = parse(roles({ app: { login: true, password: "keep" } })).databases;
    expect(only?.roles.find(({ key }) => key === "app")?.keepPassword).toBe(true);
    expect(only?.roles.find(({ key }) => key === "migrator")?.keepPassword).toBe(false);
  });
});

describe("a mistake about an existing server is told", () => {
  const said = (more: Readonly<Record<string, unknown>>): string[] =>
    problemsOf({ ...existing, ...shop, ...more });

  test("a host that is missing, or is more than a host", () => {
    expect(said({ "pgstead:server": {} })).toEqual([
      "pgstead:server.host: is missing: target existing needs it / add it, such as `host: db.example.com`",
    ]);
    for (const host of ["postgresql://db", "db:5432", "ada@db", "db/shop", "-db"]) {
      expect(said(server({ host })).join()).toContain(
        "is not a name, an address or the directory of a socket / write the host alone",
      );
    }
  });

  test("keys of a server that is made here", () => {
    const own = { host: "db", dataDirectory: "/srv/a/b", administrator: { passwordVersion: 2 } };
    expect(said(server(own)).map((line) => line.split(": ")[0])).toEqual([
      "pgstead:server.dataDirectory",
      "pgstead:server.administrator.passwordVersion",
    ]);
  });

  test("its own keys on another target", () => {
    const problems = problemsOf({
      ...shop,
      "pgstead:administratorPassword": "hunter2",
      "pgstead:server": {
        host: "db",
        shared: true,
        tls: {},
        administrator: { superuser: false, passwordFile: "/p" },
      },
    });
    expect(problems).toHaveLength(6);
    for (const problem of problems) expect(problem).toContain("belongs to target existing");
    expect(problems.join()).not.toContain("hunter2");
  });

  test("two places for one password, and an unknown mode", () => {
    expect(
      said({
        "pgstead:administratorPassword": "hunter2",
        ...server({ host: "db", administrator: { passwordFile: "/p" }, tls: { mode: "prefer" } }),
      }),
    ).toEqual([
      'pgstead:server.tls.mode: "prefer" is not one of disable, require, verify-ca, verify-full / write it such as `mode: verify-full`',
      "pgstead:server.administrator.passwordFile: stands beside pgstead:administratorPassword / keep one of the two",
    ]);
  });

  test("a kept password that is to be rotated", () => {
    expect(said(roles({ app: { login: true, password: "keep", passwordVersion: 2 } }))).toEqual([
      "pgstead:roles.app.passwordVersion: the password of the role is kept as it is / remove one of password and passwordVersion",
    ]);
  });

  test("an owner that a server of our own cannot have", () => {
    expect(problemsOf(database({ owner: "shop_ownr", roles: { owner: {} } }))).toEqual([
      'pgstead:database.owner: the stack has no role of the name "shop_ownr" / did you mean shop_owner?',
    ]);
    expect(problemsOf(database({ owner: "postgres" }))).toEqual([]);
  });
});
