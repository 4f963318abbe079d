import { isAbsolute, join } from "node:path";
import { InvalidArgumentError, Option } from "commander";
import { connectionUri, isPem, parseConnectionUri, renderPlace } from "../../../components/core/connection";
import type { Finding } from "../../../components/core/finding";
import {
  resolvePool,
  type Pool,
  type PoolSetting,
  type SharedConnections,
} from "../../../components/core/pool";
import { problemError } from "../../../components/core/problem";
import { sshCommand } from "../../../components/core/ssh/command";
import { quoteShell } from "../../../components/core/shell";
import {
  readConnectionLimits,
  type ConnectionLimits,
} from "../../../components/io/catalog/connection-limits";
import { projectRoot } from "../../../components/io/places";
import type { Colors } from "../colors";
import type { OpsCommand, CommandContext, Rendering } from "../command";
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
  readonly uri?: boolean;
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
  /** Opens the way there on this machine, where only an SSH host reaches the server; host and port are then as that host sees them. */
  readonly tunnel: string | null;
  /** With the password only where that was asked for. */
  readonly uri: string;
  readonly instances: number;
  /** What bounds the pool; null where the server was not asked. */
  readonly limits: PoolLimits | null;
  /** For each instance; null where none fits. */
  readonly pool: Pool | null;
}

export interface PoolLimits {
  readonly maxConnections: number;
  /** Kept for superusers and for members of pg_use_reserved_connections. */
  readonly reservedConnections: number;
  /** Connections that the role may count on, whatever others do; null where it cannot log in. */
  readonly share: number | null;
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
      .addOption(
        new Option("--uri", "print the URI alone, with the password; the server is not asked").conflicts(
          "env",
        ),
      )
      .option("--show-secrets", "print the password in the URI")
      .addHelpText(
        "after",
        `
Examples:
  npm run --silent ops -- connection --role app --instances 4 --env > .env
  psql "$(npm run --silent ops -- connection --role app --uri)"`,
      );
  },
  run: readConnection,
  render: renderConnection,
};

export async function readConnection(
  context: CommandContext,
  args: ConnectionArgs,
): Promise<Report<ConnectionData>> {
  refuseTwoForms(args);
  const found = findLogin(context.config, args);
  const outputs = await context.outputs();
  const login = withLocalAuthority(deployedLogin(outputs, found, context.stack));
  const plan = args.uri === true ? notAsked : await planPool(context, outputs, found, login, args.instances);
  const { host, port, user } = parseConnectionUri(login.uri);
  const secret = args.env === true || args.uri === true || args.showSecrets === true;
  const uri = secret ? login.uri : maskPassword(login.uri);
  const { database } = login;
  const { ssh } = outputs.administrator;
  const tunnel = ssh === undefined ? null : sshCommand({ host, port, ssh });
  const { instances } = args;
  const { limits, pool, findings } = plan;
  return {
    command: "connection",
    stack: context.stack,
    data: { role: found.role.key, host, port, database, user, tunnel, uri, instances, limits, pool },
    findings,
  };
}

function refuseTwoForms({ env, uri, json }: ConnectionArgs): void {
  if (json !== true || (env !== true && uri !== true)) return;
  const option = env === true ? "--env" : "--uri";
  throw problemError(option, "cannot be together with --json", "take one of them; --json has all of it");
}

function deployedLogin({ logins }: StackOutputs, { database, role }: FoundLogin, stack: string): StackLogin {
  const login = logins.find(
    (candidate) => candidate.database === database.name && candidate.key === role.key,
  );
  if (login !== undefined) return login;
  const message = `role ${role.key} of database ${database.name} is declared and was not deployed yet`;
  throw cannotTell(`stack ${stack}`, message, `run \`${upCommand(stack)}\` first`);
}

