import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "./connection";
import type { TakenFile } from "./core/existing-server";
import type { Become, HostPlace } from "./core/host/place";
import { resolveTls, type Tls } from "./core/connection";
import type { ServerNeeds } from "./core/provider-settings";
import { pluginPort, type SshWay } from "./core/ssh/way";
import type { Refusal } from "./core/statement";
import { pathForPlugins } from "./project-directory";
import { ExistingServerResource } from "./providers/existing-server-resource";

export interface ExistingServerArgs {
  /** Name or address of the primary server, as the last host of `ssh` sees it where there is one. A change to another server is refused until `pulumi refresh`. */
  readonly host: string;

  /** TCP port (`port`). @default - 5432 */
  readonly port?: number;

  /** The managing login: a superuser, or the first login of a managed service. */
  readonly user: string;

  /**
   * Its password. Changing it here changes no server: the server has it already.
   *
   * @default - the content of `passwordFile`
   */
  readonly password?: pulumi.Input<string>;

  /**
   * File that holds the password.
   *
   * @default - the file that PGSTEAD_ADMINISTRATOR_PASSWORD_FILE names
   */
  readonly passwordFile?: string;

  /**
   * Encryption (`sslmode`, `sslrootcert`).
   *
   * @default - `verify-full` with the public authorities; `disable` on loopback, where nobody else is on the way
   */
  readonly tls?: Tls;

  /**
   * The way over an SSH host, where this machine has no other. Only Pulumi that was started by the project's wrapper
   * (`npm run pulumi`) opens it.
   *
   * @default - the server is reached directly
   */
  readonly ssh?: SshWay;

  /**
   * Whether the managing login is a superuser. False for managed services: what only a superuser may do is then told
   * by name in the preview. Declared, as the official provider has to know it before it connects; a login that turns out
   * to be none is refused.
   *
   * @default - true
   */
  readonly superuser?: boolean;

  /**
   * Whether it is a managed service whose settings and ways in are set with the service's own interface (parameter
   * group, firewall): what is declared of them is told in the preview and listed by `ops provider-settings`, and not
   * refused.
   *
   * @default - false
   */
  readonly managed?: boolean;

  /**
   * What is declared of the server and takes more than some logins have: extensions that nobody could make are refused
   * before anything is sent, and with `managed` settings are compared.
   *
   * @default - nothing of it is looked at
   */
  readonly needs?: ServerNeeds;

  /**
   * Its host, managed over `ssh`: the server is restarted there where `up` may restart it, by systemd or pg_ctlcluster.
   *
   * @default - only SQL: what waits for a restart is told
   */
  readonly onHost?: {
    /** How the account of `ssh` does root's work: `sudo` without a password, or `none` where it is root. */
    readonly become: Become;
    /** The server's cluster, as the host has it, such as `17/main`. @default - the one that listens at the port */
    readonly cluster?: string;
  };

  /**
   * Files of the server that the stack changes. What they are before is kept in the state, encrypted, and put back when
   * what changes them goes.
   *
   * @default - none is put back
   */
  readonly takesOver?: readonly TakenFile[];
}

/**
 * A PostgreSQL server, 14 or newer, that is there already: self-managed or a managed service. Nothing of it is made, and
 * nothing goes with the stack but what the stack declares on it.
 *
 * @example
 * const server = new ExistingServer("server", {
 *   host: "db.example.com",
 *   user: "postgres",
 *   password: config.requireSecret("administratorPassword"),
 * });
 */
export class ExistingServer extends pulumi.ComponentResource {
  readonly connection: Connection;
  /** Version as the server names it, such as `17.10`. */
  readonly version: pulumi.Output<string>;
  /** Its host; absent: it is not managed. */
  readonly host?: HostPlace;
  /** What stands in the way of managing it: input of `Guard`. */
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: ExistingServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveExistingServer(args);
    super("pg:index:ExistingServer", name, {}, opts);

    const server = createServer(name, plan, this);
    this.connection = createConnection(name, plan, server, this);

    const host = placeOf(plan);
    if (host !== undefined) this.host = host;
    this.version = server.version;
    this.refusals = server.refusals;
    this.registerOutputs({ version: this.version });
  }
}

type Optional = "password" | "passwordFile" | "ssh" | "managed" | "needs" | "onHost" | "takesOver";
export type ExistingServerPlan = Required<Omit<ExistingServerArgs, Optional>> &
  Pick<ExistingServerArgs, Optional>;

/** Fills in what was left out. */
export function resolveExistingServer(args: ExistingServerArgs): ExistingServerPlan {
  return {
    ...args,
    port: args.port ?? 5432,
    tls: resolveTls(args),
    superuser: args.superuser ?? true,
  };
}

function createServer(
  name: string,
  plan: ExistingServerPlan,
  parent: pulumi.Resource,
): ExistingServerResource {
  // How its host is worked on is no matter of whether and what it answers.
  const { onHost: _onHost, ...args } = plan;
  return new ExistingServerResource(name, args, { parent });
}

function placeOf({ ssh, onHost }: ExistingServerPlan): HostPlace | undefined {
  return ssh === undefined || onHost === undefined ? undefined : { ssh, become: onHost.become };
}

/**
 * Where the official plugin, which knows no SSH, finds the server. Over SSH that is the wrapper's listener, which proves
 * the server itself: its address is another one in each run, and so it is no input but the plugin's own default (PGHOST).
 * Without the wrapper that default is an address of this machine where nobody listens.
 */
function placeForPlugin({ host, port, tls, ssh }: ExistingServerPlan): postgresql.ProviderArgs {
  if (ssh !== undefined) return { port: pluginPort, sslmode: "disable" };
  const ca = tls.ca === undefined ? {} : { sslrootcert: pathForPlugins(tls.ca) };
  return { host, port, sslmode: tls.mode, ...ca };
}

function createConnection(
  name: string,
  plan: ExistingServerPlan,
  server: ExistingServerResource,
  parent: pulumi.Resource,
): Connection {
  const { user, port, tls, ssh, superuser, managed = false, onHost, takesOver = [] } = plan;
  const host = placeOf(plan);
  const login = { username: user, password: server.password, superuser };
  const provider = new postgresql.Provider(
    name,
    { ...placeForPlugin(plan), ...login, connectTimeout: 15, maxConnections: 4 },
    { parent },
  );
  return {
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    tls,
    ...(ssh === undefined ? {} : { ssh }),
    systemIdentifier: server.systemIdentifier,
    provider,
    ...(host === undefined ? {} : { control: controlOf(host, { port, cluster: onHost?.cluster }, server) }),
    ...(takesOver.length === 0 ? {} : { before: server.before }),
    capabilities: {
      canRestart: host !== undefined,
      canWriteHba: superuser,
      isSuperuser: superuser,
      isManaged: managed,
    },
  };
}

function controlOf(
  host: HostPlace,
  { port, cluster }: { readonly port: number; readonly cluster: string | undefined },
  { systemIdentifier }: ExistingServerResource,
): NonNullable<Connection["control"]> {
  return { kind: "host", host, port, ...(cluster === undefined ? {} : { cluster }), systemIdentifier };
}
