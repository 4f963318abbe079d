import { planDatabaseAccess } from "../../../components/core/database/access";
import { resolveSettings } from "../../../components/core/desired/settings";
import { resolveHba } from "../../../components/core/hba/desired";
import { planHba, planObstacle } from "../../../components/core/hba/plan";
import { planObjectsAccess } from "../../../components/core/privileges/objects";
import { planServerAccess } from "../../../components/core/server/access";
import { planSettings } from "../../../components/core/settings/plan";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readObjectsCatalog } from "../../../components/io/catalog/objects";
import { readHba } from "../../../components/io/hba/read";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { readSettingsCatalog } from "../../../components/io/catalog/settings";
import type { ServerAccess } from "../../../components/core/server/model";
import { managingLogin, type DatabasePlan, type StackPlan } from "../../plan";
import type { DriftSource } from "./compare";
import { declaredDatabase, declaredServer, type StackName } from "./declared";

/** Where what belongs to the whole server is read. */
const maintenance = "postgres";

/**
 * Every own resource of a stack that compares with the live server, with the functions that its preview uses. What is
 * declared counts as known: what is missing on the server is a difference, and not for an official resource to make.
 *
 * @param project Pulumi's name of the project: with the stack's it is the owner of the server
 */
export function driftSources(plan: StackPlan, name: StackName): DriftSource[] {
  return [
    serverSource(declaredServer(plan, name)),
    ...settingsSources(plan),
    ...hbaSources(plan),
    ...plan.databases.flatMap((database) => databaseSources(database, plan)),
  ];
}

function serverSource(desired: ServerAccess): DriftSource {
  return {
    resource: "Access server",
    database: maintenance,
    async plan(session) {
      return planServerAccess(desired, desired, await readServerCatalog(session));
    },
  };
}

function settingsSources({ tuning, server }: StackPlan): DriftSource[] {
  const isSuperuser = server.target !== "existing" || server.args.superuser !== false;
  if (tuning === undefined || !isSuperuser) return [];
  const made = server.target === "existing" ? undefined : server.target;
  const resolved = resolveSettings(tuning);
  // What is planned is only shown: whether it may be done is the preview's to tell.
  const desired = { ...resolved, restart: "allow", canRestart: made !== undefined, made } as const;
  return [
    {
      resource: "Settings server",
      database: maintenance,
      async plan(session) {
        return planSettings(desired, await readSettingsCatalog(session, resolved.settings));
      },
    },
  ];
}

function hbaSources({ hostBasedAccess }: StackPlan): DriftSource[] {
  if (hostBasedAccess === undefined) return [];
  const { managing } = hostBasedAccess;
  const desired = { ...resolveHba(hostBasedAccess, managing), managing };
  return [
    {
      resource: "HostBasedAccess server",
      database: maintenance,
      async plan(session) {
        const found = await readHba(session, managing);
        if ("obstacle" in found) return planObstacle(found.obstacle, found.user);
        return planHba(desired, desired, found);
      },
    },
  ];
}

function databaseSources(database: DatabasePlan, plan: StackPlan): DriftSource[] {
  const { name } = database;
  const access = declaredDatabase(database, plan);
  const { privileges } = access;
  const manager = managingLogin(plan.server);
  const inSchemas: DriftSource = {
    resource: `Access ${name}`,
    database: name,
    async plan(session) {
      return planDatabaseAccess(access, access, await readDatabaseCatalog(session, { manager }));
    },
  };
  if (privileges === undefined) return [inSchemas];
  const objects: DriftSource = {
    resource: `Access ${name}-objects`,
    database: name,
    async plan(session) {
      return planObjectsAccess(privileges, await readObjectsCatalog(session, privileges));
    },
  };
  return [inSchemas, objects];
}
