import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { makeCheckout, type Checkout } from "../support/checkout";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { Story } from "../support/version-story";

const migration = `-- why: orders are kept
-- data: none
-- rollback: the orders are lost
-- performance: none

-- migrate:up
CREATE TABLE app.orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, customer text NOT NULL, at timestamptz);
CREATE INDEX orders_customer ON app.orders (customer);

-- migrate:down
DROP TABLE app.orders;
`;

/** Two stories of several dozen processes each, at once: beside other tests they take their time. */
const patience = 1_200_000;

let checkout: Checkout;
let home: string;

beforeAll(async () => {
  checkout = await makeCheckout();
  home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  await mkdir(join(home, "migrations"));
  await writeFile(join(home, "migrations", "0001-orders.sql"), migration);
});

afterAll(() => checkout.remove());

/** Every command that looks at a server or maintains it, with the exit codes that it may have on a healthy one. */
const commandLines: readonly (readonly [line: string, ...codes: number[]])[] = [
  ["status", 0],
  ["health", 0],
  ["connections", 0],
  ["locks", 0],
  ["metrics", 0],
  ["disk", 0],
  ["bloat", 0],
  ["indexes", 0],
  ["vacuum --yes", 0],
  ["analyze --yes", 0],
  ["migrate status", 0],
  ["migrate check", 0],
  ["drift", 0],
  ["migrate test", 0],
  ["audit", 0],
  ["sample", 0],
  ["settings", 0, 1],
  ["audit-security", 1],
  ["connection --role app", 0],
  ["connection --role monitor", 0],
  ["reindex --yes", 0],
  ["terminate-idle --yes", 0],
  // Without its extension, which takes a superuser, there is nothing to tell.
  ["slow-queries", 0, 2],
  // A day of one sample has no rate yet.
  ["capacity", 0, 3],
  // The log is a file of the server: a service has it in a place of its own.
  ["logs --since 24h", 0, 3],
  ["report", 0],
  ["checklist daily", 0, 3],
  ["checklist weekly", 0, 1, 3],
  ["checklist monthly", 1],
  ["migrate lint", 0],
  ["migrate history", 0],
  ["migrate current", 0],
  ["migrate verify", 0],
  ["migrate sql", 0],
  ["audit maintain", 0],
  ["backup list", 0],
  ["backup prune", 0],
  ["restore --list", 0],
  ["rotate --list", 0],
];

/** Not a server's to answer: what a login with all rights is never told. */
const onlyRestricted: ReadonlySet<string> = new Set(["slow-queries", "logs --since 24h", "checklist daily"]);

/** More than the login may: each is refused with what to do, all at once, and nothing is made. */
async function refuseAll(story: Story): Promise<void> {
  await story.configure(5, true);
  const { exitCode, text } = await story.pulumi(["up", "--yes"], "any");
  expect(exitCode).not.toBe(0);
  for (const part of [
    "extension shop.pg_stat_statements: it is not trusted",
    "settings of the server: settings are declared that manager may not ALTER SYSTEM, as it is no superuser: work_mem",
    "role shop_report: it is not as declared, and log_duration is a superuser's to set, and manager was not granted SET on it",
    "pg_hba.conf: rules are declared",
    "manager may not give or take BYPASSRLS",
    "hint: write pgstead:server.managed: true",
  ]) {
    expect(text).toContain(part);
  }
  expect(await story.sql("SELECT rolname FROM pg_roles WHERE rolname ~ '^shop'")).toEqual([]);
  await story.configure(5);
}

/** The service's own interface, as its owner would use it: what was listed is set, and then nothing is. */
async function setByService(story: Story): Promise<void> {
  const listed = await story.ops("provider-settings");
  expect(listed.exitCode).toBe(1);
  const { data } = listed.json<{
    parameters: { name: string; value: string; unit: string }[];
    rights: Record<string, boolean>;
    granted: Record<string, string[]>;
  }>();
  expect(data.parameters).toMatchObject([
    { name: "work_mem", value: "8192", unit: "kB", declared: "8MB", live: "4096" },
  ]);
  expect(data.parameters).toHaveLength(1);
  expect(data.rights).toMatchObject({ superuser: false, createRole: true, alterSystem: false });
  expect(data.granted).toEqual({ alter: ["log_min_duration_statement"], set: ["log_statement"] });
  expect(await story.sql("SHOW log_min_duration_statement")).toEqual([{ log_min_duration_statement: "5s" }]);
  for (const { name, value } of data.parameters) await story.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
  await story.sql("SELECT pg_reload_conf()");
  await eventually("the settings are loaded", async () =>
    (await story.ops("provider-settings")).exitCode === 0 ? true : undefined,
  );
}

