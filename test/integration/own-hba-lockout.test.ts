import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { completeRules } from "../../components/core/hba/check";
import type { HbaRule } from "../../components/core/hba/rule";
import { applyHba } from "../../components/io/hba/apply";
import { readHba } from "../../components/io/hba/read";
import type { Session } from "../../components/io/session";
import { secret } from "../../components/providers/properties";
import { hbaFile, hostBasedAccess, identRule, leftovers, loopback, managingRule } from "../support/hba";
import { login, startOwnProvider, useOwnProvider } from "../support/own-provider";
import { ProviderStack } from "../support/provider-stack";
import { logEverything, readLog } from "../support/server-log";

const own = useOwnProvider();
let original: string;
const place = () => join(own.server.instance.dataDirectory, "pg_hba.conf");
const declared = (...rules: HbaRule[]) => hostBasedAccess(own.connection, rules);

beforeAll(async () => {
  original = await readFile(place(), "utf8");
});

beforeEach(() => {
  own.stack.entries.clear();
});

afterEach(async () => {
  await writeFile(place(), original);
  await own.sql("SELECT pg_reload_conf()");
});

/** That a run changed nothing: neither the file nor what is loaded. */
async function expectUntouched(): Promise<void> {
  expect(await hbaFile(own.server)).toBe(original);
  expect(await leftovers(own.server)).toEqual([]);
  await (await own.server.connect()).close();
}

describe("rules that would lock the managing login out are refused before anything is done", () => {
  const hint =
    "put a rule for it first: { type: host, database: all, user: postgres, address: 127.0.0.1/32, method: scram-sha-256 }";
  const other: HbaRule = { ...loopback, database: ["all"], user: ["other"] };
  test.each<[string, readonly HbaRule[], RegExp]>([
    ["none is for it", [other], /`host all,replication all all reject` rejects it/],
    [
      "an earlier one rejects it",
      [{ ...managingRule, user: ["all"], method: "reject" }, managingRule],
      /rejects it/,
    ],
    [
      "they are for another database",
      [{ ...managingRule, database: ["shop"] }],
      /could not log in to postgres/,
    ],
    [
      "they are for another address",
      [{ ...managingRule, address: "127.0.0.2/32" }],
      /from 127\.0\.0\.1 any more/,
    ],
    ["they are for TLS, and it has none", [{ ...managingRule, type: "hostssl" }], /rejects it/],
    [
      "they are for a group, and a superuser is no member",
      [{ ...managingRule, user: ["+pg_monitor"] }],
      /rejects it/,
    ],
    [
      "they ask for what it does not answer",
      [{ ...managingRule, method: "ldap", options: { ldapserver: "h" } }],
      /asks for what it does not answer/,
    ],
  ])("%s", async (_what, rules, message) => {
    const before = await hbaFile(own.server);
    const create = own.provider.resource("pgstead:index:HostBasedAccess", "server");
    const { inputs } = declared(...rules);
    const { state } = await create.create(inputs, { preview: true });
    expect(state.refusals).toEqual([
      { subject: "pg_hba.conf", message: expect.stringMatching(message) as string, hint },
    ]);
    await expect(create.create(inputs)).rejects.toThrow(/refused before any statement was sent/);
    expect(await hbaFile(own.server)).toBe(before);
    await expectUntouched();
  });
});