/** The file of the authority is one of the project's directory, and whoever gets the URI runs elsewhere. */
function withLocalAuthority(login: StackLogin): StackLogin {
  const { database, ...target } = parseConnectionUri(login.uri);
  const { tls } = target;
  if (tls?.ca === undefined || isPem(tls.ca) || isAbsolute(tls.ca)) return login;
  const ca = join(projectRoot(), tls.ca);
  return { ...login, uri: connectionUri({ ...target, tls: { ...tls, ca } }, database) };
}

interface PoolPlan {
  readonly limits: PoolLimits | null;
  readonly pool: Pool | null;
  readonly findings: readonly Finding[];
}

const notAsked: PoolPlan = { limits: null, pool: null, findings: [] };

async function planPool(
  context: CommandContext,
  { administrator }: StackOutputs,
  found: FoundLogin,
  login: StackLogin,
  instances: number,
): Promise<PoolPlan> {
  const limits = await context.progress(
    `asking the server at ${renderPlace(administrator)}`,
    lookInto(administrator, "postgres", readConnectionLimits),
  );
  const { maxConnections } = limits;
  const reservedConnections = limits.superuserReserved + limits.reserved;
  const subject = `role ${login.role}`;
  if (!limits.logins.some(({ role }) => role === login.role)) {
    const hint = `\`${upCommand(context.stack)}\` brings it back`;
    const findings = [{ subject, message: "no such login on the server", hint }];
    return { limits: { maxConnections, reservedConnections, share: null }, pool: null, findings };
  }
  const shares = sharesOf(found, login, limits);
  const answer = resolvePool({ role: login.role, instances, shares });
  const bounds = { maxConnections, reservedConnections, share: answer.share.connections };
  if (answer.fits) return { limits: bounds, pool: answer.pool, findings: [] };
  const { message, hint } = answer;
  return { limits: bounds, pool: null, findings: [{ subject, message, hint }] };
}

/** What the login shares with others: the server, and the database where that has a limit. */
function sharesOf(
  { database }: FoundLogin,
  login: StackLogin,
  limits: ConnectionLimits,
): SharedConnections[] {
  const available = limits.maxConnections - limits.superuserReserved - limits.reserved;
  const server = { of: "the server", available, logins: limits.logins };
  const inDatabase = limits.databases.find(({ name }) => name === login.database)?.connectionLimit ?? -1;
  if (inDatabase < 0) return [server];
  const members = new Set([login.role, ...database.roles.map(({ name }) => name)]);
  const logins = limits.logins.filter(({ role }) => members.has(role));
  return [server, { of: `database ${login.database}`, available: inDatabase, logins }];
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
  if (args.uri === true) return { output: `${data.uri}\n`, machine: true };
  // A pool that does not fit is no line of an .env file: the file stays empty, and the exit code says so.
  if (args.env === true)
    return { output: data.pool === null ? "" : renderEnv(data, data.pool), machine: true };
  const { host, port, database, user, tunnel, uri, instances, limits, pool } = data;
  const hidden = args.showSecrets === true ? "" : "  (the password: --show-secrets)";
  const facts = [
    `stack ${stack}: role ${data.role}`,
    `  host      ${host}`,
    `  port      ${port}`,
    `  database  ${database}`,
    `  user      ${user}`,
    `  URI       ${uri}${hidden}`,
    ...(tunnel === null
      ? []
      : [
          `  tunnel    ${tunnel}`,
          `            keep it running; libpq then gets there with PGHOSTADDR=127.0.0.1 beside the URI`,
        ]),
  ];
  const sections = [facts.join("\n"), ...(limits === null ? [] : [renderLimits(limits, user)])];
  if (pool !== null) sections.push(renderPool(pool, instances, colors));
  return { output: `${sections.join("\n\n")}\n` };
}

function renderLimits({ maxConnections, reservedConnections, share }: PoolLimits, user: string): string {
  const server = `max_connections ${maxConnections}, of which ${reservedConnections} are reserved`;
  return share === null ? server : `${server}; ${user} may count on ${share}`;
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
