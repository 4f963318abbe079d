import type { FoundDatabase, FoundServer } from "../../../components/core/adopt/found";
import type { ConnectionTarget } from "../../../components/core/connection";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { LoginRefusedError, type Session } from "../../../components/io/session";
import { lookInto } from "../sessions";

/** Reads all of a server that an adoption looks at: one session after the other, none of which can write. */
export async function readServer(target: ConnectionTarget, first: string): Promise<FoundServer> {
  const { catalog, names } = await lookInto(target, first, async (session) => ({
    catalog: await readServerCatalog(session),
    names: await readNames(session),
  }));
  const databases: FoundDatabase[] = [];
  for (const database of names) {
    databases.push(database.isOpen ? await readDatabase(target, database) : database);
  }
  const { host, port, tls } = target;
  const superuser = catalog.capabilities?.superuser ?? false;
  return { host, port, ...(tls === undefined ? {} : { tls }), catalog, superuser, databases };
}

interface DatabaseName {
  readonly name: string;
  readonly isTemplate: boolean;
  /** Whether it takes connections and is one that somebody made. */
  readonly isOpen: boolean;
}

function readNames(session: Session): Promise<DatabaseName[]> {
  return session.query<DatabaseName>(
    `SELECT datname::text AS name, datistemplate AS "isTemplate",
            datallowconn AND NOT datistemplate AND datname <> 'postgres' AS "isOpen"
       FROM pg_catalog.pg_database ORDER BY datname`,
  );
}

/** A database that refuses the login is told about; a server that is gone ends the whole. */
async function readDatabase(target: ConnectionTarget, found: DatabaseName): Promise<FoundDatabase> {
  const { name, isTemplate } = found;
  try {
    const catalog = await lookInto(target, name, (session) => readDatabaseCatalog(session));
    return { name, isTemplate, catalog };
  } catch (error) {
    if (!(error instanceof LoginRefusedError)) throw error;
    return { name, isTemplate, reason: error.message };
  }
}
