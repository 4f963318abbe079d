import { resolvePrivileges } from "../../../components/core/desired/objects";
import { resolveSchemas } from "../../../components/core/desired/schemas";
import { resolveServerAccess } from "../../../components/core/desired/server";
import type { DatabaseAccess } from "../../../components/core/database/model";
import type { ServerAccess } from "../../../components/core/server/model";
import { managingLogin, serverOwnership, type DatabasePlan, type StackPlan } from "../../plan";

export interface StackName {
  readonly project: string;
  readonly stack: string;
}

/** Roles and databases as `Access` of scope server has them, without passwords. */
export function declaredServer(plan: StackPlan, { project, stack }: StackName): ServerAccess {
  const { ownsServer, exclusive } = serverOwnership(plan.server);
  return resolveServerAccess({
    databases: plan.databases,
    allowDataLoss: plan.allowDataLoss,
    protect: plan.protect,
    ...(ownsServer ? { stack: `${project}/${stack}` } : {}),
    exclusive,
  });
}

/** Schemas, extensions and privileges of a database, as `Access` of scope database has them. */
export function declaredDatabase(
  { name, database, schemas, extensions, roles }: DatabasePlan,
  { allowDataLoss, server }: StackPlan,
): DatabaseAccess {
  const desired = resolveSchemas({ owner: database.owner, schemas, extensions });
  const privileges = resolvePrivileges({ database, ...desired, roles, manager: managingLogin(server) });
  return {
    database: name,
    ...desired,
    allowDataLoss,
    ...(privileges === undefined ? {} : { privileges }),
  };
}
