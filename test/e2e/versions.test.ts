import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { runWatched, type WatchedRun } from "../integration/ops-watched-stack";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { eventually } from "../support/eventually";
import type { TestServer } from "../support/server";
import { startVersion, type Major } from "../support/server-versions";

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

/** A server of a version, and a stack on it: as a superuser, or as the first login of a managed service. */
class Story {
  readonly stack: string;
  private server!: TestServer;
  private root!: string;
  private env!: NodeJS.ProcessEnv;

  constructor(
    readonly major: Major,
    readonly restricted: boolean,
  ) {
    this.stack = `${restricted ? "managed" : "own"}${major}`;
  }

  async prepare(): Promise<void> {
    this.server = await startVersion(this.major, {
      shared_preload_libraries: "pg_stat_statements",
      logging_collector: "on",
    });
    this.root = await mkdtemp(join(tmpdir(), "pgstead-version-"));
    const password = this.restricted ? generatePassword() : this.server.password;
    if (this.restricted) {
      await this.sql(`CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '${scramVerifier(password)}'`);
      await this.sql("GRANT pg_monitor, pg_signal_backend TO manager WITH ADMIN OPTION");
    }
    const passwordFile = join(home, `password-${this.stack}`);
    await writeFile(passwordFile, password, { mode: 0o600 });
    this.env = {
      PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
      PULUMI_HOME: join(home, "pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile,
    };
    await this.configure(5);
    await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", this.stack], { env: this.env });
  }

  /** Over the server's socket, on one version. */
  private get host(): string {
    return this.major === 16 && !this.restricted ? this.server.instance.directory : "127.0.0.1";
  }

  /** @param greedy whether more is declared than a login without superuser may have */
  async configure(connectionLimit: number, greedy = !this.restricted): Promise<void> {
    const login = { login: true };
    const server = {
      host: this.host,
      port: this.server.port,
      administrator: this.restricted ? { name: "manager", superuser: false } : { name: "postgres" },
      ...(this.restricted && !greedy ? { managed: true } : {}),
      ...this.settings(),
    };
    const config = {
      "pgstead:target": "existing",
      "pgstead:disposable": true,
      "pgstead:server": server,
      "pgstead:backup": { directory: join(this.root, "backups") },
      "pgstead:monitoring": { samples: true },
      "pgstead:migrations": { directory: join(home, "migrations") },
      "pgstead:audit": { schemas: ["app"] },
      "pgstead:database": {
        name: "shop",
        extensions: ["pg_trgm", ...(greedy ? ["pg_stat_statements"] : [])],
        schemas: { app: { writers: ["app"], readers: ["readonly"] } },
      },
      "pgstead:roles": {
        app: { ...login, connectionLimit, settings: { statement_timeout: "20s" } },
        readonly: { ...login, rotation: "dual" },
        monitor: { ...login, profile: "monitor" },
        ...(greedy ? { backup: { ...login, profile: "backup" } } : {}),
        report: { ...login, grants: [{ on: { tablesIn: "app" }, privileges: ["SELECT"] }] },
      },
    };
    const text = stringify({ config });
    for (const directory of [checkout.directory, this.root]) {
      await writeFile(join(directory, `Pulumi.${this.stack}.yaml`), text);
    }
  }

  private settings() {
    const everybody = { type: "host", database: ["all"], user: ["all"], method: "scram-sha-256" };
    return {
      settings: { work_mem: "8MB", log_min_duration_statement: "5s" },
      hba: [
        { ...everybody, address: "127.0.0.1/32" },
        { ...everybody, type: "local" },
      ],
    };
  }

  pulumi(args: readonly string[], exitCode: number | "any" = 0): Promise<Output> {
    const all = [...args, "--stack", this.stack];
    return checkout.run("infra/toolchain/pulumi.ts", all, { env: this.env, exitCode });
  }

  /** Reads the state once: each command would take a second for it. */
  async keepOutputs(): Promise<void> {
    const { stdout } = await this.pulumi(["stack", "output", "--json", "--show-secrets"]);
    await writeFile(join(this.root, "outputs.json"), stdout, { mode: 0o600 });
  }

  ops(line: string): Promise<WatchedRun> {
    return runWatched(this.root, [...line.split(" "), "--stack", this.stack, "--json"]);
  }

  async sql(text: string, database?: string): Promise<Record<string, unknown>[]> {
    const session = await this.server.connect(database);
    try {
      return await session.query(text);
    } finally {
      await session.close();
    }
  }

  async stop(): Promise<void> {
    await this.server.stop();
    await rm(this.root, { recursive: true, force: true });
  }
}

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
  // A login without superuser is told as well what only one may mend.
  ["drift --scratch same-server", 0, 1],
  ["migrate test --scratch same-server", 0],
  ["audit", 0],
  ["sample", 0],
  ["settings", 0, 1],
  ["audit-security", 1],
  ["connection --role app", 0],
];

/** More than the login may: each is refused with what to do, all at once, and nothing is made. */
async function refuseAll(story: Story): Promise<void> {
  await story.configure(5, true);
  const { exitCode, text } = await story.pulumi(["up", "--yes"], "any");
  expect(exitCode).not.toBe(0);
  for (const part of [
    "extension shop.pg_stat_statements: it is not trusted",
    "settings of the server: settings are declared",
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
  }>();
  expect(data.parameters).toMatchObject([
    { name: "log_min_duration_statement", value: "5000", unit: "ms", live: "-1", change: "reload" },
    { name: "work_mem", value: "8192", unit: "kB", declared: "8MB", live: "4096" },
  ]);
  expect(data.rights).toMatchObject({ superuser: false, createRole: true, alterSystem: false });
  for (const { name, value } of data.parameters) await story.sql(`ALTER SYSTEM SET ${name} = '${value}'`);
  await story.sql("SELECT pg_reload_conf()");
  await eventually("the settings are loaded", async () =>
    (await story.ops("provider-settings")).exitCode === 0 ? true : undefined,
  );
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
      if (!allowed.includes(run.exitCode))
        throw new Error(`${story.stack}: ops ${line} ended with ${run.exitCode}: ${run.stdout}${run.stderr}`);
      codes.push([line, run.exitCode]);
    }
    expect(codes).toHaveLength(commandLines.length);

    // By hand, and in the configuration: one preview has both.
    await story.sql("ALTER ROLE shop_app NOLOGIN");
    await story.sql("REVOKE SELECT ON app.orders FROM shop_report; DROP INDEX app.orders_customer", "shop");
    const drift = await story.ops("drift --scratch same-server");
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
    await Promise.all(majors.map((major) => tell(new Story(major, false))));
  },
);

test.each([[15, 16]] as const)(
  "a login without superuser does the same on %i and %i",
  { timeout: patience },
  async (...majors) => {
    await Promise.all(majors.map((major) => tell(new Story(major, true))));
  },
);
