import { diffSettings, type ActualSettings, type DesiredSettings } from "./role-settings";
import type { ServerAccess, ServerCatalog } from "./model";
import { within, type Limits } from "./limits";
import { quoteIdentifier } from "../identifier";
import { joinPlans, type Plan, type Undeclared } from "../statement";

/** What is to be set for one role, one database, or one role in one database. */
interface Wanted {
  readonly role: string | null;
  readonly database: string | null;
  readonly settings: DesiredSettings;
}

/** Settings of databases and roles (`ALTER DATABASE … SET`, `ALTER ROLE … SET`): exact for those that are declared. */
export function planServerSettings(desired: ServerAccess, actual: ServerCatalog, limits: Limits): Plan {
  const found = new Map(actual.settings.map((row) => [keyOf(row), row]));
  const wanted = wantedSettings(desired, actual);
  const known = new Set(wanted.map(keyOf));
  const plans = wanted.map(({ role, database, settings }) => {
    const place = { ...(role === null ? {} : { role }), ...(database === null ? {} : { database }) };
    const changes = diffSettings(place, settings, found.get(keyOf({ role, database }))?.settings ?? []);
    const subject = role === null ? `database ${database ?? ""}` : `role ${role}`;
    const limit = limitOf(role, database, actual, limits);
    const statements = changes.map(({ statement }) => statement);
    if (limit !== undefined) return within(subject, limit, statements);
    return joinPlans(
      ...changes.map(({ name, statement }) => {
        const hint = `let a superuser run that, or GRANT SET ON PARAMETER ${quoteIdentifier(name)} TO ${quoteIdentifier(actual.manager)} (15 and newer), or take it out of the settings`;
        return within(subject, limits.setting(name), [statement], hint);
      }),
    );
  });
  const undeclared = actual.settings
    .filter((row) => !known.has(keyOf(row)))
    .flatMap((row) => foreign(row, desired));
  return joinPlans(...plans, { statements: [], refusals: [], undeclared });
}

function wantedSettings(desired: ServerAccess, actual: ServerCatalog): Wanted[] {
  const ours = new Set([...desired.roles, ...desired.groups].map(({ name }) => name));
  const authoritative = new Set(
    desired.databases.filter((database) => database.authoritative).map(({ name }) => name),
  );
  const wanted: Wanted[] = [
    ...desired.databases.map(({ name, settings }) => ({ role: null, database: name, settings })),
    ...desired.roles.flatMap(({ name, database, settings, databaseSettings }) => [
      { role: name, database: null, settings },
      { role: name, database, settings: databaseSettings },
    ]),
  ];
  const known = new Set(wanted.map(keyOf));
  // Nothing is declared there: of our roles elsewhere, of groups, of foreign roles in an authoritative database.
  const empty = actual.settings.filter(
    (row) =>
      !known.has(keyOf(row)) &&
      row.role !== null &&
      (ours.has(row.role) || (row.database !== null && authoritative.has(row.database))),
  );
  return [...wanted, ...empty.map(({ role, database }) => ({ role, database, settings: {} }))].toSorted(
    (a, b) => (orderOf(a) < orderOf(b) ? -1 : 1),
  );
}

/** Settings of a foreign role in our database, and those that reach every role, are drift that is left alone. */
function foreign({ role, database, settings }: ActualSettings, desired: ServerAccess): Undeclared[] {
  const isOurs = database !== null && desired.databases.some(({ name }) => name === database);
  const isEverywhere = role === null && database === null;
  if (!isEverywhere && !isOurs) return [];
  const names = settings.map((setting) => setting.split("=")[0]).join(", ");
  const subject = isEverywhere ? "ALTER ROLE ALL" : `role ${role ?? ""} in database ${database ?? ""}`;
  return [{ kind: "setting", subject, message: `nobody declared ${names}` }];
}

function limitOf(
  role: string | null,
  database: string | null,
  actual: ServerCatalog,
  limits: Limits,
): string | undefined {
  if (role === null) {
    const owner = actual.databases.find(({ name }) => name === database)?.owner;
    return owner === undefined ? undefined : limits.database(owner);
  }
  const found = actual.roles.find(({ name }) => name === role);
  return found === undefined ? undefined : limits.role(found, found);
}

function keyOf({
  role,
  database,
}: {
  readonly role: string | null;
  readonly database: string | null;
}): string {
  return JSON.stringify([database ?? "", role ?? ""]);
}

/** Databases, then roles, then roles in databases. */
function orderOf({ role, database }: Wanted): string {
  const rank = role === null ? 0 : database === null ? 1 : 2;
  return `${rank}\0${role ?? ""}\0${database ?? ""}`;
}