test("rules that pass the simulation while the login fails are taken back at once, and sessions go on", async () => {
  const session = await own.server.connect();
  const started = Date.now();
  await expect(own.stack.up(declared(identRule))).rejects.toThrow(
    /postgres could not log in anew under the new rules, so the rules before are in place again: login of postgres on database postgres at 127\.0\.0\.1:\d+: Ident authentication failed for user "postgres"/,
  );
  // What the manual allows is 10 s; a proof that fails does not wait for it.
  expect(Date.now() - started).toBeLessThan(10_000);
  await expectUntouched();
  expect(await session.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await session.close();
});

test("rules that this server does not take are taken back before it loads them", async () => {
  await logEverything(own.server);
  const bsd: HbaRule = { ...loopback, database: ["all"], user: ["other"], method: "bsd" };
  await expect(own.stack.up(declared(managingRule, bsd))).rejects.toThrow(
    /the server does not take the new file: line \d+: invalid authentication method "bsd": not supported by this build/,
  );
  // What the server says of a file that it was asked to load and does not take.
  expect(await readLog(own.server)).not.toContain("was not reloaded");
  await expectUntouched();
});

test("a login counts only once the server has loaded the new rules: the old ones let it in as well", async () => {
  const maintenance = await own.server.connect();
  // A server that is asked to load its files and has not come to it.
  const slow: Session = {
    ...maintenance,
    query: (sql, values) =>
      sql === "SELECT pg_catalog.pg_reload_conf()" ? Promise.resolve([]) : maintenance.query(sql, values),
  };
  const found = await readHba(maintenance, "postgres");
  if ("obstacle" in found) throw new Error(found.obstacle);
  const { host, port, superuser: user, password } = own.server;
  const target = { host, port, user, password };
  const change = { maintenance: slow, target, rules: completeRules([managingRule]), found };
  await expect(applyHba({ ...change, rollbackSeconds: 1 })).rejects.toThrow(
    /the server did not load the file in time/,
  );
  await expectUntouched();
  await maintenance.close();
});

test("who is no superuser may not write it, which is a refusal", async () => {
  const { password, verifier } = login("hba_manager");
  await own.sql(`CREATE ROLE hba_manager LOGIN CREATEROLE PASSWORD '${verifier}'`);
  const connection = { ...own.connection, user: "hba_manager", password: secret(password) };
  const client = own.provider.resource("pgstead:index:HostBasedAccess", "server");
  const { state } = await client.create(hostBasedAccess(connection, [managingRule]).inputs, {
    preview: true,
  });
  expect(state.refusals).toMatchObject([
    { message: "hba_manager is no superuser and may not read or write it", hint: /pgstead:server\.hba/ },
  ]);
  await expectUntouched();
});

test("a preview as a login that sees less says what it cannot see", async () => {
  const { password, verifier } = login("hba_preview");
  await own.sql(`CREATE ROLE hba_preview LOGIN IN ROLE pg_monitor PASSWORD '${verifier}'`);
  const file = join(own.server.instance.directory, "preview-password");
  await writeFile(file, password);
  const env = { PGSTEAD_PREVIEW_ROLE: "hba_preview", PGSTEAD_PREVIEW_PASSWORD_FILE: file };
  const provider = await startOwnProvider(env);
  try {
    const client = provider.resource("pgstead:index:HostBasedAccess", "server");
    const { state } = await client.create(declared(managingRule).inputs, { preview: true });
    expect(state.refusals).toEqual([]);
    expect(provider.messages.map(({ message }) => message).join("\n")).toContain(
      "left alone: pg_hba.conf: hba_preview may not read it: a run as the managing login compares it",
    );
  } finally {
    await provider.stop();
  }
});

describe("the resource refuses what nobody checked before it", () => {
  const failures = async (inputs: Parameters<typeof hostBasedAccess>[2]) => {
    const resource = hostBasedAccess(own.connection, [managingRule], inputs);
    await expect(new ProviderStack(own.provider).up(resource)).rejects.toThrow();
    const client = own.provider.resource(resource.token, resource.name);
    return (await client.check(resource.inputs)).failures;
  };

  test("rules without an end", async () => {
    const rules = [{ type: "host", database: ["all"], user: ["all"], address: "all", method: "trust" }];
    expect(await failures({ rules })).toMatchObject([
      { property: "rules[0].method", reason: /^trust lets everybody in/ },
      { property: "rules[0].type", reason: /without encryption/ },
      { property: "rules", reason: "it does not end with the rules that reject everybody else" },
    ]);
  });

  test("a rollback that nobody would wait for", async () => {
    expect(await failures({ rollbackSeconds: 0 })).toMatchObject([{ property: "rollbackSeconds" }]);
  });
});
