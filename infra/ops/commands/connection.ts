import { InvalidArgumentError } from "commander";
import { parseConnectionUri } from "../../../components/core/connection";
import type { Finding } from "../../../components/core/finding";
import { resolvePool, type Pool, type PoolSetting } from "../../../components/core/pool";
import { problemError } from "../../../components/core/problem";
import { quoteShell } from "../../../components/core/shell";
import {
  readConnectionLimits,
  type ConnectionLimits,
} from "../../../components/io/catalog/connection-limits";
import type { Colors } from "../colors";
import type { OpsCommand, OpsContext, Rendering } from "../command";
import { cannotTell, upCommand } from "../failure";
import { findLogin, type FoundLogin } from "../find-login";
import type { StackLogin, StackOutputs } from "../outputs";
import type { Report } from "../report";
import { lookInto } from "../sessions";
import { renderTable } from "../table";
import { plural } from "../text";

export interface ConnectionArgs {
  /** Name in the configuration or on the server. */
  readonly role?: string;
  /** Needed where several databases have the role. */
  readonly database?: string;
  /** Processes of the application, each with a pool of its own. */
  readonly instances: number;
  readonly env?: boolean;
  readonly showSecrets?: boolean;
  readonly json?: boolean;
}

export interface ConnectionData {
  /** The role's name in the configuration. */
  readonly role: string;
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** With the password only where that was asked for. */
  readonly uri: string;
  readonly instances: number;
  readonly limits: {
    readonly maxConnections: number;
    /** Kept for superusers and for members of pg_use_reserved_connections. */
    readonly reservedConnections: number;
    /** Connections that the role may count on, whatever others do; null where it cannot log in. */
    readonly share: number | null;
  };
  /** For each instance; null where none fits. */
  readonly pool: Pool | null;
}

/** Tells an application how to connect, and how large its pool may be. */
export const connectionCommand: OpsCommand<ConnectionArgs, ConnectionData> = {
  name: "connection",
  summary: "print how an application connects, and the pool that fits the server",
  declare: (command) => {
    command
      .option("-r, --role <role>", "login role, by its name in the configuration")
      .option("-d, --database <name>", "database, where several have the role")
      .option(
        "-n, --instances <count>",
        "processes of the application, each with its own pool",
        parseCount,
        1,
      )
      .option("--env", "print DATABASE_URL, with the password, and the pool as lines of an .env file")
      .option("--show-secrets", "print the password in the URI")
      .addHelpText("after", "\nExample:\n  npm run --silent ops -- connection --role app --env > .env");
  },
  run: readConnection,
  render: renderConnection,
};

export async function readConnection(
  context: OpsContext,
  args: ConnectionArgs,
): Promise<Report<ConnectionData>> {
  if (args.env === true && args.json === true) {
    throw problemError(
      "--env",
      "cannot be together with --json",
      "take one of them; --json has the pool as well",
    );
  }
  const found = findLogin(context.config, args);
  const outputs = await context.outputs();
  const login = deployedLogin(outputs, found, context.stack);
  const limits = await context.progress(
    `asking the server at ${outputs.host}:${outputs.port}`,
    lookInto(outputs.administrator, "postgres", readConnectionLimits),
  );
  const { pool, share, findings } = planPool(found, login, limits, args.instances, upCommand(context.stack));
  const { host, port, user } = parseConnectionUri(login.uri);
  const secret = args.env === true || args.showSecrets === true;
  return {
    command: "connection",
    stack: context.stack,
    data: {
      role: found.role.key,
      host,
      port,
      database: login.database,
      user,
      uri: secret ? login.uri : maskPassword(login.uri),
      instances: args.instances,
      limits: {
        maxConnections: limits.maxConnections,
        reservedConnections: limits.superuserReserved + limits.reserved,
        share,
      },
      pool,
    },
    findings,
  };
}

function deployedLogin({ logins }: StackOutputs, { database, role }: FoundLogin, stack: string): StackLogin {
  const login = logins.find(
    (candidate) => candidate.database === database.name && candidate.key === role.key,
  );
  if (login !== undefined) return login;
  const message = `role ${role.key} of database ${database.name} is declared and was not deployed yet`;
  throw cannotTell(`stack ${stack}`, message, `run \`${upCommand(stack)}\` first`);
}

interface PoolPlan {
  readonly pool: Pool | null;
  readonly share: number | null;
  readonly findings: readonly Finding[];
}

