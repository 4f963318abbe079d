import type * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { authorityFile, mountPath, secretFile } from "./core/copies/plan";
import type { RoleCredential } from "./core/credentials/age";
import { renderDeclaredAccess, type DeclaredAccess } from "./core/operations/declared-access";
import { opsFilesPath } from "./core/ops/files";
import { opsPort, renderOpsContext, type OpsContextArgs } from "./core/ops-context";
import type { Refusal } from "./core/statement";
import type { DockerServer } from "./docker-server";
import { serverUser } from "./docker-server-parts";
import { answers, createContainer, createVolume } from "./docker-stack";
import { Files, type FileArgs } from "./providers/docker-resources";
import { Credential } from "./providers/resources";

export interface OperationsArgs {
  readonly server: DockerServer;

  /** What the container's jobs know of the stack: nothing secret. */
  readonly context: Omit<OpsContextArgs, "project" | "stack" | "prefix" | "credentials">;

  /** When the passwords of roles were made, for their metric. */
  readonly credentials: pulumi.Output<RoleCredential[]>;

  /** All that is declared, as the container compares it with the server; absent: it does not. Options of pg_hba.conf in it may be secret. */
  readonly declared?: DeclaredAccess;

  /**
   * Port of `/health` and `/metrics` on 127.0.0.1 of the engine's host, such as for a load balancer there. A change
   * replaces the container.
   *
   * @default - none: only containers of the stack reach it
   */
  readonly healthPort?: number;

  /** Secret access keys of copies in object storage, by the copies' names. */
  readonly copySecrets?: pulumi.Output<Readonly<Record<string, string>>>;

  /** Certificates of the authorities of their services, as PEM, by the copies' names, where `ca` names one. */
  readonly copyAuthorities?: Readonly<Record<string, string>>;

  /** What has to be in order first: the rules by which it comes in over the socket. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * The `ops` container of a `DockerServer`'s stack: a scheduler that runs the operations commands, renews the server's
 * certificate and keeps the log files within their limits. It logs in over the server's socket, by its account.
 */
export class Operations extends pulumi.ComponentResource {
  readonly refusals: pulumi.Output<Refusal[]>;

  /** Opens the details of `/health` (`Authorization: Bearer …`); secret. */
  readonly healthToken: pulumi.Output<string>;

  constructor(name: string, args: OperationsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:Operations", name, {}, opts);
    const filesVolume = createVolume(args.server.stack, "ops-files", this);
    // As good a secret as any password, and rotated as one.
    this.healthToken = new Credential(`${name}-health`, { passwordVersion: 1 }, { parent: this }).password;
    const files = createFiles({ ...args, healthToken: this.healthToken }, filesVolume, this);
    createOps(args, { filesVolume, files }, this);
    this.refusals = files.refusals;
    this.registerOutputs({});
  }
}

/** Authorities of the services of copies, a file each. */
function copyAuthorityFiles({ copyAuthorities = {} }: OperationsArgs): Record<string, FileArgs> {
  return Object.fromEntries(
    Object.entries(copyAuthorities).map(([name, content]) => [
      authorityFile(name),
      { content, mode: "0444" },
    ]),
  );
}

/** What the copies in object storage are reached with, a file each. */
function copyKeys({ context, copySecrets }: OperationsArgs): Record<string, FileArgs> {
  const buckets = (context.copies?.copies ?? []).filter((copy) => "s3" in copy);
  const secrets = copySecrets ?? pulumi.secret({} as Readonly<Record<string, string>>);
  return Object.fromEntries(
    buckets.map(({ name }) => {
      const content = secrets.apply((found) => found[name] ?? "");
      return [secretFile(name), { content, mode: "0400", secret: true }];
    }),
  );
}

/** What is declared: its own resources show how it changes, so no plan shows it once more. */
function declaredFile({ declared, context }: OperationsArgs): Record<string, FileArgs> {
  if (declared === undefined) return {};
  const content = pulumi.secret(renderDeclaredAccess(declared, context.version));
  return { "declared.json": { content, mode: "0400", secret: true } };
}

function createFiles(
  args: OperationsArgs & Pick<Operations, "healthToken">,
  volume: docker.Volume,
  parent: pulumi.Resource,
): Files {
  const { server, context } = args;
  const { stack } = server;
  const container = `${stack.name}-ops`;
  const names = { project: pulumi.getProject(), stack: pulumi.getStack(), prefix: stack.name };
  const text = args.credentials.apply((credentials) =>
    renderOpsContext({ ...context, ...names, credentials }),
  );
  return new Files(
    "ops",
    {
      endpoint: stack.engine,
      volume: volume.name,
      image: stack.images.ops,
      container,
      mountPath: opsFilesPath,
      label: stack.label,
      owner: serverUser,
      directoryMode: "0750",
      files: {
        "context.json": { content: text, mode: "0444" },
        // Here and nowhere else: who has it can pass for the server.
        "ca.key": { content: server.certificate.caKey, mode: "0400", secret: true },
        "health.token": { content: args.healthToken, mode: "0400", secret: true },
        ...declaredFile(args),
        ...copyKeys(args),
        ...copyAuthorityFiles(args),
      },
      // It reads its context again.
      reload: { container, signal: "SIGHUP" },
    },
    { parent },
  );
}

function createOps(
  { server, context, healthPort, dependsOn = [] }: OperationsArgs,
  { filesVolume, files }: { readonly filesVolume: docker.Volume; readonly files: Files },
  parent: pulumi.Resource,
): void {
  const { stack, volumes } = server;
  createContainer(
    stack,
    {
      kind: "ops",
      image: stack.images.ops,
      user: `${serverUser.uid}:${serverUser.gid}`,
      // A drill runs a whole server in it.
      memory: context.drill === undefined ? 512 : 1_024,
      mounts: [
        { volume: filesVolume, path: opsFilesPath, readOnly: true },
        { volume: volumes.data, path: "/var/lib/postgresql/data", readOnly: true },
        { volume: volumes.socket, path: "/var/run/postgresql" },
        { volume: volumes.logs, path: "/var/log/postgresql" },
        { volume: volumes.repository, path: "/var/lib/pgbackrest" },
        { volume: volumes.serverFiles, path: "/etc/pgstead/server" },
        ...(context.copies?.copies ?? []).flatMap((copy) =>
          "path" in copy ? [{ hostPath: copy.path, path: mountPath(copy.name) }] : [],
        ),
      ],
      ports: healthPort === undefined ? [] : [{ internal: opsPort, external: healthPort, ip: "127.0.0.1" }],
      health: answers(opsPort, "/health/live"),
      startPeriod: 30,
      // A running job ends its current file.
      stopTimeout: 60,
    },
    parent,
    { dependsOn: [files, server.resource, ...dependsOn] },
  );
}
