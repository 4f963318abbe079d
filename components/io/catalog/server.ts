import type { Capabilities } from "../../core/capabilities";
import type { ServerCatalog } from "../../core/server/model";
import { readCapabilities } from "../capabilities";
import { readOwnerPlace } from "../owner-row";
import type { Session } from "../session";
import { databasesSql, membershipsSql, predefinedSql, rolesSql, settingsSql } from "./server-parts";

export interface ServerCatalogOptions {
  /** Databases whose size is wanted: measuring one walks its files, so not every run asks for all. */
  readonly sized?: readonly string[];
  /** The managing login, where another one may read for it; default who reads. */
  readonly manager?: string;
}

/**
 * Roles, their memberships and settings, and the databases of a server, in one read, as one JSON value.
 *
 * Passwords are left out where the session may not read them (pg_authid).
 */
export async function readServerCatalog(
  session: Session,
  { sized = [], manager }: ServerCatalogOptions = {},
): Promise<ServerCatalog> {
  const [capabilities, owner] = await Promise.all([readCapabilities(session), readOwnerPlace(session)]);
  const [row] = await session.query<{ catalog: ReadCatalog }>(catalogSql(capabilities), [sized]);
  if (row === undefined) throw new Error("the catalogue read gave no row");
  const { login, serverVersion } = capabilities;
  const isManager = manager === undefined || manager === login;
  return {
    ...row.catalog,
    major: Math.floor(serverVersion / 10_000),
    owner,
    manager: manager ?? login,
    ...(isManager ? { capabilities } : {}),
  };
}

type ReadCatalog = Omit<ServerCatalog, "major" | "owner" | "manager" | "capabilities">;

function catalogSql({ readVerifiers }: Capabilities): string {
  return `
SELECT pg_catalog.json_build_object(
  'roles', (${rolesSql(readVerifiers)}),
  'predefined', (${predefinedSql}),
  'databases', (${databasesSql}),
  'memberships', (${membershipsSql}),
  'settings', (${settingsSql}),
  -- initdb gives its role the first number.
  'bootstrap', pg_catalog.pg_get_userbyid(10)
) AS catalog`;
}