function planPool(
  { database, role }: FoundLogin,
  login: StackLogin,
  limits: ConnectionLimits,
  instances: number,
  mend: string,
): PoolPlan {
  const subject = `role ${login.role}`;
  if (!limits.logins.some((candidate) => candidate.role === login.role)) {
    const hint = `\`${mend}\` brings it back`;
    return { pool: null, share: null, findings: [{ subject, message: "no such login on the server", hint }] };
  }
  const available = limits.maxConnections - limits.superuserReserved - limits.reserved;
  const inDatabase = limits.databases.find(({ name }) => name === login.database)?.connectionLimit ?? -1;
  const members = new Set([role.name, ...database.roles.filter((one) => one.login).map(({ name }) => name)]);
  const logins = limits.logins.filter((candidate) => members.has(candidate.role));
  const answer = resolvePool({
    role: login.role,
    instances,
    shares: [
      { of: "the server", available, logins: limits.logins },
      ...(inDatabase < 0 ? [] : [{ of: `database ${login.database}`, available: inDatabase, logins }]),
    ],
  });
  const share = answer.share.connections;
  if (answer.fits) return { pool: answer.pool, share, findings: [] };
  const { message, hint } = answer;
  return { pool: null, share, findings: [{ subject, message, hint }] };
}

/** The URI as it may be shown. */
export function maskPassword(uri: string): string {
  return uri.replace(/^([a-z]+:\/\/[^:@/]+):[^@/]*@/, "$1:***@");
}

export function renderConnection(
  { stack, data }: Report<ConnectionData>,
  args: ConnectionArgs,
  colors: Colors,
): Rendering {
  // A pool that does not fit is no line of an .env file: the file stays empty, and the exit code says so.
  if (args.env === true)
    return { output: data.pool === null ? "" : renderEnv(data, data.pool), machine: true };
  const { host, port, database, user, uri, instances, limits, pool } = data;
  const hidden = args.showSecrets === true ? "" : "  (the password: --show-secrets)";
  const facts = [
    `stack ${stack}: role ${data.role}`,
    `  host      ${host}`,
    `  port      ${port}`,
    `  database  ${database}`,
    `  user      ${user}`,
    `  URI       ${uri}${hidden}`,
  ];
  const server = `max_connections ${limits.maxConnections}, of which ${limits.reservedConnections} are reserved`;
  const share = limits.share === null ? "" : `; ${user} may count on ${limits.share}`;
  const sections = [facts.join("\n"), `${server}${share}`];
  if (pool !== null) sections.push(renderPool(pool, instances, colors));
  return { output: `${sections.join("\n\n")}\n` };
}

function renderPool(pool: Pool, instances: number, colors: Colors): string {
  const rows = poolSettings(pool).map(({ setting, value, unit }) => [
    setting,
    unit === "" ? value : `${value} ${unit}`,
    pool.reasons[setting],
  ]);
  const title = instances === 1 ? "Pool" : `Pool of each of ${plural(instances, "instance")}`;
  const columns = ["setting", "value", "reason"].map((heading) => ({ heading }));
  return renderTable(title, columns, rows, colors);
}

function renderEnv({ uri }: ConnectionData, pool: Pool): string {
  const lines = poolSettings(pool).map(({ variable, value }) => `${variable}=${quoteShell(value)}`);
  return `${[`DATABASE_URL=${quoteShell(uri)}`, ...lines].join("\n")}\n`;
}

function poolSettings(
  pool: Pool,
): readonly { setting: PoolSetting; variable: string; value: string; unit: string }[] {
  return [
    { setting: "size", variable: "DB_POOL_SIZE", value: String(pool.size), unit: "" },
    { setting: "overflow", variable: "DB_MAX_OVERFLOW", value: String(pool.overflow), unit: "" },
    { setting: "recycle", variable: "DB_POOL_RECYCLE", value: String(pool.recycleSeconds), unit: "s" },
    { setting: "timeout", variable: "DB_POOL_TIMEOUT", value: String(pool.timeoutSeconds), unit: "s" },
    { setting: "prePing", variable: "DB_POOL_PRE_PING", value: String(pool.prePing), unit: "" },
  ];
}

function parseCount(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count >= 1 && count <= 10_000) return count;
  throw new InvalidArgumentError("It is a whole number from 1 to 10000.");
}
