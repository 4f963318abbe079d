import type { ConnectionTarget } from "../core/connection";
import type { Capabilities } from "../core/capabilities";
import type { ServerNeeds, ServerOffers } from "../core/provider-settings";
import { readSettings } from "./catalog/settings";
import { LoginRefusedError, withSession, type Session, type SessionOptions } from "./session";

/** Trusted: who may create objects in the database makes it. The default version counts, which is the one that is made. */
const availableSql = `
SELECT v.name::text AS name, bool_or(v.trusted OR NOT v.superuser) AS trusted
FROM pg_catalog.pg_available_extension_versions AS v
JOIN pg_catalog.pg_available_extensions AS a ON a.name = v.name AND a.default_version = v.version
GROUP BY v.name ORDER BY v.name`;

/** What a server has of what is declared. Reads only. */
export async function readOffers(
  target: ConnectionTarget,
  session: Session,
  {
    needs,
    capabilities,
    ...options
  }: SessionOptions & {
    readonly needs: ServerNeeds;
    readonly capabilities: Capabilities;
  },
): Promise<ServerOffers> {
  const available = await session.query<ServerOffers["available"][number] & Record<string, unknown>>(
    availableSql,
  );
  const declared = needs.extensions.filter(({ names }) => names.length > 0).map(({ database }) => database);
  const there = await session.query<{ name: string }>(
    "SELECT datname::text AS name FROM pg_catalog.pg_database WHERE datname = ANY ($1) AND datallowconn ORDER BY 1",
    [declared],
  );
  const present: Record<string, readonly string[]> = {};
  for (const { name } of there) {
    const found = await readPresent(target, { ...options, database: name });
    if (found !== undefined) present[name] = found;
  }
  return { capabilities, settings: await readSettings(session), available, present };
}

/** Undefined: the login may not look into that database, and what it has is not known. */
async function readPresent(target: ConnectionTarget, options: SessionOptions): Promise<string[] | undefined> {
  try {
    return await withSession(target, { readOnly: true, ...options }, async (session) => {
      const rows = await session.query<{ name: string }>(
        "SELECT extname::text AS name FROM pg_catalog.pg_extension ORDER BY 1",
      );
      return rows.map(({ name }) => name);
    });
  } catch (error) {
    if (error instanceof LoginRefusedError) return undefined;
    throw error;
  }
}
