import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connectionUri } from "../../components/core/connection";
import type { Session } from "../../components/io/session";
import { commands } from "../../infra/ops/commands";
import { runOps } from "../../infra/ops/frame";
import { exitCodes } from "../../infra/ops/report";
import { readStackConfig } from "../../infra/ops/stack";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { schemaFaults } from "../support/report-schemas";
import { deployStack, type DeployedStack } from "./ops-stack";

/** Every command that looks at the server. */
export const looks = [
  ["health"],
  ["connections"],
  ["locks"],
  ["status"],
  ["terminate-idle", "--yes"],
  ["disk"],
  ["bloat"],
  ["indexes"],
  ["metrics", "--interval", "100ms"],
  ["slow-queries"],
  ["sample"],
  ["capacity"],
  ["settings"],
  ["audit-security"],
  ["vacuum", "--yes"],
  ["analyze", "--yes"],
  ["reindex", "--yes"],
];

/** A stack with a role of profile `monitor`, whose commands run in the test's own process: a look takes a moment. */
export interface WatchedStack extends DeployedStack {
  /** Runs a command line; `typed` is what a person at a terminal would type, without there is none. */
  run(args: readonly string[], typed?: string): Promise<WatchedRun>;
  /** As a login of the stack. */
  as(role: "shop_app" | "shop_monitor", application?: string): Promise<Session>;
}

export interface WatchedRun {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Of `--json`. */
  json<Data>(): JsonReport<Data>;
}

export interface JsonReport<Data> {
  readonly status: string;
  readonly data: Data;
  readonly findings: readonly { subject: string; message: string; hint: string; severity?: string }[];
}

/** The file of the stack: what is watched of it, beside its database and its roles. */
export const watchedConfig = (monitoring: string, extensions = "pg_trgm"): string => `config:
  pgstead:disposable: true
  pgstead:database: { name: shop, extensions: [${extensions}], schemas: { api: {} } }
  pgstead:roles:
    app: { login: true, connectionLimit: 40 }
    readonly: { login: true }
    monitor: { login: true, profile: monitor }
    group: {}
  pgstead:monitoring: { ${monitoring} }
`;

/** @param serverSettings set before it is used, with a restart */
export async function deployWatched(
  thresholds: string,
  serverSettings: Readonly<Record<string, string>> = {},
): Promise<WatchedStack> {
  const stack = await deployStack();
  const { server, root } = stack;
  const passwords: Readonly<Record<string, string>> = {
    ...stack.passwords,
    shop_monitor: generatePassword(),
  };
  const admin = await server.connect();
  await admin.query(
    `CREATE ROLE shop_monitor LOGIN PASSWORD '${scramVerifier(passwords.shop_monitor ?? "")}'`,
  );
  await admin.query("GRANT pg_monitor, pg_use_reserved_connections TO shop_monitor");
  for (const [name, value] of Object.entries(serverSettings)) {
    await admin.query(`ALTER SYSTEM SET ${name} = '${value}'`);
  }
  await admin.close();
  await server.halt();
  await server.start();
  await writeFile(join(root, "Pulumi.dev.yaml"), watchedConfig(`thresholds: ${thresholds}`));
  const { host, port } = server;
  const login = (user: string) => ({ host, port, user, password: passwords[user] ?? "" });
  const roles = {
    migrator: "shop_migrator",
    app: "shop_app",
    readonly: "shop_readonly",
    monitor: "shop_monitor",
  };
  const uris = Object.entries(roles).map(([key, role]) => [key, connectionUri(login(role), "shop")]);
  await stack.writeOutputs({ roles, uris: Object.fromEntries(uris) as unknown });
  return {
    ...stack,
    passwords,
    run: (args, typed) => runWatched(root, args, typed),
    as: async (role, application) => {
      const session = await server.connect("shop", login(role));
      if (application !== undefined) await session.query(`SET application_name = '${application}'`);
      return session;
    },
  };
}

/** Runs a command line of `ops` in this process, for a directory with a stack's file and, in `outputs.json`, its outputs. */
export async function runWatched(root: string, args: readonly string[], typed?: string): Promise<WatchedRun> {
  const written = { stdout: "", stderr: "" };
  const status = await runOps(args, commands, {
    version: "0.0.0",
    project: "pgstead",
    root,
    readConfig: (stack) => readStackConfig(root, stack),
    readOutputs: () => readFile(join(root, "outputs.json"), "utf8"),
    pulumi: () => () => Promise.reject(new Error("there is no Pulumi in these tests")),
    ...(typed === undefined ? {} : { askFor: () => Promise.resolve(typed) }),
    stdout: { write: (text) => (written.stdout += text) },
    stderr: { write: (text) => (written.stderr += text) },
    env: {},
  });
  const faults = args.includes("--json") ? schemaFaults(written.stdout) : [];
  if (faults.length > 0)
    throw new Error(`not as the schema has it: ops ${args.join(" ")}\n${faults.join("\n")}`);
  return {
    ...written,
    exitCode: exitCodes[status],
    json: <Data>() => JSON.parse(written.stdout) as JsonReport<Data>,
  };
}
