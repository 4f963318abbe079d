import { monthsAhead } from "../../../components/core/audit/log-table";
import type { AuditDeclaration } from "../../../components/core/audit/model";
import { planAudit } from "../../../components/core/audit/plan";
import { planDatabaseAccess } from "../../../components/core/database/access";
import { planHba, planObstacle } from "../../../components/core/hba/plan";
import type { DesiredHba } from "../../../components/core/hba/plan";
import type {
  DeclaredAccess,
  DeclaredDatabaseAccess,
} from "../../../components/core/operations/declared-access";
import { planObjectsAccess } from "../../../components/core/privileges/objects";
import { planServerAccess } from "../../../components/core/server/access";
import type { ServerAccess, ServerCatalog } from "../../../components/core/server/model";
import { ownerDatabase } from "../../../components/core/server/owner-row";
import { planSettings, type DesiredSettingsOfServer } from "../../../components/core/settings/plan";
import { readAuditCatalog } from "../../../components/io/catalog/audit";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readObjectsCatalog } from "../../../components/io/catalog/objects";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { readSettingsCatalog } from "../../../components/io/catalog/settings";
import { readHba } from "../../../components/io/hba/read";
import { readOwnerPlace } from "../../../components/io/owner-row";
import type { DriftSource } from "./compare";

/** Where what belongs to the whole server is read. */
const maintenance = "postgres";

/** What belongs to the server as a whole, with the functions that its preview uses. */
export function serverSources({ server, settings, hostBasedAccess }: DeclaredAccess): DriftSource[] {
  return [
    serverSource(server),
    ...(settings === undefined ? [] : [settingsSource(settings)]),
    ...(hostBasedAccess === undefined ? [] : [hbaSource(hostBasedAccess)]),
  ];
}

function serverSource(desired: ServerAccess): DriftSource {
  return {
    resource: "Access server",
    database: maintenance,
    async plan(session) {
      const catalog = await readServerCatalog(session);
      const holder = ownerDatabase(desired, catalog.owner);
      const isThere = catalog.databases.some(({ name }) => name === holder);
      return holder === undefined || !isThere
        ? planServerAccess(desired, desired, catalog)
        : withOwnerOf(holder, desired, catalog);
    },
  };
}

/** The login may not write into the maintenance database: who owns the server stands in the stack's own. */
function withOwnerOf(database: string, desired: ServerAccess, catalog: ServerCatalog): DriftSource {
  return {
    resource: "Access server",
    database,
    async plan(session) {
      const owner = { ...(await readOwnerPlace(session)), database };
      return planServerAccess(desired, desired, { ...catalog, owner });
    },
  };
}

function settingsSource(desired: DesiredSettingsOfServer): DriftSource {
  return {
    resource: "Settings server",
    database: maintenance,
    async plan(session) {
      const { settings, limited } = desired;
      return planSettings(desired, await readSettingsCatalog(session, settings, undefined, limited?.login));
    },
  };
}

function hbaSource(desired: DesiredHba): DriftSource {
  return {
    resource: "HostBasedAccess server",
    database: maintenance,
    async plan(session) {
      const found = await readHba(session, desired.managing);
      if ("obstacle" in found) return planObstacle(found.obstacle, found.user);
      return planHba(desired, desired, found);
    },
  };
}

/** What is inside of a database. */
export function databaseSources({ access, manager, audit }: DeclaredDatabaseAccess): DriftSource[] {
  const { database: name, privileges } = access;
  const inSchemas: DriftSource = {
    resource: `Access ${name}`,
    database: name,
    async plan(session) {
      const samples = access.samples === true;
      return planDatabaseAccess(access, access, await readDatabaseCatalog(session, { manager, samples }));
    },
  };
  const trail = audit === undefined ? [] : [auditSource(audit)];
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

function auditSource(audit: AuditDeclaration): DriftSource {
  return {
    resource: `Audit ${audit.database}`,
    database: audit.database,
    async plan(session) {
      const catalog = await readAuditCatalog(session, audit);
      return planAudit(audit, catalog, { ahead: monthsAhead - monthsThatMayLack });
    },
  };
}
