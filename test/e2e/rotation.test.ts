import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession, type Session } from "../../components/io/session";
import type { PasswordListData } from "../../infra/ops/rotate/list";
import type { RotateData } from "../../infra/ops/rotate/report";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";
import { schemaFaults } from "../support/report-schemas";

interface Outputs {
  readonly administratorUri: string;
  readonly roles: Readonly<Record<string, string>>;
  readonly uris: Readonly<Record<string, string>>;
}

interface Document<Data> {
  readonly status: string;
  readonly data: Data;
  readonly findings: readonly { readonly subject: string; readonly message: string }[];
  readonly error?: { readonly problems: readonly { readonly message: string }[] };
}

let checkout: Checkout;

beforeAll(async () => {
  checkout = await makeCheckout();
  await checkout.configure(["pgstead:database"], {
    name: "shop",
    schemas: { api: { writers: ["app"], readers: ["report"] } },
  });
  await checkout.configure(["pgstead:roles"], {
    app: { login: true, connectionLimit: 20, settings: { statement_timeout: "7s" } },
    report: { login: true },
  });
  await checkout.pulumi("up", "--yes", "--skip-preview");
});

afterAll(async () => {
  await checkout.remove();
});

function connect(uri: string): Promise<Session> {
  const { database, ...target } = parseConnectionUri(uri);
  return openSession(target, { database });
}

async function once(uri: string, statement: string): Promise<Record<string, unknown>[]> {
  const session = await connect(uri);
  try {
    return await session.query(statement);
  } finally {
    await session.close();
  }
}

const outputs = () => checkout.outputs<Outputs>();

async function ops<Data>(exitCode: number, ...args: readonly string[]): Promise<Document<Data>> {
  const { stdout, text } = await checkout.run("infra/ops/cli.ts", [...args, "--json"], { exitCode });
  for (const uri of Object.values((await outputs()).uris)) {
    expect(text).not.toContain(parseConnectionUri(uri).password);
  }
  expect(schemaFaults(stdout)).toEqual([]);
  return JSON.parse(stdout) as Document<Data>;
}

const file = () => readFile(join(checkout.directory, "Pulumi.dev.yaml"), "utf8");

/** An application that reconnects all the time with what it read at its start, and reads again when it is told. */
function startClient(uri: string) {
  const seen = { logins: 0, failures: [] as string[], current: uri, stopped: false };
  const work = (async () => {
    while (!seen.stopped) {
      await once(seen.current, "INSERT INTO api.orders VALUES (1)").then(
        () => (seen.logins += 1),
        (error: unknown) => seen.failures.push(String(error)),
      );
      await setTimeout(20); // it is one of many programs of the machine
    }
  })();
  return {
    seen,
    readAgain: (other: string) => (seen.current = other),
    async stop() {
      seen.stopped = true;
      await work;
    },
  };
}

