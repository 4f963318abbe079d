import * as pulumi from "@pulumi/pulumi";
import type { AuditDeclaration } from "../core/audit/model";
import type { Tls } from "../core/connection";
import type { Turn } from "../core/credentials/turns";
import type { DesiredDatabase } from "../core/server/database";
import type { PrivilegesDeclaration } from "../core/privileges/declaration";
import type { HostPlace } from "../core/host/place";
import type { DesiredExtension, DesiredSchema } from "../core/database/model";
import type { DesiredRole } from "../core/server/role";
import type { DesiredGroup, ServerAccess } from "../core/server/model";
import type { LossGateArgs } from "../core/backup-gate/place";
import type { HbaDatabase } from "../core/hba/defaults";
import type { HbaRule } from "../core/hba/rule";
import type { PendingFile } from "../core/migrations/made-objects";
import type { SettingValue } from "../core/server/role-settings";
import type { SshWay } from "../core/ssh/way";
import type { Refusal } from "../core/statement";
import type { EndpointArgs } from "./docker-resources";

/** Every member an `Input`; of each shape by itself, where there are several. */
export type Inputs<Shape> = Shape extends unknown
  ? { readonly [Name in keyof Shape]: pulumi.Input<Shape[Name]> }
  : never;

export interface CredentialArgs {
  /** Raise it to make a new password: the only thing that does. Lowering it is refused. */
  readonly passwordVersion: number;
  /** Instead of one that is made; another one later is refused. Secret. */
  readonly given?: pulumi.Input<string | undefined>;
  /** Of one of two logins that take turns; a number that locks out the clients of both is refused. */
  readonly turn?: Turn["is"];
}

/** A password and its SCRAM-SHA-256 verifier, made once (resource of the provider `pgstead`). */
export class Credential extends pulumi.CustomResource {
  /** 32 letters and digits; secret. */
  declare readonly password: pulumi.Output<string>;
  /** `SCRAM-SHA-256$…` with a salt of its own; secret. */
  declare readonly verifier: pulumi.Output<string>;
  declare readonly passwordVersion: pulumi.Output<number>;
  /** When it was made, as an ISO string in UTC; undefined where it was not made here, or before this was kept. */
  declare readonly changedAt: pulumi.Output<string | undefined>;

  constructor(name: string, args: CredentialArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = { password: undefined, verifier: undefined, changedAt: undefined };
    const secretOutputs = ["password", "verifier"];
    const given = args.given === undefined ? {} : { given: pulumi.secret(args.given) };
    super(
      "pgstead:index:Credential",
      name,
      { ...outputs, ...args, ...given },
      withSecrets(opts, secretOutputs),
    );
  }
}

export interface EmbeddedServerResourceArgs {
  /** TCP port on 127.0.0.1; a change restarts the server. */
  readonly port: number;
  /** Superuser that initdb makes; it cannot change. */
  readonly administrator: string;
  readonly password: pulumi.Input<string>;
  readonly verifier: pulumi.Input<string>;
  /** Directory of the program: with project and stack it is the key of the data directory. */
  readonly checkout: string;
  /** Absolute path of the data directory instead of one by that key; it cannot change. */
  readonly dataDirectory?: string;
  /** True: `destroy` removes the data. */
  readonly disposable: boolean;
  /** Whether `up` may restart a running server. */
  readonly restart: "allow" | "refuse";
}

/** PostgreSQL from npm on loopback (resource of the provider `pgstead`). */
export class EmbeddedServerResource extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<number>;
  declare readonly password: pulumi.Output<string>;
  declare readonly version: pulumi.Output<string>;
  declare readonly systemIdentifier: pulumi.Output<string>;
  declare readonly dataDirectory: pulumi.Output<string>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: EmbeddedServerResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      host: undefined,
      version: undefined,
      systemIdentifier: undefined,
      // Where it is not declared the provider says it.
      dataDirectory: undefined,
      logDirectory: undefined,
      refusals: undefined,
    };
    const inputs = {
      ...args,
      password: pulumi.secret(args.password),
      verifier: pulumi.secret(args.verifier),
    };
    super(
      "pgstead:index:EmbeddedServer",
      name,
      { ...outputs, ...inputs },
      withSecrets(opts, ["password", "verifier"]),
    );
  }
}

/** A way to a server, as the provider needs it. */
export interface AccessConnection {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly tls?: Tls;
  readonly ssh?: SshWay;
  readonly systemIdentifier: string;
}

export type AccessArgs = ServerAccessArgs | DatabaseAccessArgs | ObjectsAccessArgs;

export interface ServerAccessArgs {
  readonly scope: "server";
  readonly connection: Inputs<AccessConnection>;
  readonly roles: pulumi.Input<pulumi.Input<Inputs<DesiredRole>>[]>;
  readonly groups: readonly DesiredGroup[];
  readonly databases: pulumi.Input<pulumi.Input<Inputs<DesiredDatabase>>[]>;
  readonly allowDataLoss: readonly string[];
  /** Absent: losses ask for no backup. */
  readonly gate?: LossGateArgs;
  readonly protect: boolean;
  readonly stack?: string;
  readonly markedAs?: string;
  readonly closed: ServerAccess["closed"];
}

