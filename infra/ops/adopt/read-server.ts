import type { FoundDatabase, FoundServer } from "../../../components/core/adopt/found";
import type { ConnectionTarget } from "../../../components/core/connection";
import { isAutoFile, type FileEntry } from "../../../components/core/settings/catalog";
import { readDatabaseCatalog } from "../../../components/io/catalog/database";
import { readFileEntries } from "../../../components/io/catalog/settings";
import { readServerCatalog } from "../../../components/io/catalog/server";
import { LoginRefusedError, type Session } from "../../../components/io/session";
import { lookInto } from "../sessions";

/** Reads all of a server that an adoption looks at: one session after the other, none of which can write. */
export async function readServer(target: ConnectionTarget, first: string): Promise<FoundServer> {
  const { catalog, names, files } = await lookInto(target, first, async (session) => ({
    catalog: await readServerCatalog(session),
    names: await readNames(session),
    files: await readFiles(session),
  }));
  const databases: FoundDatabase[] = [];
  for (const database of names) {
    databases.push(database.isOpen ? await readDatabase(target, database) : database);
  }
  const { host, port, tls, ssh } = target;
  const superuser = catalog.capabilities?.superuser ?? false;
  const way = { ...(tls === undefined ? {} : { tls }), ...(ssh === undefined ? {} : { ssh }) };
  return { host, port, ...way, catalog, superuser, databases, ...files };
}

/** What configuration files say, as far as the login may know. */
async function readFiles(session: Session): Promise<Pick<FoundServer, "settings" | "rules">> {
  const [may] = await session.query<{ settings: boolean; rules: boolean }>(
    `SELECT pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
              AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS settings,
            pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
              AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE') AS rules`,
  );
  const entries = may?.settings === true ? await readFileEntries(session) : undefined;
  const [counted] =
    may?.rules === true
      ? await session.query<{ count: number }>(
          "SELECT pg_catalog.count(*)::int AS count FROM pg_catalog.pg_hba_file_rules",
        )
      : [];
  return {
    ...(entries === undefined ? {} : { settings: autoEntries(entries) }),
    ...(counted === undefined ? {} : { rules: counted.count }),
  };
}

/** The last one of a name counts. */
function autoEntries(entries: readonly FileEntry[]): string[] {
  const own = entries.filter(({ file }) => isAutoFile(file)).map(({ name, value }) => [name, value] as const);
  return [...new Map(own)].map(([name, value]) => `${name}=${value}`).toSorted();
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
