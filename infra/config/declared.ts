import { resolvePrivileges } from "../../components/core/desired/objects";
import { resolveSchemas } from "../../components/core/desired/schemas";
import { resolveServerAccess } from "../../components/core/desired/server";
import type { DatabaseAccess } from "../../components/core/database/model";
import { resolveHba } from "../../components/core/hba/desired";
import type { DesiredHba } from "../../components/core/hba/plan";
import type {
  DeclaredAccess,
  DeclaredDatabaseAccess,
} from "../../components/core/operations/declared-access";
import { resolveSettings } from "../../components/core/desired/settings";
import type { ServerAccess } from "../../components/core/server/model";
import type { DesiredSettingsOfServer } from "../../components/core/settings/plan";
import { managingLogin, serverOwnership, type DatabasePlan, type StackPlan } from "../plan";

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
  { name, database, schemas, extensions, roles, samples }: DatabasePlan,
  { allowDataLoss, server }: StackPlan,
): DatabaseAccess {
  const desired = resolveSchemas({ owner: database.owner, schemas, extensions });
  const privileges = resolvePrivileges({ database, ...desired, roles, manager: managingLogin(server) });
  return {
    database: name,
    ...desired,
    allowDataLoss,
    ...(privileges === undefined ? {} : { privileges }),
    ...(samples ? { samples: true } : {}),
  };
}

/** All of it that SQL alone can compare with the server: migrations and schema objects have files of their own. */
export function declareAccess(plan: StackPlan, name: StackName): DeclaredAccess {
  const settings = declaredSettings(plan);
  const hostBasedAccess = declaredHba(plan);
  return {
    server: declaredServer(plan, name),
    ...(settings === undefined ? {} : { settings }),
    ...(hostBasedAccess === undefined ? {} : { hostBasedAccess }),
    databases: plan.databases.map((database) => declareDatabase(database, plan)),
  };
}

function declareDatabase(database: DatabasePlan, plan: StackPlan): DeclaredDatabaseAccess {
  const { name, audit } = database;
  const manager = managingLogin(plan.server);
  return {
    access: declaredDatabase(database, plan),
    manager,
    ...(audit === undefined ? {} : { audit: { database: name, manager, ...audit } }),
  };
}

/** What is declared of the server's settings; undefined: nothing, or the login may not set them. */
export function declaredSettings({ tuning, server }: StackPlan): DesiredSettingsOfServer | undefined {
  const isSuperuser = server.target !== "existing" || server.args.superuser !== false;
  if (tuning === undefined || !isSuperuser) return undefined;
  const made = server.target === "existing" ? undefined : server.target;
  const { keptBeside, broughtFiles } = tuning;
  return {
    ...resolveSettings(tuning),
    // What is planned is only shown: whether it may be done is the preview's to tell.
    restart: "allow",
    canRestart: server.target !== "existing" || server.args.onHost !== undefined,
    ...(made === undefined ? {} : { made }),
    ...(keptBeside === undefined ? {} : { keptBeside }),
    ...(broughtFiles === undefined ? {} : { broughtFiles }),
  };
}

function declaredHba({ hostBasedAccess }: StackPlan): DesiredHba | undefined {
  if (hostBasedAccess === undefined) return undefined;
  return resolveHba(hostBasedAccess, hostBasedAccess.managing);
}
