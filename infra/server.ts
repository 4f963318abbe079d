import { readFileSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import {
  DockerServer,
  EmbeddedServer,
  ExistingServer,
  HostJobs,
  type HostLogin,
  Monitoring,
  Operations,
  PointInTimeRecovery,
  type RepositorySecrets,
  type Roles,
} from "../components";
import type { CopiesPlan } from "../components/core/copies/plan";
import type { RoleCredential } from "../components/core/credentials/age";
import { pgsteadVersion } from "../components/core/version";
import { pathInProject, projectDirectory } from "../components/project-directory";
import { declareAccess } from "./config/declared";
import { opsBundleDigest, opsBundleFault } from "./ops-bundle";
import type { StackPlan } from "./plan";
import type { HostJobsPlan } from "./plan-host-jobs";
import type { DockerServerPlan } from "./plan-docker";

export type Server = DockerServer | EmbeddedServer | ExistingServer;

/** Reads a secret of the configuration; `how` says what to do where it stands there in clear. */
export type Secrets = (key: string, how: string) => pulumi.Output<string> | undefined;

/** The server that a stack makes, or finds. */
export function createServer(plan: StackPlan["server"], secrets: Secrets): Server {
  switch (plan.target) {
    case "embedded":
      return new EmbeddedServer("server", plan.args);
    case "docker":
      return createDockerServer(plan.args, secrets);
    case "existing": {
      const password = secrets("administratorPassword", "change it on the server, then write it");
      return new ExistingServer("server", { ...plan.args, ...(password === undefined ? {} : { password }) });
    }
  }
}

function createDockerServer(
  {
    operations: _operations,
    healthPort: _healthPort,
    monitoring: _monitoring,
    recovery: _recovery,
    ...plan
  }: DockerServerPlan,
  secrets: Secrets,
): DockerServer {
  assertBundle("of the image ops");
  const { caFile, ...certificate } = plan.certificate;
  // Set by the wrapper where no registry can be reached: an image that was made on this engine.
  const baseImage = plan.baseImage ?? process.env.PGSTEAD_BASE_IMAGE ?? "";
  return new DockerServer("server", {
    ...plan,
    certificate: {
      ...certificate,
      ...(caFile === undefined
        ? {}
        : { ca: readAuthority(caFile, secrets, "pgstead:server.certificate.ca") }),
    },
    ...(baseImage === "" ? {} : { baseImage }),
  });
}

/** The operations code is made by the wrapper before the run. */
function assertBundle(whose: string): void {
  const fault = opsBundleFault(projectDirectory());
  if (fault === undefined) return;
  throw new pulumi.RunError(
    `the operations code ${whose} is not built: ${fault}\n  hint: run \`npm run build:ops\`; \`npm run pulumi\` does so by itself`,
  );
}

/** An authority that the user has: its file, and its key from the stack's configuration. */
export function readAuthority(
  file: string,
  secrets: Secrets,
  path: string,
): { certificate: string; key: pulumi.Output<string> } {
  const key = secrets("caKey", "write it");
  const fail = (message: string, hint: string): never => {
    throw new pulumi.RunError(`${path}: ${message}\n  hint: ${hint}`);
  };
  if (key === undefined) {
    return fail(
      "the authority's key is missing",
      "write it with `npm run pulumi -- config set --secret pgstead:caKey`, from standard input",
    );
  }
  try {
    return { certificate: readFileSync(pathInProject(file), "utf8"), key };
  } catch (error) {
    return fail(
      `${file} cannot be read: ${(error as Error).message}`,
      "name a PEM file, relative to the project",
    );
  }
}

/** Physical backups of the server, if any are declared: before anything that others lose when it restarts. */
export function createRecovery(
  { server: plan }: StackPlan,
  server: Server,
  secondSecrets: pulumi.Output<RepositorySecrets> | undefined,
  dependsOn: readonly pulumi.Resource[],
): PointInTimeRecovery[] {
  if (plan.target !== "docker" || !(server instanceof DockerServer)) return [];
  const { recovery } = plan.args;
  if (recovery === undefined) return [];
  const secrets = secondSecrets === undefined ? {} : { secondSecrets };
  const ca = readCertificate(recovery.second?.s3.ca, "backup.physical.second.s3.ca");
  const authority = ca === undefined ? {} : { secondAuthority: ca };
  return [new PointInTimeRecovery("server", { server, ...recovery, ...secrets, ...authority, dependsOn })];
}

/** Secrets of the second repository; refused where they stand in clear. */
export function readRepositorySecrets(secrets: Secrets): pulumi.Output<RepositorySecrets> | undefined {
  const how = "take them for known to others, and write their successors, below their names (--path),";
  return secrets("repositorySecrets", how)?.apply((text) => JSON.parse(text) as RepositorySecrets);
}

/** @throws RunError the file of an authority is none */
function readCertificate(file: string | undefined, key: string): string | undefined {
  if (file === undefined) return undefined;
  const fail = (message: string): never => {
    throw new pulumi.RunError(
      `pgstead:${key}: ${message}\n  hint: name a PEM file with the authority's certificate, relative to the project`,
    );
  };
  try {
    const text = readFileSync(pathInProject(file), "utf8");
    return text.includes("-----BEGIN CERTIFICATE-----") ? text : fail(`${file} holds no certificate`);
  } catch (error) {
    if (error instanceof pulumi.RunError) throw error;
    return fail(`${file} cannot be read: ${(error as Error).message}`);
  }
}

interface DatabaseRoles {
  readonly name: string;
  readonly roles: Roles;
}

/** What containers beside the server are told of it. */
interface BesideArgs {
  readonly databases: readonly DatabaseRoles[];
  readonly copySecrets: NamedSecrets | undefined;
  readonly receiverSecrets: NamedSecrets | undefined;
  readonly credentials: pulumi.Output<RoleCredential[]>;
  /** Of the server's host, where commands of other parts run there as well. */
  readonly hostLogin: HostLogin | undefined;
}

/** By the names of what needs them. */
type NamedSecrets = pulumi.Output<Readonly<Record<string, string>>>;

/** Secret access keys of copies in object storage; refused where they stand in clear. */
export function readCopySecrets(secrets: Secrets): NamedSecrets | undefined {
  const how = "take that key for known to others, and write its successor, below its copy's name (--path),";
  return secrets("copySecrets", how)?.apply((text) => JSON.parse(text) as Readonly<Record<string, string>>);
}

/** What receivers of alerts are reached with; refused where it stands in clear. */
export function readReceiverSecrets(secrets: Secrets): NamedSecrets | undefined {
  const how =
    "take them for known to others, and write their successors, below their receivers' names (--path),";
  return secrets("receiverSecrets", how)?.apply(
    (text) => JSON.parse(text) as Readonly<Record<string, string>>,
  );
}

function readCopyAuthorities(copies: CopiesPlan | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    (copies?.copies ?? []).flatMap((copy) => {
      const ca = "s3" in copy ? readCertificate(copy.s3.ca, `backup.copies: ${copy.name}: s3.ca`) : undefined;
      return ca === undefined ? [] : [[copy.name, ca]];
    }),
  );
}

