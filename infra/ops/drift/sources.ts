import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { monthsAhead } from "../../../components/core/audit/log-table";
import type { AuditDeclaration } from "../../../components/core/audit/model";
import { planAudit } from "../../../components/core/audit/plan";
import { planDatabaseAccess } from "../../../components/core/database/access";
import { resolveSettings } from "../../../components/core/desired/settings";
import { resolveHba } from "../../../components/core/hba/desired";
import { planHba, planObstacle } from "../../../components/core/hba/plan";
import { findMigrator } from "../../../components/core/migrations/migrator";
import { planMigrations } from "../../../components/core/migrations/plan-migrations";
import { planObjectsAccess } from "../../../components/core/privileges/objects";
import { planServerAccess } from "../../../components/core/server/access";
import { planSettings, type DesiredSettingsOfServer } from "../../../components/core/settings/plan";
import { readAuditCatalog } from "../../../components/io/catalog/audit";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readObjectsCatalog } from "../../../components/io/catalog/objects";
import { readHba } from "../../../components/io/hba/read";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { readSettingsCatalog } from "../../../components/io/catalog/settings";
import { findMigrations } from "../../../components/io/migrations/find-migrations";
import type { ServerAccess } from "../../../components/core/server/model";
import { managingLogin, type DatabasePlan, type StackPlan } from "../../plan";
import { byFile } from "./by-file";
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
export function driftSources(plan: StackPlan, place: StackPlace): DriftSource[] {
  return [
    serverSource(declaredServer(plan, place)),
    ...settingsSources(plan),
    ...hbaSources(plan),
    ...plan.databases.flatMap((database) => [
      ...databaseSources(database, plan),
      ...migrationSources(database, plan, place.root),
    ]),
  ];
}

export interface StackPlace extends StackName {
  /** Directory of the project. */
  readonly root: string;
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

/** What is declared of the server's settings; undefined: nothing, or the login may not set them. */
export function desiredSettings({ tuning, server }: StackPlan): DesiredSettingsOfServer | undefined {
  const isSuperuser = server.target !== "existing" || server.args.superuser !== false;
  if (tuning === undefined || !isSuperuser) return undefined;
  const made = server.target === "existing" ? undefined : server.target;
  // What is planned is only shown: whether it may be done is the preview's to tell.
  return { ...resolveSettings(tuning), restart: "allow", canRestart: made !== undefined, made };
}

function settingsSources(plan: StackPlan): DriftSource[] {
  const desired = desiredSettings(plan);
  if (desired === undefined) return [];
  return [
    {
      resource: "Settings server",
      database: maintenance,
      async plan(session) {
        return planSettings(desired, await readSettingsCatalog(session, desired.settings));
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

/** What is pending, and what of the files is not what ran. */
function migrationSources(
  { name, database, roles, migrations }: DatabasePlan,
  { allowDataLoss, gate }: StackPlan,
  root: string,
): DriftSource[] {
  const { engine, directory: shown, target, downgrade = "refuse", isNamed } = migrations;
  // An application's own are told by `migrate check`, which has to run it.
  if (engine === "alembic") return [];
  const directory = resolve(root, shown);
  if (!isNamed && !existsSync(directory)) return [];
  const migrator = findMigrator(roles);
  const wanted = {
    owner: database.owner,
    ...(target === undefined ? {} : { target }),
    ...(migrator === undefined ? {} : { migrator }),
  };
  const declared = { ...wanted, database: name, downgrade, allowDataLoss, gated: gate !== undefined };
  const place = { directory, shown };
  return [
    {
      resource: `Migrations ${name}`,
      database: name,
      async plan(session) {
        return byFile(planMigrations(declared, await findMigrations({ ...wanted, place }, session)));
      },
    },
  ];
}

function databaseSources(database: DatabasePlan, plan: StackPlan): DriftSource[] {
  const { name, audit, samples } = database;
  const access = { ...declaredDatabase(database, plan), ...(samples ? ({ samples } as const) : {}) };
  const { privileges } = access;
  const manager = managingLogin(plan.server);
  const inSchemas: DriftSource = {
    resource: `Access ${name}`,
    database: name,
    async plan(session) {
      return planDatabaseAccess(access, access, await readDatabaseCatalog(session, { manager, samples }));
    },
  };
  const trail = audit === undefined ? [] : [auditSource({ database: name, manager, ...audit })];
  if (privileges === undefined) return [inSchemas, ...trail];
  const objects: DriftSource = {
    resource: `Access ${name}-objects`,
    database: name,
    async plan(session) {
      return planObjectsAccess(privileges, await readObjectsCatalog(session, privileges));
    },
  };
  return [inSchemas, objects, ...trail];
}

/** Months without a partition of which the trail is no more than late: what makes them runs once a month at least. */
const monthsThatMayLack = 6;

/** What a login without superuser cannot have is no difference: the preview tells it. */
function auditSource(audit: AuditDeclaration): DriftSource {
  return {
    resource: `Audit ${audit.database}`,
    database: audit.database,
    async plan(session) {
      const catalog = await readAuditCatalog(session, audit);
      const options = { ahead: monthsAhead - monthsThatMayLack, tellsLimits: false };
      return planAudit(audit, catalog, options);
    },
  };
}
