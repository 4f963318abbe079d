import { beforeAll, describe, expect, test } from "vitest";
import { Database, ExistingServer, Roles } from "../../components";
import { record, secretPaths, type Recorded } from "../support/recorded-program";

let resources: readonly Recorded[];

beforeAll(async () => {
  ({ resources } = await record(() => {
    const server = new ExistingServer("server", {
      host: "db.example.com",
      user: "master",
      password: "of a test",
      superuser: false,
      tls: { mode: "verify-ca", ca: "db.crt" },
    });
    const { connection } = server;
    new Roles("shop", {
      connection,
      roles: [
        { name: "kept", login: true, keepPassword: true },
        { name: "made", login: true },
      ],
    });
    new Database("shop", { connection, name: "shop", owner: "kept", locale: "de_DE", ctype: "C" });
    new ExistingServer("local", { host: "127.0.0.1", user: "postgres", passwordFile: "/run/password" });
  }));
});

function only(urn: string): Recorded {
  const found = resources.filter((resource) => resource.urn === urn);
  expect(found, urn).toHaveLength(1);
  return found[0]!;
}

const server = (name: string) => only(`pgstead:index:ExistingServer::${name}`);

describe("an existing server", () => {
  test("is asked with what was declared, and its password is secret", () => {
    expect(server("server").inputs).toMatchObject({
      host: "db.example.com",
      port: 5432,
      user: "master",
      tls: { mode: "verify-ca", ca: "db.crt" },
      superuser: false,
    });
    expect(secretPaths(server("server").inputs)).toEqual(["password"]);
  });

  test("is proven in full unless it is on this machine", () => {
    expect(server("local").inputs).toMatchObject({
      tls: { mode: "disable" },
      superuser: true,
      passwordFile: "/run/password",
    });
  });

  test("gives the official provider the same login and the same encryption", () => {
    const provider = only("pulumi:providers:postgresql::server");
    expect(provider.inputs).toMatchObject({
      host: "db.example.com",
      username: "master",
      superuser: "false",
      sslmode: "verify-ca",
      sslrootcert: "db.crt",
    });
  });
});

test("a role that keeps its password has no credential, and the official resource gets none", () => {
  const credentials = resources.filter(({ urn }) => urn.includes("Credential")).map(({ urn }) => urn);
  expect(credentials).toEqual(["pgstead:index:Credential::made"]);
  const role = (name: string) => only(`postgresql:index/role:Role::${name}`).inputs;
  expect(role("kept").password).toBeUndefined();
  expect(role("made").password).toBeDefined();
});

test("a database may have character classes of another locale", () => {
  const database = only("postgresql:index/database:Database::shop");
  expect(database.inputs).toMatchObject({ lcCollate: "de_DE", lcCtype: "C" });
});
