import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { runWatched, type WatchedRun } from "../integration/ops-watched-stack";
import type { Checkout, Output } from "./checkout";
import type { TestServer } from "./server";
import { startVersion, type Major } from "./server-versions";

/** A server of a version, and a stack on it: as a superuser, or as the first login of a managed service. */
export class Story {
  readonly stack: string;
  private server!: TestServer;
  private root!: string;
  private env!: NodeJS.ProcessEnv;

  constructor(
    readonly major: Major,
    readonly restricted: boolean,
    private readonly place: { readonly checkout: Checkout; readonly home: string },
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
      // What was granted by name is set by `up`; the rest is the service's.
      await this.sql("GRANT ALTER SYSTEM ON PARAMETER log_min_duration_statement TO manager");
      await this.sql("GRANT SET ON PARAMETER log_statement TO manager");
      await this.sql("GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO manager");
    }
    const passwordFile = join(this.place.home, `password-${this.stack}`);
    await writeFile(passwordFile, password, { mode: 0o600 });
    this.env = {
      PULUMI_BACKEND_URL: `file://${join(this.place.home, "backend")}`,
      PULUMI_HOME: join(this.place.home, "pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile,
    };
    await this.configure(5);
    await this.place.checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", this.stack], {
      env: this.env,
    });
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
      // The programs that come with npm are of one version.
      "pgstead:scratch": "same-server",
      "pgstead:server": server,
      "pgstead:backup": { directory: join(this.root, "backups") },
      "pgstead:monitoring": { samples: true },
      "pgstead:migrations": { directory: join(this.place.home, "migrations") },
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
        report: {
          ...login,
          grants: [{ on: { tablesIn: "app" }, privileges: ["SELECT"] }],
          settings: { log_statement: "ddl", ...(greedy && this.restricted ? { log_duration: "on" } : {}) },
        },
      },
    };
    const text = stringify({ config });
    for (const directory of [this.place.checkout.directory, this.root]) {
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
    return this.place.checkout.run("infra/toolchain/pulumi.ts", all, { env: this.env, exitCode });
  }

  /** Reads the state once: each command would take a second for it. */
  async keepOutputs(): Promise<void> {
    const { stdout } = await this.pulumi(["stack", "output", "--json", "--show-secrets"]);
    await writeFile(join(this.root, "outputs.json"), stdout, { mode: 0o600 });
  }

  ops(line: string): Promise<WatchedRun> {
    return runWatched(this.root, [...line.split(" "), "--stack", this.stack, "--json"]);
  }

  /** A command that runs Pulumi, as a person would. */
  deployedOps(args: readonly string[]): Promise<Output> {
    return this.place.checkout.run("infra/ops/cli.ts", [...args, "--stack", this.stack], { env: this.env });
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
