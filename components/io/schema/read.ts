import { keyOf, type SchemaKind, type SchemaObject, type SchemaSnapshot } from "../../core/schema/snapshot";
import type { Session } from "../session";
import {
  databaseSql,
  defaultPrivilegesSql,
  extensionsSql,
  publicationsSql,
  roleSettingsSql,
  schemasSql,
  subscriptionsSql,
} from "./database-wide";
import { columnsSql, sequencesSql, tablesSql, viewsSql } from "./relations";
import { aggregatesSql, functionsSql, operatorsSql } from "./routines";
import {
  constraintsSql,
  eventTriggersSql,
  indexesSql,
  policiesSql,
  rulesSql,
  statisticsSql,
  triggersSql,
} from "./table-parts";
import { collationsSql, conversionsSql, foreignSql, textSearchSql, typesSql } from "./types";

/**
 * Reads everything that a database has and its rows do not: one question for each kind, all in one snapshot. Any login
 * may ask; passwords are not read.
 *
 * @param session one that is in no transaction
 */
export async function readSchema(session: Session): Promise<SchemaSnapshot> {
  await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
  try {
    return await readWithin(session);
  } finally {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost, and with it the transaction
  }
}

/** The same within the transaction that a session is in, whose settings it changes. */
export async function readWithin(session: Session): Promise<SchemaSnapshot> {
  await session.query(spelling);
  const [row] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int AS version",
  );
  const version = row?.version ?? 0;
  const answers = await session.together(() =>
    Promise.all(schemaQueries(version).map((sql) => session.query<{ objects: Row[] }>(sql))),
  );
  const objects = answers.flatMap((rows) => (rows[0]?.objects ?? []).map(toObject));
  return { version, objects: withoutTwins(objects) };
}

/**
 * How the server writes definitions down, whatever the login's own settings are; names are qualified, as the path has
 * none of the user's schemas.
 */
const spelling = `SET LOCAL search_path = pg_catalog; SET LOCAL quote_all_identifiers = off; SET LOCAL DateStyle = ISO;
  SET LOCAL IntervalStyle = postgres; SET LOCAL TimeZone = 'UTC'; SET LOCAL extra_float_digits = 1;
  SET LOCAL bytea_output = hex; SET LOCAL lc_monetary = 'C'; SET LOCAL row_security = off; SET LOCAL jit = off`;

/** What is nothing is left out by the server: of most properties of most objects there is nothing to tell. */
const aggregated = (sql: string): string =>
  `SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_strip_nulls(pg_catalog.row_to_json(q))), '[]'::json) AS objects FROM (${sql}) AS q`;

/** The questions, as they are sent to a server of some version. */
export function schemaQueries(version: number): string[] {
  return queriesOf(version).map(aggregated);
}

function queriesOf(version: number): string[] {
  return [
    databaseSql,
    schemasSql,
    extensionsSql,
    typesSql,
    sequencesSql,
    tablesSql,
    columnsSql,
    constraintsSql,
    indexesSql,
    viewsSql,
    functionsSql,
    aggregatesSql,
    triggersSql,
    rulesSql,
    policiesSql,
    statisticsSql,
    ...operatorsSql,
    collationsSql(version),
    conversionsSql,
    ...textSearchSql,
    ...foreignSql,
    publicationsSql(version),
    subscriptionsSql,
    eventTriggersSql,
    defaultPrivilegesSql,
    roleSettingsSql,
  ];
}

/** What begins with `$` is no property. */
type Row = Readonly<Record<string, unknown>> & { readonly kind: SchemaKind; readonly name: string };

function toObject({ kind, name, $of, $from, $privileges, ...rest }: Row): SchemaObject {
  const properties: Record<string, string> = {};
  const details: Record<string, string> = {};
  for (const key of Object.keys(rest)) {
    if (key.startsWith("$")) details[key.slice(1)] = String(rest[key]);
    else properties[key] = String(rest[key]);
  }
  return {
    kind,
    name,
    properties,
    details,
    ...($of === undefined ? {} : { of: $of as string }),
    ...($from === undefined ? {} : { from: $from as string }),
    ...($privileges === undefined ? {} : { privileges: $privileges as Record<string, string> }),
  };
}

/** An index may serve several constraints: one of them has it. */
function withoutTwins(objects: readonly SchemaObject[]): SchemaObject[] {
  return [...new Map(objects.map((object) => [keyOf(object), object])).values()];
}
