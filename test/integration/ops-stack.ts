import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connectionUri } from "../../components/core/connection";
import { projectRoot } from "../../components/io/places";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { schemaFaults } from "../support/report-schemas";
import { startServer, type TestServer } from "../support/server";

/** A server that holds what a stack declares, and the stack's file and outputs, without an engine. */
export interface DeployedStack {
  readonly server: TestServer;
  readonly root: string;
  readonly passwords: Readonly<Record<string, string>>;
  /** Runs `ops` as its own process. */
  ops(...args: readonly string[]): Promise<OpsOutput>;
  /** Writes what Pulumi would print. */
  writeOutputs(change?: Readonly<Record<string, unknown>>): Promise<void>;
  remove(): Promise<void>;
}

export interface OpsOutput {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const settings = `config:
  pgstead:disposable: true
  pgstead:database:
    name: shop
    extensions: [pg_trgm]
    schemas: { api: {} }
  pgstead:roles:
    app: { login: true, connectionLimit: 40 }
    readonly: { login: true }
    group: {}
`;

const logins = { migrator: "shop_migrator", app: "shop_app", readonly: "shop_readonly" } as const;

export async function deployStack(): Promise<DeployedStack> {
  const server = await startServer();
  const root = await mkdtemp(join(tmpdir(), "pgstead-ops-"));
  const passwords = Object.fromEntries(Object.values(logins).map((role) => [role, generatePassword()]));
  const stack: DeployedStack = {
    server,
    root,
    passwords,
    ops: (...args) => runNode("test/integration/ops-entry.ts", [root, ...args]),
    writeOutputs: (change = {}) =>
      writeFile(join(root, "outputs.json"), JSON.stringify({ ...outputsOf(server, passwords), ...change })),
    async remove() {
      await server.stop();
      await rm(root, { recursive: true, force: true });
    },
  };
  await writeFile(join(root, "Pulumi.dev.yaml"), settings);
  await stack.writeOutputs();
  await provision(stack);
  return stack;
}

function outputsOf(server: TestServer, passwords: Readonly<Record<string, string>>) {
  const { host, port, superuser, password } = server;
  const login = (user: string) => ({ host, port, user, password: passwords[user] ?? "" });
  return {
    host,
    port,
    version: "17",
    database: "shop",
    roles: logins,
    uris: Object.fromEntries(
      Object.entries(logins).map(([key, role]) => [key, connectionUri(login(role), "shop")]),
    ),
    administratorUri: connectionUri({ host, port, user: superuser, password }, "postgres"),
  };
}

async function provision({ server, passwords }: DeployedStack): Promise<void> {
  const admin = await server.connect();
  await admin.query("CREATE ROLE shop_owner");
  await admin.query("CREATE ROLE shop_group");
  for (const [role, password] of Object.entries(passwords)) {
    const limit = role === "shop_app" ? 40 : -1;
    await admin.query(
      `CREATE ROLE ${role} LOGIN CONNECTION LIMIT ${limit} PASSWORD '${scramVerifier(password)}'`,
    );
  }
  await admin.query("CREATE DATABASE shop OWNER shop_owner");
  await admin.close();
  const shop = await server.connect("shop");
  await shop.query("CREATE SCHEMA api AUTHORIZATION shop_owner");
  await shop.query("CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.5'");
  await shop.query("CREATE TABLE api.orders (id int PRIMARY KEY, body text)");
  await shop.query("CREATE VIEW api.recent AS SELECT * FROM api.orders");
  await shop.query("CREATE FUNCTION api.one() RETURNS int LANGUAGE sql AS 'SELECT 1'");
  await shop.close();
}

/** Whether a command line of `ops` prints one document, which has to be as its published schema says. */
function asksForJson(entry: string, args: readonly string[]): boolean {
  return entry === "test/integration/ops-entry.ts" && args.includes("--json") && !args.includes("--watch");
}

/** Runs a TypeScript file of the project as the npm scripts do. */
export function runNode(
  entry: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<OpsOutput> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, ["infra/toolchain/run.cjs", entry, ...args], {
      cwd: projectRoot(),
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", reject);
    child.on("close", (exitCode) => {
      const faults = asksForJson(entry, args) && output.stdout !== "" ? schemaFaults(output.stdout) : [];
      if (faults.length === 0) resolve({ exitCode, ...output });
      else
        reject(new Error(`not as the schema has it: ops ${args.slice(1).join(" ")}\n${faults.join("\n")}`));
    });
  });
}
