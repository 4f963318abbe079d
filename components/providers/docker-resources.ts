import * as pulumi from "@pulumi/pulumi";
import type { ReloadSignal } from "../core/files/check";
import type { Refusal } from "../core/statement";

/** How to reach a Docker engine, in the words of Docker's own client. */
export interface EndpointArgs {
  /** As `DOCKER_HOST` has it. @default - `DOCKER_HOST` of the environment, else the local socket */
  readonly host?: string;
  /** Directory of `ca.pem`, `cert.pem` and `key.pem` (`DOCKER_CERT_PATH`). */
  readonly certPath?: string;
}

/** A volume, and the way to the files on it. Only `volume` says what it is about: a change of it moves the files. */
export interface VolumePlaceArgs {
  readonly endpoint: EndpointArgs;
  /** Name of the volume; it has to be there by then. */
  readonly volume: pulumi.Input<string>;
  /** An image on the engine that has a shell: files are written by a helper container of it, which runs as root. */
  readonly image: pulumi.Input<string>;
  /** Container that mounts the volume: reading goes through it. @default - whichever mounts it */
  readonly container?: string;
  /** Where it mounts the volume. @default - where the engine says */
  readonly mountPath?: string;
  /** `organization/project/stack`: label `pgstead.stack` of the helper. @default - `project/stack` */
  readonly label?: string;
}

/** Whose the files are, by numbers. */
export interface OwnerArgs {
  readonly uid: number;
  readonly gid: number;
}

export interface FileArgs {
  readonly content: pulumi.Input<string>;
  /** As chmod has it; nobody but the owner may write, and a secret is for owner and group at the most. */
  readonly mode: string;
  /**
   * True: a plan says that it changed, and never how.
   *
   * @default - true unless everybody may read it (mode 0444, 0644)
   */
  readonly secret?: boolean;
}

/** Who is told that files changed: after a write only, and if it runs. */
export interface ReloadArgs {
  /** Name of the container. */
  readonly container: string;
  /** Signal to its main process. */
  readonly signal?: ReloadSignal;
  /** True: it is restarted instead. */
  readonly restart?: true;
}

export interface FilesArgs extends VolumePlaceArgs {
  readonly owner: OwnerArgs;
  /** Of the volume's own directory. All resources on a volume have to say the same. */
  readonly directoryMode: string;
  /** By name; they lie in the volume's own directory. */
  readonly files: Readonly<Record<string, FileArgs>>;
  /**
   * Names of files that something else keeps there, such as a `Certificate`: they are not told as undeclared.
   *
   * @default - none
   */
  readonly others?: readonly string[];
  readonly reload?: ReloadArgs;
}

/**
 * Files on a Docker volume, with owner and mode (resource of the provider `pgstead`).
 *
 * What was edited there by hand is found at every preview; what nobody declared is told and left. A file that leaves
 * the declaration is removed, and so are all of them when the resource goes.
 */
export class Files extends pulumi.CustomResource {
  /** SHA-256 of each file's content; secret where the file is. */
  declare readonly hashes: pulumi.Output<Record<string, string>>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: FilesArgs, opts?: pulumi.CustomResourceOptions) {
    const files = Object.fromEntries(
      Object.entries(args.files).map(([key, file]) => [
        key,
        { ...file, content: pulumi.secret(file.content) },
      ]),
    );
    const inputs = { hashes: undefined, refusals: undefined, ...args, files };
    super("pgstead:index:Files", name, inputs, withOptions(opts));
  }
}

export interface CertificatePlaceArgs extends VolumePlaceArgs {
  readonly owner: OwnerArgs;
  /** Of the volume's own directory. All resources on a volume have to say the same. @default - 0750 */
  readonly directoryMode?: string;
  /** @default - server.crt, mode 0644 */
  readonly certificateFile?: string;
  /** @default - server.key, mode 0600 */
  readonly keyFile?: string;
  /** @default - ca.crt, mode 0644 */
  readonly caFile?: string;
}

export interface CertificateArgs {
  /** Host names and addresses that clients connect to. A change issues another certificate: a reload, no restart. */
  readonly names: pulumi.Input<string[]>;
  /** Days, 398 at the most. @default - 90 */
  readonly validity?: number;
  /** Days before its end from which `up` renews it. @default - 30 */
  readonly renewBefore?: number;
  /** A root that signs, and its private key, as PEM. @default - one of its own, made once, valid for 10 years */
  readonly ca?: { readonly certificate: pulumi.Input<string>; readonly key: pulumi.Input<string> };
  /** Where the files are. @default - in the state alone */
  readonly place?: CertificatePlaceArgs;
  readonly reload?: ReloadArgs;
  /**
   * Local file that keeps a copy of the authority's certificate, for tools that take a file only; relative to the
   * project's directory. Previews mend it as well. It is no difference, and stays when the resource goes.
   */
  readonly caFile?: string;
}

/**
 * A certificate authority and a certificate of a server, by ECDSA on P-256 (resource of the provider `pgstead`).
 *
 * Any certificate of the authority with the declared names, enough time left and its key beside it is right, whoever
 * made it: the ops container renews by itself, and the copy in the state may be older.
 */
export class Certificate extends pulumi.CustomResource {
  /** PEM. */
  declare readonly caCertificate: pulumi.Output<string>;
  /** PEM; secret. */
  declare readonly caKey: pulumi.Output<string>;
  /** PEM; the one that the last run made or found. */
  declare readonly certificate: pulumi.Output<string>;
  /** PEM; secret. */
  declare readonly key: pulumi.Output<string>;
  /** End of {@link certificate}, in ISO 8601. */
  declare readonly notAfter: pulumi.Output<string>;
  /** SHA-256 of {@link certificate}, as openssl prints it. */
  declare readonly fingerprint: pulumi.Output<string>;
  /** As declared. */
  declare readonly caFile: pulumi.Output<string | undefined>;
  declare readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: CertificateArgs, opts?: pulumi.CustomResourceOptions) {
    const outputs = {
      caCertificate: undefined,
      caKey: undefined,
      certificate: undefined,
      key: undefined,
      notAfter: undefined,
      fingerprint: undefined,
      caFile: undefined,
      refusals: undefined,
    };
    const ca = args.ca === undefined ? {} : { ca: { ...args.ca, key: pulumi.secret(args.ca.key) } };
    super(
      "pgstead:index:Certificate",
      name,
      { ...outputs, ...args, ...ca },
      withOptions(opts, ["caKey", "key"]),
    );
  }
}

/** The old one goes first where it is made anew: both are the same files. */
function withOptions(
  opts: pulumi.CustomResourceOptions | undefined,
  secrets: readonly string[] = [],
): pulumi.CustomResourceOptions {
  const additionalSecretOutputs = [...secrets, ...(opts?.additionalSecretOutputs ?? [])];
  return { deleteBeforeReplace: true, ...opts, additionalSecretOutputs };
}
