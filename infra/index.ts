import * as pulumi from "@pulumi/pulumi";
import {
  Audit,
  Database,
  DatabaseAccessControl,
  Guard,
  HostBasedAccess,
  ObjectsAccessControl,
  Roles,
  Schemas,
  ServerAccessControl,
  Tuning,
  lossGate,
} from "../components";
import { ProblemError } from "../components/core/problem";
import { parseConfig } from "./config";
import { createHostBase, createHostExporter, hostOutputs } from "./host";
import { createMigrations } from "./migrations";
import { planStack, serverOwnership, type StackPlan } from "./plan";
import { credentialsOf, stackOutputs } from "./outputs";
import { remindOfPasswords } from "./remind";
import {
  createBeside,
  createRecovery,
  createServer,
  readCopySecrets,
  readReceiverSecrets,
  readRepositorySecrets,
} from "./server";

const plan = readPlan();
const { allowDataLoss, protect } = plan;
const gate = plan.gate === undefined ? {} : { gate: lossGate(plan.gate) };

// Of every target: one that stands in clear is told of.
const copySecrets = readCopySecrets(readSecret);
const receiverSecrets = readReceiverSecrets(readSecret);
const repositorySecrets = readRepositorySecrets(readSecret);
const server = createServer(plan.server, readSecret);
const { connection } = server;

// Settings name files of it.
const host = createHostBase(plan.hostFiles, readSecret);

// First of all: a restart ends the sessions of everything else.
const tuning =
  plan.tuning === undefined
    ? []
    : [new Tuning("server", { connection, ...plan.tuning, dependsOn: host?.resources ?? [] })];
const recovery = createRecovery(
  plan,
  server,
  repositorySecrets,
  tuning.map(({ resource }) => resource),
);
const afterSettings = [...tuning, ...recovery].map(({ resource }) => resource);

const databases = plan.databases.map(({ name, ...parts }) => {
  const roles = new Roles(name, { connection, roles: parts.roles, dependsOn: afterSettings });
  const dependsOn = [...afterSettings, ...roles.resources];
  const database = new Database(name, { connection, ...parts.database, dependsOn });
  return { ...parts, name, roles, database };
});

const serverAccess = new ServerAccessControl("server", {
  connection,
  databases,
  allowDataLoss,
  ...gate,
  protect,
  ...serverOwnership(plan.server),
});

const hostBasedAccess =
  plan.hostBasedAccess === undefined
    ? []
    : [
        new HostBasedAccess("server", {
          connection,
          ...plan.hostBasedAccess,
          dependsOn: [serverAccess.resource],
        }),
      ];

const refusedInDatabases = databases.flatMap(({ name, database, roles, ...parts }) => {
  const dependsOn = [serverAccess.resource];
  const { schemas: schemaArgs, extensions } = parts;
  const schemas = new Schemas(name, { connection, database, schemas: schemaArgs, extensions, dependsOn });
  const access = new DatabaseAccessControl(name, {
    connection,
    database,
    schemas,
    roles,
    samples: parts.samples,
    allowDataLoss,
    ...gate,
    dependsOn,
  });
  const migrations = createMigrations(name, parts.migrations, {
    connection,
    database,
    roles,
    allowDataLoss,
    ...gate,
    // The migrator logs in itself.
    dependsOn: [access.resource, ...hostBasedAccess.flatMap(({ resource }) => resource ?? [])],
  });
  const made = [access, ...(migrations === undefined ? [] : [migrations])];
  const afterwards = {
    dependsOn: made.map(({ resource }) => resource),
    ...(migrations === undefined ? {} : { after: migrations.pending }),
  };
  const keeps = database.declaration.keepPrivileges === true;
  const inSchemas = { connection, database, roles, schemas };
  const objects = keeps ? [] : [new ObjectsAccessControl(name, { ...inSchemas, ...afterwards })];
  // Last of all: whatever made the tables, and whoever they were given to.
  const last = [...made, ...objects].map(({ resource }) => resource);
  const trail =
    parts.audit === undefined
      ? []
      : [new Audit(name, { connection, database, ...parts.audit, dependsOn: last })];
  return [...made, ...objects, ...trail].map(({ refusals }) => refusals);
});

const credentials = credentialsOf(server, databases);
remindOfPasswords(credentials, plan.passwords);

const ways = { databases, copySecrets, receiverSecrets, credentials, hostLogin: host?.login };
const beside = createBeside(plan, server, ways, [
  ...[...hostBasedAccess, ...recovery].flatMap(({ resource }) => resource ?? []),
  ...(host?.packages === undefined ? [] : [host.packages.resource]),
]);

const exporter = createHostExporter(plan.hostFiles, host, databases, [
  serverAccess.resource,
  ...hostBasedAccess.flatMap(({ resource }) => resource ?? []),
]);

const onHost = [...(host === undefined ? [] : [host]), ...exporter];
const onServer = [server, ...tuning, ...recovery, serverAccess, ...hostBasedAccess, ...beside, ...onHost];
new Guard("guard", { refusals: [...onServer.map(({ refusals }) => refusals), ...refusedInDatabases] });

// As one value, because which outputs there are depends on the target.
export = {
  ...stackOutputs(server, databases, plan, recovery, beside),
  ...hostOutputs(host),
  credentials,
};

/** A secret of the stack's configuration, which holds it encrypted or not at all. */
function readSecret(key: string, how: string): pulumi.Output<string> | undefined {
  const value = new pulumi.Config("pgstead").getSecret(key);
  const secrets = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS ?? "[]") as readonly string[];
  if (value === undefined || secrets.includes(`pgstead:${key}`)) return value;
  throw new pulumi.RunError(
    `pgstead:${key} stands in the stack's file in clear\n  hint: ${how} with \`npm run pulumi -- config set --secret pgstead:${key}\``,
  );
}

function readPlan(): StackPlan {
  try {
    return planStack(parseConfig(pulumi.runtime.allConfig(), { stack: pulumi.getStack() }));
  } catch (error) {
    // The mistake is in the configuration, and its message says where: a stack trace would only bury it.
    if (error instanceof ProblemError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
