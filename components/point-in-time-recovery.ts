import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith } from "./connection";
import {
  archiveSettings,
  backRestFiles,
  containerPlaces,
  renderBackRest,
  renderPassphrase,
} from "./core/physical/configuration";
import type { Refusal } from "./core/statement";
import type { DockerServer } from "./docker-server";
import { serverPlace, serverUser } from "./docker-server-parts";
import { Files } from "./providers/docker-resources";
import { PointInTimeRecoveryResource } from "./providers/recovery-resource";
import { Credential } from "./providers/resources";

export interface PointInTimeRecoveryArgs {
  readonly server: DockerServer;

  /** Full backups that are kept, each with what was built on it and the log since. @default - 2 */
  readonly keepFull?: number;

  /**
   * The longest time that a change may wait until its log is sent (`archive_timeout`): what is lost at the most with the
   * disk. Each time sends 16MB, which compress to little where nothing happened.
   *
   * @default - 60s
   */
  readonly archiveTimeout?: string;

  /** Processes that compress and copy. @default - 1 */
  readonly processes?: number;

  /**
   * Whether `up` may restart the server, once, for `archive_mode`. A server that nobody uses yet is restarted in any case.
   *
   * @default - refuse
   */
  readonly restart?: "allow" | "refuse";

  /** What has to be in order first: the settings of the server. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Makes every moment of a `DockerServer` one that can be restored, with pgBackRest: its repository, encrypted, on the
 * stack's volume `repository`, the server's log sent there, and a first full backup. The `ops` container takes the others.
 *
 * The repository's passphrase is made once; it is in the stack's state and in a file on the server's host. Who has the
 * repository alone can read nothing, and who lost the passphrase as well.
 */
export class PointInTimeRecovery extends pulumi.ComponentResource {
  readonly resource: PointInTimeRecoveryResource;
  /** Of the repository; secret. Without it the backups are worth nothing. */
  readonly passphrase: pulumi.Output<string>;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: PointInTimeRecoveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:PointInTimeRecovery", name, {}, opts);

    this.passphrase = createPassphrase(name, args, this);
    const files = createFiles(name, args, this.passphrase, this);
    this.resource = createRecovery(name, args, files, this);

    this.refusals = pulumi.all([files.refusals, this.resource.refusals]).apply((all) => all.flat());
    this.registerOutputs({});
  }
}

/** Another one would make the backups unreadable: it stays what it is, and is protected like the volume. */
function createPassphrase(
  name: string,
  { server }: PointInTimeRecoveryArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> {
  const { disposable, protect } = server.stack;
  const credential = new Credential(
    `${name}-repository`,
    { passwordVersion: 1 },
    { parent, protect: protect && !disposable },
  );
  return credential.password;
}

function createFiles(
  name: string,
  { server, keepFull = 2, processes = 1 }: PointInTimeRecoveryArgs,
  passphrase: pulumi.Output<string>,
  parent: pulumi.Resource,
): Files {
  const { stack, volumes } = server;
  const text = renderBackRest({ keepFull, processes }, containerPlaces, "postgres");
  return new Files(
    `${name}-recovery`,
    {
      ...serverPlace(stack, volumes.serverFiles),
      owner: serverUser,
      directoryMode: "0750",
      others: ["server.crt", "server.key", "ca.crt", "administrator.verifier"],
      files: {
        [backRestFiles.settings]: { content: text, mode: "0444" },
        [backRestFiles.passphrase]: {
          content: passphrase.apply(renderPassphrase),
          mode: "0400",
          secret: true,
        },
      },
    },
    { parent, dependsOn: [server.resource] },
  );
}

function createRecovery(
  name: string,
  { server, archiveTimeout = "60s", restart = "refuse", dependsOn = [] }: PointInTimeRecoveryArgs,
  files: Files,
  parent: pulumi.Resource,
): PointInTimeRecoveryResource {
  const { connection, stack } = server;
  const { configuration } = containerPlaces;
  return new PointInTimeRecoveryResource(
    name,
    {
      connection: accessConnection(connection),
      settings: archiveSettings(configuration, archiveTimeout),
      restart,
      control: { kind: "docker", engine: stack.engine, container: `${stack.name}-server` },
      configuration,
    },
    { parent, ...accessDeletedWith(connection), dependsOn: [server.resource, files, ...dependsOn] },
  );
}