test("a client of a role that takes turns never fails, and one of a single login does", async () => {
  const { administratorUri, uris } = await outputs();
  const migrator = await connect(uris.migrator!);
  await migrator.query("CREATE TABLE api.orders (id int)");
  await migrator.close();
  const client = startClient(uris.app!);
  const told = startClient(uris.app!); // of the same application, and not told until it has to be
  await checkout.configure(["pgstead:roles", "app", "rotation"], "dual");
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await outputs()).uris.app).toBe(uris.app);

  const first = await ops<RotateData>(0, "rotate", "app", "--yes");
  expect(first.data.roles).toEqual([
    expect.objectContaining({
      kind: "dual",
      database: "shop",
      role: "shop_app",
      from: 1,
      to: 2,
      login: "shop_app_2",
      former: "shop_app",
      newPassword: "accepted",
      oldPassword: "accepted",
    }),
  ]);
  expect(await file()).toContain("passwordVersion: 2");
  const second = (await outputs()).uris.app!;
  expect(parseConnectionUri(second).user).toBe("shop_app_2");
  expect(await once(second, "SELECT current_setting('statement_timeout') AS bound")).toEqual([
    { bound: "7s" },
  ]);
  client.readAgain(second);

  // The other one holds a session by the former password, which the next turn would end.
  await told.stop();
  const late = await connect(told.seen.current);
  const refused = await ops<RotateData>(1, "rotate", "app", "--yes");
  expect(refused.findings[0]?.message).toContain("1 session (pgstead) still logs in");
  expect(await file()).toContain("passwordVersion: 2");
  await late.close();

  const next = await ops<RotateData>(0, "rotate", "app", "--yes");
  expect(next.data.roles[0]).toMatchObject({ to: 3, login: "shop_app", oldPassword: "accepted" });
  client.readAgain((await outputs()).uris.app!);
  await expect(once(told.seen.current, "SELECT 1")).rejects.toThrow(/password authentication failed/);

  // A run that was killed after it wrote the number: this one finishes it, with all others.
  await checkout.configure(["pgstead:roles", "report", "passwordVersion"], 2);
  const begun = await ops<PasswordListData>(1, "rotate", "--list");
  expect(begun.findings.map(({ subject }) => subject)).toEqual(["role shop_report"]);
  const reporter = await connect(uris.report!);
  const all = await ops<RotateData>(0, "rotate", "--all", "--yes");
  const numbers = all.data.roles.map(({ key, from, to }) => [key, from, to]);
  expect(numbers).toEqual([
    ["migrator", 1, 2],
    ["app", 3, 4],
    ["report", 1, 2],
    ["administrator", 1, 2],
  ]);
  expect(all.data.roles.find(({ key }) => key === "report")).toMatchObject({
    newPassword: "accepted",
    oldPassword: "refused",
    sessions: 1,
    applications: ["pgstead"],
  });
  expect(await reporter.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await reporter.close();
  for (const single of [uris.report!, uris.migrator!, administratorUri]) {
    await expect(once(single, "SELECT 1")).rejects.toThrow(/password authentication failed/);
  }

  client.readAgain((await outputs()).uris.app!);
  await client.stop();
  expect([client.seen.failures, told.seen.failures]).toEqual([[], []]);
  expect(client.seen.logins).toBeGreaterThan(50);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("both logins are alike, whoever is told is the current one, and ages are known", async () => {
  const { administratorUri, roles } = await outputs();
  expect(roles.app).toBe("shop_app_2");
  const alike = await once(
    administratorUri,
    `SELECT rolconnlimit AS limit, rolcanlogin AS login, rolconfig::text AS settings,
            (SELECT array_agg(roleid::regrole::text ORDER BY 1) FROM pg_auth_members WHERE member = r.oid) AS groups
       FROM pg_roles r WHERE rolname ~ '^shop_app(_2)?$'`,
  );
  expect(alike).toHaveLength(2);
  expect(alike[0]).toEqual(alike[1]);
  const { data, findings } = await ops<PasswordListData>(0, "rotate", "--list");
  expect(findings).toEqual([]);
  const app = data.credentials.find(({ key }) => key === "app")!;
  expect(app).toMatchObject({
    login: "shop_app_2",
    kind: "dual",
    number: 4,
    isDue: false,
    formerMayLogIn: true,
  });
  expect(app.ageSeconds).toBeLessThan(600);
});

test("what would lock out the clients of both is refused before anything runs, and the former is shut out by a word", async () => {
  await checkout.configure(["pgstead:roles", "app", "rotation"], undefined);
  const single = await checkout.run("infra/toolchain/pulumi.ts", ["preview"], { exitCode: "any" });
  expect(single.exitCode).not.toBe(0);
  expect(single.text).toContain("clients use the other one of the two logins, which would go");
  await checkout.configure(["pgstead:roles", "app", "rotation"], "dual");

  const before = await file();
  await checkout.configure(["pgstead:roles", "app", "passwordVersion"], 6);
  const jump = await ops<RotateData>(3, "rotate", "report", "--yes");
  expect(jump.error?.problems[0]?.message).toContain("it rises by one at a time");
  await checkout.configure(["pgstead:roles", "app", "passwordVersion"], 4);
  expect(await file()).toBe(before);

  const former = await connect((await outputs()).uris.app!);
  const done = await ops<RotateData>(0, "rotate", "app", "--finish", "--yes");
  expect(done.data.roles[0]).toMatchObject({
    former: "shop_app",
    oldPassword: "refused",
    newPassword: "accepted",
  });
  await former.close();
  expect(await file()).toContain("rotation: dual-finished");
  const { administratorUri } = await outputs();
  const left = await once(
    administratorUri,
    "SELECT rolcanlogin AS login FROM pg_roles WHERE rolname = 'shop_app'",
  );
  expect(left).toEqual([{ login: false }]);
  expect((await preview(checkout)).changes).toEqual([]);
});
