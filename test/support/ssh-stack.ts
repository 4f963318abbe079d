import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { parse } from "yaml";
import { applicationPackages, copyApplication, type Application } from "./alembic-application";
import { makeAuthority } from "./certificates";
import { makeCheckout, type Checkout, type Output } from "./checkout";
import { findMatchingTools } from "./client-tools";
import { runSql } from "./own-provider";
import { startServer, type TestServer } from "./server";
import { passphrase, startSshServer, type SshServer } from "./ssh-server";

/** Name of the stack. */
export const stack = "tunnel";

/** A stack whose server is reached over an SSH host and a bastion, and an application whose Alembic migrates it. */
export class SshStack {
  server!: TestServer;
  sshd!: SshServer;
  checkout!: Checkout;
  application!: Application;
  env!: NodeJS.ProcessEnv;
  private ca!: string;
  private packages!: string;

  async start(): Promise<void> {
    [this.server, this.sshd, this.checkout] = await Promise.all([
      startServer(),
      startSshServer(),
      makeCheckout(),
    ]);
    const authority = await makeAuthority(this.sshd.directory);
    await authority.secure(this.server, ["localhost"]);
    this.ca = authority.file;
    this.packages = await applicationPackages();
    this.application = await copyApplication(this.at("application"));
    await Promise.all([
      mkdir(this.at("backend")),
      writeFile(this.at("passphrase"), `${passphrase}\n`, { mode: 0o600 }),
    ]);
    this.env = {
      PULUMI_BACKEND_URL: `file://${this.at("backend")}`,
      PULUMI_HOME: this.at("pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PGSTEAD_SSH_PASSPHRASE_FILE: this.at("passphrase"),
      PGPASSWORD: undefined,
      PATH: [findMatchingTools(), process.env.PATH].join(delimiter),
    };
    await this.checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", stack], { env: this.env });
    await this.configure();
    await this.pulumi("config", "set", "--secret", "pgstead:administratorPassword", this.server.password);
  }

  async stop(): Promise<void> {
    await this.checkout.remove();
    await Promise.all([this.sshd.stop(), this.server.stop()]);
    await rm(this.sshd.directory, { recursive: true, force: true });
  }

  /** A path beside the checkout. */
  at(name: string): string {
    return join(dirname(this.checkout.directory), name);
  }

  pulumi(...args: string[]): Promise<Output> {
    return this.run("infra/toolchain/pulumi.ts", args, 0);
  }

  failing(...args: string[]): Promise<Output> {
    return this.run("infra/toolchain/pulumi.ts", args, "any");
  }

  ops(args: readonly string[], exitCode: number | "any" = 0): Promise<Output> {
    return this.run("infra/ops/cli.ts", args, exitCode);
  }

  sql(text: string, database = "postgres"): Promise<Record<string, unknown>[]> {
    return runSql(this.server, text, database);
  }

  /** The key has a passphrase, the way goes through a bastion, and the server proves its own name. */
  configuration(
    ssh: Readonly<Record<string, unknown>> = {},
  ): Readonly<Record<string, object | string | boolean>> {
    const { sshd } = this;
    const keyFile = join(sshd.directory, "locked");
    const hop = { host: "127.0.0.1", port: sshd.port, user: sshd.user, hostKey: sshd.publicKey("host") };
    const way = { ...hop, keyFile, bastion: { ...hop, keyFile }, ...ssh };
    return {
      "pgstead:target": "existing",
      "pgstead:server": { port: this.server.port, tls: { mode: "verify-full", ca: this.ca }, ssh: way },
      "pgstead:database": { name: "shop", schemas: { app: {} }, extensions: ["citext"] },
      "pgstead:roles": { app: { login: true } },
      "pgstead:disposable": true,
      "pgstead:backup": { directory: this.at("backups") },
      // An application's own Python goes over it as well.
      "pgstead:migrations": {
        engine: "alembic",
        directory: this.application.directory,
        alembic: { environment: { PYTHONPATH: this.packages } },
      },
    };
  }

  /** Writes the stack's file anew; the password stays. */
  async configure(ssh: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const path = join(this.checkout.directory, `Pulumi.${stack}.yaml`);
    const file = await readFile(path, "utf8").catch(() => "");
    const { config, ...rest } = (parse(file) ?? {}) as { config?: Record<string, unknown> };
    const kept = { "pgstead:administratorPassword": config?.["pgstead:administratorPassword"] };
    const password = kept["pgstead:administratorPassword"] === undefined ? {} : kept;
    // JSON is YAML.
    const text = JSON.stringify({ ...rest, config: { ...this.configuration(ssh), ...password } }, null, 2);
    await writeFile(path, text);
  }

  private run(script: string, args: readonly string[], exitCode: number | "any"): Promise<Output> {
    return this.checkout.run(script, [...args, "--stack", stack], { env: this.env, exitCode });
  }
}

/** Starts it before the tests of a file and ends it after. */
export function useSshStack(): SshStack {
  const own = new SshStack();
  beforeAll(() => own.start());
  afterAll(() => own.stop());
  return own;
}
