import * as pulumi from "@pulumi/pulumi";
import {
  DockerServer,
  Monitoring,
  Operations,
  type Connection,
  type HostJobs,
  type PointInTimeRecovery,
  type Roles,
} from "../components";
import type { RoleCredential } from "../components/core/credentials/age";
import { connectionUri } from "../components/core/connection";
import type { Server } from "./server";

/** A database of the stack, as far as its outputs go. */
interface DeclaredDatabase {
  readonly name: string;
  readonly roles: Roles;
  /** Names of the login roles by their key in the configuration. */
  readonly logins: Readonly<Record<string, string>>;
}

/**
 * What the stack tells its users: where the server is, and a connection URI for each login role (secret). The maps are
 * flat for `pgstead:database`, and by database for `pgstead:databases`.
 */
export function stackOutputs(
  server: Server,
  databases: readonly DeclaredDatabase[],
  { several }: { several: boolean },
  [recovery]: readonly PointInTimeRecovery[],
  beside: readonly (HostJobs | Operations | Monitoring)[],
) {
  const { host, port, user, password, tls } = server.connection;
  const operations = beside.find((one) => one instanceof Operations);
  const monitoring = beside.find((one) => one instanceof Monitoring);
  const encryption = tls === undefined ? {} : { tls };
  const [only] = databases;
  const flat = <Value>(value: (database: DeclaredDatabase) => Value): Value | Record<string, Value> =>
    !several && only !== undefined
      ? value(only)
      : Object.fromEntries(databases.map((database) => [database.name, value(database)]));
  return {
    host,
    port,
    version: server.version,
    database: flat(({ name }) => name),
    roles: flat(({ logins }) => logins),
    administratorUri: pulumi.secret(
      pulumi
        .all([host, port, user, password])
        .apply(([at, on, name, word]) =>
          connectionUri({ host: at, port: on, user: name, password: word, ...encryption }, "postgres"),
        ),
    ),
    uris: pulumi.secret(
      flat<pulumi.Input<unknown>>((database) => connectionUris(database, server.connection)),
    ),
    // Clients prove the server with it; public. Only a server that is made with an authority of its own has it.
    // Who loses the host has it from here, or nowhere: the backups cannot be read without.
    ...(recovery === undefined ? {} : { repositoryPassphrase: recovery.passphrase }),
    ...(recovery?.secondPassphrase === undefined ? {} : { repositoryPassphrase2: recovery.secondPassphrase }),
    // Opens the details of the health service.
    ...(operations === undefined ? {} : { healthToken: operations.healthToken }),
    // First password of `admin`.
    ...(monitoring?.grafanaPassword === undefined ? {} : { grafanaPassword: monitoring.grafanaPassword }),
    ...(server instanceof DockerServer ? { caCertificate: server.certificate.caCertificate } : {}),
  };
}

/** How old each password is, without the password. Of all databases in one list: roles are the server's. */
export function credentialsOf(
  server: Server,
  databases: readonly Pick<DeclaredDatabase, "roles">[],
): pulumi.Output<RoleCredential[]> {
  const administrator = "credential" in server ? [server.credential] : [];
  return pulumi
    .all([pulumi.all(administrator), pulumi.all(databases.map(({ roles }) => roles.credentials))])
    .apply(([first, others]) => [...first, ...others.flat()]);
}

function connectionUris(
  { name, roles, logins }: DeclaredDatabase,
  { host, port, tls }: Connection,
): pulumi.Output<Record<string, string>> {
  return pulumi.all([host, port, roles.passwords]).apply(([at, on, passwords]) =>
    Object.fromEntries(
      Object.entries(logins).map(([key, role]) => [
        key,
        // A role that keeps its own password has a URI without.
        connectionUri(
          {
            host: at,
            port: on,
            user: role,
            password: passwords[role] ?? "",
            ...(tls === undefined ? {} : { tls }),
          },
          name,
        ),
      ]),
    ),
  );
}
