import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { simulateLogin, type HbaOrigin } from "../../components/core/hba/match";
import { parseHba } from "../../components/core/hba/parse";
import { renderHba } from "../../components/core/hba/render";
import type { HbaRule } from "../../components/core/hba/rule";
import { readHba } from "../../components/io/hba/read";
import { eventually } from "../support/eventually";
import { firstAnswer, type Attempt } from "../support/first-answer";
import { managingRule } from "../support/hba";
import { runSql } from "../support/own-provider";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let groups: Readonly<Record<string, readonly string[]>>;
/** Over loopback with several addresses of IPv4, with IPv6 where this machine has it, and over a local socket. */
let ways: { origin: HbaOrigin; way: Attempt["way"] }[];

const users = ["direct", "nested", "aside", "boss", "stranger", "nobody_at_all", "grp"];
const databases = ["postgres", "direct", "grp", "all", null];

beforeAll(async () => {
  server = await startServer();
  await runSql(server, "CREATE ROLE grp; CREATE ROLE middle IN ROLE grp");
  await runSql(server, "CREATE ROLE direct LOGIN IN ROLE grp; CREATE ROLE nested LOGIN IN ROLE middle");
  await runSql(server, "CREATE ROLE aside LOGIN; GRANT grp TO aside WITH INHERIT FALSE, SET FALSE");
  await runSql(server, "CREATE ROLE boss LOGIN SUPERUSER; CREATE ROLE stranger LOGIN REPLICATION");
  for (const name of ["direct", "grp", '"all"']) await runSql(server, `CREATE DATABASE ${name}`);
  await runSql(server, `ALTER SYSTEM SET unix_socket_directories = '${server.instance.dataDirectory}'`);
  await runSql(server, "ALTER SYSTEM SET listen_addresses = '127.0.0.1,::1'");
  await server.halt();
  await server.start();
  const { port } = server;
  const path = join(server.instance.dataDirectory, `.s.PGSQL.${port}`);
  ways = [
    { origin: { address: null, ssl: false }, way: { path } },
    ...["127.0.0.1", "127.0.0.2", "127.1.0.1", ...((await hasIpv6()) ? ["::1"] : [])].map((from) => ({
      origin: { address: from, ssl: false },
      way: { port, from },
    })),
  ];
  const session = await server.connect();
  const found = await readHba(session, "postgres");
  await session.close();
  if ("obstacle" in found) throw new Error(found.obstacle);
  ({ groups } = found);
});

afterAll(() => server.stop());

async function hasIpv6(): Promise<boolean> {
  const [row] = await runSql(server, "SHOW listen_addresses");
  const attempt = { user: "nobody_at_all", database: "postgres", way: { port: server.port, from: "::1" } };
  const answer = await firstAnswer(attempt).catch(() => undefined); // no such address on this machine
  return row !== undefined && answer !== undefined;
}

/** Puts a file in place, and waits until logins meet it. */
async function load(text: string): Promise<void> {
  await writeFile(join(server.instance.dataDirectory, "pg_hba.conf"), text);
  const [before] = await runSql(server, "SELECT clock_timestamp()::text AS moment, pg_reload_conf()");
  await eventually("the file is loaded", async () => {
    const [row] = await runSql(server, `SELECT pg_conf_load_time() >= '${String(before?.moment)}' AS loaded`);
    return row?.loaded === true ? true : undefined;
  });
}

/** Every user to every database over every way: the server's answer, and ours. */
async function compare(rules: readonly HbaRule[]) {
  const real: string[] = [];
  const simulated: string[] = [];
  for (const user of users) {
    for (const database of databases) {
      for (const { origin, way } of ways) {
        const login = { user, database, origin, groups: groups[user] ?? [] };
        const what = `${user} to ${database ?? "replication"} from ${origin.address ?? "local"}: `;
        simulated.push(what + simulateLogin(rules, login).outcome);
        real.push(what + (await firstAnswer({ user, database, way })));
      }
    }
  }
  return { real, simulated };
}

test("the server has several ways in", () => {
  expect(ways.length).toBeGreaterThan(3);
  expect(groups).toMatchObject({ direct: ["grp"], aside: ["grp"], boss: [], grp: [] });
  expect(groups.nested?.toSorted()).toEqual(["grp", "middle"]);
});

test.each([
  ["order", "host all direct all reject\nhost all all all scram-sha-256"],
  ["all does not mean replication", "host all all all scram-sha-256\nlocal replication all reject"],
  ["sameuser", "host sameuser all all scram-sha-256"],
  ["samerole", "host samerole all all scram-sha-256\nlocal samegroup all reject"],
  ["members of a group", "host all +grp all scram-sha-256\nhost all +middle,+none all reject"],
  ["quoted words are names", 'host "all" all all scram-sha-256\nhost all "all","+grp" all scram-sha-256'],
  ["a group is no database", "host +grp all all scram-sha-256"],
  ["networks", "host all all 127.0.0.0/16 scram-sha-256\nhost all all 127.1.0.1/32 reject"],
  ["IPv6", "host all all ::/0 scram-sha-256\nhost all all 127.0.0.2/32 reject"],
  ["IPv4 in IPv6", "host all all ::ffff:127.0.0.0/104 scram-sha-256"],
  ["samehost", "host all all samehost scram-sha-256"],
  ["samenet", "host all all samenet scram-sha-256"],
  ["local alone", "local all all scram-sha-256"],
  ["encryption", "hostssl all all all scram-sha-256\nhostnossl postgres all all scram-sha-256"],
  ["GSSAPI", "hostnogssenc postgres all all scram-sha-256"],
  ["a mask that ends within a byte", "host all all 127.0.0.0 255.255.255.254 scram-sha-256"],
])("a login is simulated as the server decides it: %s", async (_what, text) => {
  const rules = parseHba(text).map(({ rule }) => rule!);
  await load(renderHba([managingRule, ...rules]));
  const { real, simulated } = await compare([managingRule, ...rules]);
  expect(simulated).toEqual(real);
});

test("and whatever the rules are", async () => {
  const rule: fc.Arbitrary<HbaRule> = fc.record({
    type: fc.constantFrom("host", "local", "hostnossl", "hostssl"),
    database: fc.uniqueArray(
      fc.constantFrom("all", "sameuser", "samerole", "replication", "postgres", "grp", '"all"'),
      { minLength: 1, maxLength: 2 },
    ),
    user: fc.uniqueArray(fc.constantFrom("all", "+grp", "+middle", "direct", "stranger"), {
      minLength: 1,
      maxLength: 2,
    }),
    address: fc.constantFrom("all", "127.0.0.0/8", "127.0.0.1/32", "127.0.0.0/31", "::1/128", "samenet"),
    method: fc.constantFrom("scram-sha-256", "reject"),
  });
  const rules = fc.array(
    rule.map(({ address, ...rest }) => (rest.type === "local" ? rest : { ...rest, address: address! })),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(rules, async (list) => {
      await load(renderHba([managingRule, ...list]));
      const { real, simulated } = await compare([managingRule, ...list]);
      expect(simulated).toEqual(real);
    }),
    { numRuns: 25 },
  );
});
