import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith } from "./connection";
import {
  archiveSettings,
  backRestFiles,
  containerPlaces,
  renderBackRest,
  renderPassphrase,
  renderSecondSecrets,
  type SecondRepository,
} from "./core/physical/configuration";
import { whereIsBucket } from "./core/copies/plan";
import type { Refusal } from "./core/statement";
import type { DockerServer } from "./docker-server";
import { serverPlace, serverUser } from "./docker-server-parts";
import { Files, type FileArgs } from "./providers/docker-resources";
import { PointInTimeRecoveryResource, type SecondPlace } from "./providers/recovery-resource";
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

  /**
   * A second repository, in object storage: log and backups go there as well.
   *
   * @default - none
   */
  readonly second?: SecondRepository;

  /** What the second repository is reached with, and its passphrase where it is not to be made. */
  readonly secondSecrets?: pulumi.Output<RepositorySecrets>;

  /** Certificate of the authority of its service, where `ca` of its bucket names one; PEM. */
  readonly secondAuthority?: string;

  /** What has to be in order first: the settings of the server. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

export interface RepositorySecrets {
  readonly secretAccessKey: string;
  readonly passphrase?: string | undefined;
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
  /** Of the second repository; secret. */
  readonly secondPassphrase?: pulumi.Output<string>;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: PointInTimeRecoveryArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:PointInTimeRecovery", name, {}, opts);

    this.passphrase = createPassphrase(name, args, this);
    const secondPassphrase = createSecondPassphrase(name, args, this);
    if (secondPassphrase !== undefined) this.secondPassphrase = secondPassphrase;
    const files = createFiles(name, args, { first: this.passphrase, second: secondPassphrase }, this);
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

/** One that is given is in the configuration, which keeps it: there is nothing to protect. */
function createSecondPassphrase(
  name: string,
  { server, second, secondSecrets }: PointInTimeRecoveryArgs,
  parent: pulumi.Resource,
): pulumi.Output<string> | undefined {
  if (second === undefined || secondSecrets === undefined) return undefined;
  const { disposable, protect } = server.stack;
  // A value of the configuration, which is known in every preview.
  const given = secondSecrets.apply(({ passphrase }) => passphrase);
  const credential = new Credential(
    `${name}-repository2`,
    { passwordVersion: 1, given },
    { parent, protect: protect && !disposable },
  );
  return credential.password;
}

/** Without a second repository: none. */
function secondFiles(
  { second, secondSecrets, secondAuthority }: PointInTimeRecoveryArgs,
  passphrase: pulumi.Output<string> | undefined,
): Record<string, FileArgs> {
  if (second === undefined || secondSecrets === undefined || passphrase === undefined) return {};
  const { s3 } = second;
  const content = pulumi
    .all([secondSecrets, passphrase])
    .apply(([{ secretAccessKey }, word]) => renderSecondSecrets(s3, { secretAccessKey, passphrase: word }));
  const authority =
    secondAuthority === undefined
      ? {}
      : { [backRestFiles.secondAuthority]: { content: secondAuthority, mode: "0444" } };
  return { [backRestFiles.second]: { content, mode: "0400", secret: true }, ...authority };
}

function createFiles(
  name: string,
  args: PointInTimeRecoveryArgs,
  passphrases: { readonly first: pulumi.Output<string>; readonly second: pulumi.Output<string> | undefined },
  parent: pulumi.Resource,
): Files {
  const { server, keepFull = 2, processes = 1, second } = args;
  const { stack, volumes } = server;
  const text = renderBackRest({ keepFull, processes, second }, containerPlaces, "postgres");
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
          content: passphrases.first.apply(renderPassphrase),
          mode: "0400",
          secret: true,
        },
        ...secondFiles(args, passphrases.second),
      },
    },
    { parent, dependsOn: [server.resource] },
  );
}

function createRecovery(
  name: string,
  { server, archiveTimeout = "60s", restart = "refuse", dependsOn = [], second }: PointInTimeRecoveryArgs,
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
      ...(second === undefined ? {} : { second: placeOf(second) }),
    },
    { parent, ...accessDeletedWith(connection), dependsOn: [server.resource, files, ...dependsOn] },
  );
}

function placeOf({ s3 }: SecondRepository): SecondPlace {
  return { bucket: s3.bucket, prefix: s3.prefix, where: whereIsBucket(s3) };
}