/** Jobs that the host of the server runs. */
function createHostJobs(
  { context, ...plan }: HostJobsPlan,
  { copySecrets, hostLogin }: Pick<BesideArgs, "copySecrets" | "hostLogin">,
  dependsOn: readonly pulumi.Resource[],
): HostJobs {
  assertBundle("for the host of the server");
  return new HostJobs("jobs", {
    ...plan,
    context: { ...context, version: pgsteadVersion },
    bundle: opsBundleDigest(projectDirectory()),
    ...(copySecrets === undefined ? {} : { copySecrets }),
    copyAuthorities: readCopyAuthorities(context.copies),
    ...(hostLogin === undefined ? {} : { login: hostLogin }),
    dependsOn,
  });
}

/** Containers beside the server: they come after everything that they log in with. */
export function createBeside(
  stack: StackPlan,
  server: Server,
  { databases, copySecrets, receiverSecrets, credentials, hostLogin }: BesideArgs,
  dependsOn: readonly pulumi.Resource[],
): (HostJobs | Operations | Monitoring)[] {
  const { server: plan } = stack;
  if (plan.target === "existing" && plan.jobs !== undefined) {
    return [createHostJobs(plan.jobs, { copySecrets, hostLogin }, dependsOn)];
  }
  if (plan.target !== "docker" || !(server instanceof DockerServer)) return [];
  const { operations, monitoring, healthPort } = plan.args;
  const copyAuthorities = readCopyAuthorities(operations.copies);
  const ops = new Operations("operations", {
    server,
    context: { ...operations, version: pgsteadVersion },
    declared: declareAccess(stack, { project: pulumi.getProject(), stack: pulumi.getStack() }),
    ...(healthPort === undefined ? {} : { healthPort }),
    ...(copySecrets === undefined ? {} : { copySecrets }),
    copyAuthorities,
    credentials,
    dependsOn,
  });
  if (monitoring === undefined) return [ops];
  const { database, others = [] } = monitoring;
  const watched = [database, ...others.map((one) => one.database)];
  const found = databases.filter(({ name }) => watched.includes(name));
  if (found.length !== watched.length)
    throw new Error(`the exporter's roles are in databases that are not planned: ${watched.join(", ")}`);
  const passwords = pulumi
    .all(found.map(({ roles }) => roles.passwords))
    .apply((all) => Object.assign({}, ...all) as Readonly<Record<string, string>>);
  const secrets = receiverSecrets === undefined ? {} : { receiverSecrets };
  return [ops, new Monitoring("monitoring", { ...monitoring, server, passwords, ...secrets, dependsOn })];
}
