import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Tls } from "./core/connection";
import type { TakenFile } from "./core/existing-server";
import type { SshWay } from "./core/ssh/way";
import type { AccessConnection, ServerPlace } from "./providers/resources";

/** What a target can do; what it cannot is a clear error at preview. */
export interface Capabilities {
  /** The server may be restarted by `up`. */
  readonly canRestart: boolean;
  /** pg_hba.conf can be written. */
  readonly canWriteHba: boolean;
  /** The managing login is a superuser. */
  readonly isSuperuser: boolean;
  /** Settings and rules that the login may not write are set elsewhere, and told there: they are no error. */
  readonly isManaged?: boolean;
}

/** What everything above a server needs of it: the only thing that a target has to offer. */
export interface Connection {
  readonly host: pulumi.Output<string>;
  readonly port: pulumi.Output<number>;
  /** The managing login. */
  readonly user: pulumi.Output<string>;
  /** Its password; secret. */
  readonly password: pulumi.Output<string>;
  /** Encryption; absent: in clear on loopback, else proven in full. */
  readonly tls?: Tls;
  /** The way over an SSH host; absent: there is none in between. */
  readonly ssh?: SshWay;
  /** The number that tells this server from every other one. */
  readonly systemIdentifier: pulumi.Output<string>;
  /** `@pulumi/postgresql` on this server: one provider for all its databases, as each one is a process. */
  readonly provider: postgresql.Provider;
  readonly capabilities: Capabilities;
  /** How the server is restarted; absent: somebody else does. */
  readonly control?: Inputs<ServerPlace>;
  /**
   * Bytes, in base64, of the files that the stack changes on a server that is not its own, as they were before; secret.
   * Absent: none is put back.
   */
  readonly before?: pulumi.Output<Partial<Readonly<Record<TakenFile, string>>> | undefined>;
  /**
   * Set where the server goes with the stack: its roles and databases are then `deletedWith` it, so that `destroy` works
   * with a dead server as well. What is in a database is `deletedWith` the database.
   */
  readonly deletedWith?: pulumi.Resource;
}

/** The connection as a property of the own resources. */
export function accessConnection(connection: Connection): AccessInputs {
  const { host, port, user, password, tls, ssh, systemIdentifier } = connection;
  const way = ssh === undefined ? {} : { ssh };
  return { host, port, user, password, systemIdentifier, ...(tls === undefined ? {} : { tls }), ...way };
}

type Inputs<Shape> = Shape extends unknown
  ? { readonly [Name in keyof Shape]: pulumi.Input<Shape[Name]> }
  : never;
type AccessInputs = Inputs<AccessConnection>;

/** What a resource of a server that somebody else made is told: whose it is now, and what its file was before. */
export function takenOver({ control, before }: Connection, file: TakenFile) {
  if (control !== undefined && control.kind !== "host") return {};
  return {
    stack: `${pulumi.getProject()}/${pulumi.getStack()}`,
    ...(before === undefined ? {} : { before: before.apply((files) => files?.[file]) }),
  };
}

/**
 * Options of an official resource, which only creates and deletes: whatever changes later is read, planned and mended
 * by `Access`, as an update by the official one has side effects (it revokes memberships, it replaces databases).
 *
 * `"*"` alone does not cover properties that are not set, so every property is named.
 *
 * @param properties all property names of the resource type
 * @param deletedWith what takes it along when it goes itself: the database of a schema
 */
export function createOnly(
  connection: Connection,
  properties: readonly string[],
  deletedWith?: pulumi.Resource,
): pulumi.CustomResourceOptions {
  const owner = deletedWith ?? connection.deletedWith;
  return {
    provider: connection.provider,
    ignoreChanges: ["*", ...properties],
    ...(owner === undefined ? {} : { deletedWith: owner }),
  };
}

/** What takes an own `Access` resource along when it goes: the database that it looks into, else the server. */
export function accessDeletedWith(
  connection: Connection,
  database?: pulumi.Resource,
): pulumi.CustomResourceOptions {
  const deletedWith = database ?? connection.deletedWith;
  return deletedWith === undefined ? {} : { deletedWith };
}
