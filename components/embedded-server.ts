import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "./connection";
import type { RoleCredential } from "./core/credentials/age";
import type { Refusal } from "./core/statement";
import { projectDirectory } from "./project-directory";
import { Credential, EmbeddedServerResource } from "./providers/resources";
import { describeCredential } from "./roles";

export interface EmbeddedServerArgs {
  /**
   * TCP port on 127.0.0.1 (`port`), 1024 to 65535. A change restarts the server.
   */
  readonly port: number;

  /**
   * Name of the superuser that initdb makes. It cannot change afterwards.
   *
   * @default - `postgres`
   */
  readonly administrator?: string;

  /**
   * Raise it to give the administrator a new password: set with the old one, proven by a login, then stored.
   *
   * @default - 1
   */
  readonly passwordVersion?: number;

  /**
   * True: the data goes when the stack is destroyed, and is made anew when it is gone.
   *
   * @default - false: `destroy` stops the server and keeps the data; lost data stops the run
   */
  readonly disposable?: boolean;

  /**
   * Whether `up` may restart a running server, which ends its sessions.
   *
   * @default - `allow` for a disposable server, else `refuse`
   */
  readonly restart?: "allow" | "refuse";

  /**
   * Absolute path of the data directory (`PGDATA`). It cannot change afterwards.
   *
   * @default - one of its own for this checkout and stack, outside of the checkout
   */
  readonly dataDirectory?: string;

  /**
   * Directory that, with project and stack, names the data directory.
   *
   * @default - the Pulumi project's directory, so that two clones never share a server
   */
  readonly checkout?: string;
}

/**
 * PostgreSQL 17 from npm on loopback, without Docker and without root: for development and trial.
 *
 * It outlives the run, is started again by the next `up` when it died, and keeps its data outside of the checkout.
 * Its cost: one process, about 40 MB of disk for an empty server and 60 MB once for the programs.
 *
 * @example
 * const server = new EmbeddedServer("server", { port: 54320, disposable: true });
 * new Roles("shop", { connection: server.connection, roles: [{ name: "shop_app", login: true }] });
 */
export class EmbeddedServer extends pulumi.ComponentResource {
  readonly connection: Connection;
  /** When the administrator's password was made. */
  readonly credential: pulumi.Output<RoleCredential>;
  /** Version as the server names it, such as `17.10`. */
  readonly version: pulumi.Output<string>;
  readonly dataDirectory: pulumi.Output<string>;
  /** What the server's own plan refuses: input of `Guard`. */
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: EmbeddedServerArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveEmbeddedServer(args);
    super("pg:index:EmbeddedServer", name, {}, opts);

    const administrator = createAdministrator(name, plan, this);
    const server = createServer(name, plan, administrator, this);
    this.connection = createConnection(name, plan, server, this);
    const login = plan.administrator;
    this.credential = describeCredential(administrator, { role: login, login });

    this.version = server.version;
    this.dataDirectory = server.dataDirectory;
    this.refusals = server.refusals;
    this.registerOutputs({ version: this.version, dataDirectory: this.dataDirectory });
  }
}

export type EmbeddedServerPlan = Required<Omit<EmbeddedServerArgs, "dataDirectory">> &
  Pick<EmbeddedServerArgs, "dataDirectory">;

/** Fills in what was left out. */
export function resolveEmbeddedServer(args: EmbeddedServerArgs): EmbeddedServerPlan {
  const disposable = args.disposable ?? false;
  return {
    port: args.port,
    administrator: args.administrator ?? "postgres",
    passwordVersion: args.passwordVersion ?? 1,
    disposable,
    restart: args.restart ?? (disposable ? "allow" : "refuse"),
    checkout: args.checkout ?? projectDirectory(),
    ...(args.dataDirectory === undefined ? {} : { dataDirectory: args.dataDirectory }),
  };
}

function createAdministrator(name: string, plan: EmbeddedServerPlan, parent: pulumi.Resource): Credential {
  return new Credential(`${name}-administrator`, { passwordVersion: plan.passwordVersion }, { parent });
}

function createServer(
  name: string,
  plan: EmbeddedServerPlan,
  administrator: Credential,
  parent: pulumi.Resource,
): EmbeddedServerResource {
  const { passwordVersion: _version, ...declared } = plan;
  const { password, verifier } = administrator;
  const args = { ...declared, password, verifier };
  return new EmbeddedServerResource(name, args, { parent });
}

function createConnection(
  name: string,
  plan: EmbeddedServerPlan,
  server: EmbeddedServerResource,
  parent: pulumi.Resource,
): Connection {
  const login = {
    host: server.host,
    port: server.port,
    username: plan.administrator,
    password: server.password,
  };
  const provider = new postgresql.Provider(
    name,
    { ...login, sslmode: "disable", superuser: true, connectTimeout: 15, maxConnections: 4 },
    { parent },
  );
  return {
    host: server.host,
    port: server.port,
    user: pulumi.output(plan.administrator),
    password: server.password,
    systemIdentifier: server.systemIdentifier,
    provider,
    control: { kind: "embedded", dataDirectory: server.dataDirectory },
    capabilities: { canRestart: plan.restart === "allow", canWriteHba: true, isSuperuser: true },
    ...(plan.disposable ? { deletedWith: server } : {}),
  };
}
