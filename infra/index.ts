import * as pulumi from "@pulumi/pulumi";
import {
  Database,
  DatabaseAccessControl,
  EmbeddedServer,
  Guard,
  Roles,
  Schemas,
  ServerAccessControl,
} from "../components";
import { ProblemError } from "../components/core/problem";
import { parseConfig } from "./config";
import { planStack, type StackPlan } from "./plan";
import { stackOutputs } from "./outputs";

const plan = readPlan();
const { allowDataLoss, protect } = plan;

const server = new EmbeddedServer("server", plan.server);
const { connection } = server;

const databases = plan.databases.map(({ name, ...parts }) => {
  const roles = new Roles(name, { connection, roles: parts.roles });
  const dependsOn = [...roles.resources];
  const database = new Database(name, { connection, ...parts.database, dependsOn });
  return { ...parts, name, roles, database };
});

const serverAccess = new ServerAccessControl("server", {
  connection,
  roles: databases.map(({ roles }) => roles),
  databases: databases.map(({ database }) => database),
  allowDataLoss,
  protect,
});

const databaseAccess = databases.map(({ name, database, ...parts }) => {
  const dependsOn = [serverAccess.resource];
  const { schemas: schemaArgs, extensions } = parts;
  const schemas = new Schemas(name, { connection, database, schemas: schemaArgs, extensions, dependsOn });
  return new DatabaseAccessControl(name, { connection, database, schemas, allowDataLoss, dependsOn });
});

const accesses = [serverAccess, ...databaseAccess];
new Guard("guard", { refusals: [server, ...accesses].map(({ refusals }) => refusals) });

export const { host, port, version, database, roles, uris, administratorUri } = stackOutputs(
  server,
  databases,
  plan,
);

function readPlan(): StackPlan {
  try {
    return planStack(parseConfig(pulumi.runtime.allConfig(), { stack: pulumi.getStack() }));
  } catch (error) {
    // The mistake is in the configuration, and its message says where: a stack trace would only bury it.
    if (error instanceof ProblemError) throw new pulumi.RunError(error.message);
    throw error;
  }
}