export interface DatabaseAccessArgs {
  readonly scope: "database";
  readonly connection: Inputs<AccessConnection>;
  readonly database: pulumi.Input<string>;
  readonly schemas: readonly DesiredSchema[];
  readonly extensions: readonly DesiredExtension[];
  readonly allowDataLoss: readonly string[];
  /** Absent: losses ask for no backup. */
  readonly gate?: LossGateArgs;
  /** Absent: privileges stay as the server has them. */
  readonly privileges?: Inputs<PrivilegesDeclaration>;
}

export interface ObjectsAccessArgs {
  readonly scope: "objects";
  readonly connection: Inputs<AccessConnection>;
  readonly database: pulumi.Input<string>;
  readonly privileges: Inputs<PrivilegesDeclaration>;
  /** Files of migrations that are to be applied before it. */
  readonly after?: pulumi.Input<PendingFile[]>;
}

/** Keeps roles and databases, or schemas and extensions, as declared (resource of the provider `pgstead`). */
export class Access extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: AccessArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    super("pgstead:index:Access", name, { refusals: undefined, ...args, connection }, opts);
  }
}

export interface AuditResourceArgs {
  readonly connection: Inputs<AccessConnection>;
  readonly audit: Inputs<AuditDeclaration>;
}

/** Keeps the trail of a database and its triggers (resource of the provider `pgstead`). */
export class AuditResource extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: AuditResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    super("pgstead:index:Audit", name, { refusals: undefined, ...args, connection }, opts);
  }
}

export interface HostBasedAccessResourceArgs {
  readonly connection: Inputs<AccessConnection>;
  /** All rules, the closing rejection included. */
  readonly rules: readonly HbaRule[];
  /** Databases and who is to be able to log in to them: those whom the rules cut off are named in the plan. */
  readonly logins: readonly HbaDatabase[];
  readonly rollbackSeconds: number;
  /** Bytes of pg_hba.conf before the stack changed it, in base64: put back when the resource goes. */
  readonly before?: pulumi.Input<string | undefined>;
  /** `<project>/<stack>`: refused where the server is another stack's; absent: nobody else can be there. */
  readonly stack?: string;
}

/** Keeps pg_hba.conf as declared (resource of the provider `pgstead`). */
export class HostBasedAccessResource extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: HostBasedAccessResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    super("pgstead:index:HostBasedAccess", name, { refusals: undefined, ...args, connection }, opts);
  }
}

/** How a server is started and stopped, and where its files are. */
export type ServerPlace =
  | {
      readonly kind: "host";
      readonly host: HostPlace;
      readonly cluster?: string;
      readonly port: number;
      readonly systemIdentifier: string;
    }
  | { readonly kind: "embedded"; readonly dataDirectory: string }
  | { readonly kind: "docker"; readonly engine: EndpointArgs; readonly container: string };

export interface SettingsResourceArgs {
  readonly connection: Inputs<AccessConnection>;
  /** Values by name. */
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** The formula of each value that is one, by name. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Whether `up` may restart a running server. */
  readonly restart: "allow" | "refuse";
  /** Absent: the server is restarted by somebody else. */
  readonly control?: Inputs<ServerPlace>;
  /** Bytes of postgresql.auto.conf before the stack changed it, in base64: put back when the resource goes. */
  readonly before?: pulumi.Input<string | undefined>;
  /** Names of settings that another resource keeps. */
  readonly keptBeside?: readonly string[];
  /** Files that another resource puts there before: a preview does not miss them. */
  readonly broughtFiles?: readonly string[];
  /** `<project>/<stack>`: refused where the server is another stack's; absent: nobody else can be there. */
  readonly stack?: string;
}

/** Keeps the settings of a server as declared (resource of the provider `pgstead`). */
export class Settings extends pulumi.CustomResource {
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: SettingsResourceArgs, opts?: pulumi.CustomResourceOptions) {
    const connection = { ...args.connection, password: pulumi.secret(args.connection.password) };
    super("pgstead:index:Settings", name, { refusals: undefined, ...args, connection }, opts);
  }
}

export interface GuardArgs {
  /** What each resource refuses. */
  readonly refusals: pulumi.Input<pulumi.Input<Refusal[]>[]>;
}

/** Fails the preview with all refusals together (resource of the provider `pgstead`). */
export class Guard extends pulumi.CustomResource {
  constructor(name: string, args: GuardArgs, opts?: pulumi.CustomResourceOptions) {
    super("pgstead:index:Guard", name, { ...args }, opts);
  }
}

/** Options under which the engine keeps these outputs encrypted. */
export function withSecrets(
  opts: pulumi.CustomResourceOptions | undefined,
  names: readonly string[],
): pulumi.CustomResourceOptions {
  return { ...opts, additionalSecretOutputs: [...names, ...(opts?.additionalSecretOutputs ?? [])] };
}