/** As the managing login: what it may not read would be no backup. Programs of other versions are on few machines. */
async function backUp(story: Story): Promise<void> {
  vi.stubEnv("PATH", `${findMatchingTools()}:${process.env.PATH ?? ""}`);
  for (const line of ["backup", "backup verify --all", "backup status"]) {
    const { exitCode, stdout, stderr } = await story.ops(line);
    expect(exitCode, `${line}: ${stdout}${stderr}`).toBe(0);
  }
}

async function rotate(story: Story): Promise<void> {
  const passwords = (): Promise<Record<string, unknown>[]> =>
    story.sql("SELECT rolpassword FROM pg_authid WHERE rolname = 'shop_app'");
  const before = await passwords();
  await story.deployedOps(["rotate", "app", "--yes"]);
  expect(await passwords()).not.toEqual(before);
}

async function tell(story: Story): Promise<void> {
  const { major, restricted } = story;
  await story.prepare();
  try {
    if (restricted) await refuseAll(story);
    await story.pulumi(["up", "--yes", "--skip-preview"]);
    await story.keepOutputs();
    if (restricted) await setByService(story);
    const codes: [string, number][] = [];
    for (const [line, ...allowed] of commandLines) {
      const run = await story.ops(line);
      const codesHere = restricted || !onlyRestricted.has(line) ? allowed : allowed.slice(0, 1);
      if (!codesHere.includes(run.exitCode))
        throw new Error(`${story.stack}: ops ${line} ended with ${run.exitCode}: ${run.stdout}${run.stderr}`);
      codes.push([line, run.exitCode]);
    }
    expect(codes).toHaveLength(commandLines.length);
    if (restricted && major === 17) await backUp(story);

    // By hand, and in the configuration: one preview has both.
    await story.sql("ALTER ROLE shop_app NOLOGIN");
    await story.sql("REVOKE SELECT ON app.orders FROM shop_report; DROP INDEX app.orders_customer", "shop");
    const drift = await story.ops("drift");
    expect(drift.exitCode).toBe(1);
    expect(drift.stdout).toContain("orders_customer");
    await story.sql("CREATE INDEX orders_customer ON app.orders (customer)", "shop");
    await story.configure(6);
    const { text } = await story.pulumi(["preview"]);
    expect(text).toContain('ALTER ROLE "shop_app" LOGIN CONNECTION LIMIT 6;');
    expect(text).toContain('GRANT SELECT ON TABLE "app"."orders" TO "shop_report";');
    await story.pulumi(["up", "--yes", "--skip-preview"]);
    expect((await story.pulumi(["preview", "--expect-no-changes"])).text).toContain("unchanged");
    expect(
      await story.sql(
        "SELECT rolconnlimit AS n, rolcanlogin AS login FROM pg_roles WHERE rolname = 'shop_app'",
      ),
    ).toEqual([{ n: 6, login: true }]);

    if (restricted) await rotate(story);
    await story.pulumi(["destroy", "--yes"]);
    const left = await story.sql(
      "SELECT rolname::text AS name FROM pg_roles WHERE rolname !~ '^pg_' UNION ALL SELECT datname FROM pg_database ORDER BY 1",
    );
    const own = restricted ? ["manager"] : [];
    expect(
      left.map(({ name }) => name),
      `PostgreSQL ${major}`,
    ).toEqual([...own, "postgres", "postgres", "template0", "template1"]);
  } finally {
    await story.stop();
  }
}

test.each([
  [14, 18],
  [15, 16],
] as const)(
  "PostgreSQL %i and %i: up, every command, drift, change, destroy",
  { timeout: patience },
  async (...majors) => {
    await Promise.all(majors.map((major) => tell(new Story(major, false, { checkout, home }))));
  },
);

test.each([[15, 16, 17]] as const)(
  "a login without superuser does the same on %i, %i and %i",
  { timeout: patience },
  async (...majors) => {
    await Promise.all(majors.map((major) => tell(new Story(major, true, { checkout, home }))));
  },
);
