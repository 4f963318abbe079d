import { tellingSettings, type DatabaseLocale, type ServerModel } from "../../core/scratch/server-model";
import { readFileEntries, readSettings } from "../catalog/settings";
import type { Session } from "../session";

/** Columns that not every version has are null there. */
const localeSql = `
SELECT pg_catalog.pg_encoding_to_char(d.encoding) AS encoding, d.datcollate AS collate, d.datctype AS ctype,
  coalesce(row ->> 'datlocprovider', 'c') AS provider, coalesce(row ->> 'datlocale', row ->> 'daticulocale') AS locale,
  row ->> 'daticurules' AS rules
FROM pg_catalog.pg_database AS d, pg_catalog.to_jsonb(d) AS row
WHERE d.datname = pg_catalog.current_database()`;

/** What a scratch server has to have of a live one; a superuser reads it, in the database that it is for. */
export async function readServerModel(session: Session): Promise<ServerModel> {
  const [locale] = await session.query<DatabaseLocale & Record<string, unknown>>(localeSql);
  if (locale === undefined) throw new Error("the server answers with nothing");
  return {
    locale,
    settings: tellingSettings(await readSettings(session), await readFileEntries(session)),
  };
}
