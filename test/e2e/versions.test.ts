import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { runWatched, type WatchedRun } from "../integration/ops-watched-stack";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
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
      await this.sql("CREATE EXTENSION pg_stat_statements", "template1");
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

  async configure(connectionLimit: number, more: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const login = { login: true };
    const server = {
      host: "127.0.0.1",
      port: this.server.port,
      administrator: this.restricted ? { name: "manager", superuser: false } : { name: "postgres" },
      ...(this.restricted ? {} : this.settings()),
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
        extensions: ["pg_trgm", ...(this.restricted ? [] : ["pg_stat_statements"])],
        schemas: { app: { writers: ["app"], readers: ["readonly"] } },
      },
      "pgstead:roles": {
        app: { ...login, connectionLimit, settings: { statement_timeout: "20s" } },
        readonly: { ...login, rotation: "dual" },
        monitor: { ...login, profile: "monitor" },
        ...(this.restricted ? {} : { backup: { ...login, profile: "backup" } }),
        report: { ...login, grants: [{ on: { tablesIn: "app" }, privileges: ["SELECT"] }] },
        ...more,
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
      hba: [{ ...everybody, address: "127.0.0.1/32" }],
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
  ["drift --scratch same-server", 0],
  ["migrate test --scratch same-server", 0],
  ["audit", 0],
  ["sample", 0],
  ["slow-queries", 0],
  ["settings", 0, 1],
  ["audit-security", 1],
  ["connection --role app", 0],
];

async function tell(story: Story): Promise<void> {
  const { major, restricted } = story;
  await story.prepare();
  try {
    await story.pulumi(["up", "--yes", "--skip-preview"]);
    await story.keepOutputs();
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
] as const)("PostgreSQL %i and %i: up, every command, drift, change, destroy", async (...majors) => {
  await Promise.all(majors.map((major) => tell(new Story(major, false))));
});

test.each([[15, 16]] as const)("a login without superuser does the same on %i and %i", async (...majors) => {
  await Promise.all(majors.map((major) => tell(new Story(major, true))));
});
