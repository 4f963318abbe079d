import type { Finding } from "./finding";

/** A server as `status` shows it. */
export interface ServerStatus {
  /** As the server names it: `17.10`. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** Null where the login may not see it. */
  readonly dataDirectory: string | null;
  /** True for a standby. */
  readonly inRecovery: boolean;
  readonly maxConnections: number;
  /** `superuser_reserved_connections` and `reserved_connections` together. */
  readonly reservedConnections: number;
  /** Sessions of clients now, without the one that asked. */
  readonly connections: number;
  readonly databases: readonly DatabaseSummary[];
  readonly roles: readonly RoleStatus[];
}

export interface DatabaseSummary {
  readonly name: string;
  readonly owner: string;
  /** Null where the login may not measure it. */
  readonly sizeBytes: number | null;
  readonly connections: number;
  /** −1 is no limit. */
  readonly connectionLimit: number;
  readonly allowConnections: boolean;
}

export interface RoleStatus {
  readonly name: string;
  readonly login: boolean;
  readonly superuser: boolean;
  /** −1 is no limit. */
  readonly connectionLimit: number;
  readonly connections: number;
  /** Moment in UTC from which the password is refused; null: never. */
  readonly validUntil: string | null;
  /** By the server's clock. */
  readonly expired: boolean;
}

/** What is inside of a database. */
export interface DatabaseStatus {
  readonly database: string;
  readonly extensions: readonly ExtensionStatus[];
  readonly schemas: readonly SchemaStatus[];
  /** Absent: there is none, or none is declared. */
  readonly trail?: TrailStatus;
}

/** How `audit.change_log` stands. */
export interface TrailStatus {
  readonly partitions: number;
  /** Months after the current one that have a partition. */
  readonly monthsAhead: number;
  readonly sizeBytes: number;
}

export interface ExtensionStatus {
  readonly name: string;
  readonly version: string;
  readonly schema: string;
  /** The version that the server would install now; null where its files are gone. */
  readonly defaultVersion: string | null;
}

export interface SchemaStatus {
  readonly name: string;
  readonly owner: string;
  readonly tables: number;
  readonly views: number;
  readonly functions: number;
  /** Tables with their indexes and TOAST, materialized views and sequences. */
  readonly sizeBytes: number;
}

/** What a stack declares, as far as `status` looks at it. */
export interface DeclaredService {
  readonly administrator: string;
  readonly databases: readonly DeclaredDatabase[];
}

export interface DeclaredDatabase {
  readonly name: string;
  readonly extensions: readonly { readonly name: string }[];
  readonly schemas: readonly string[];
  readonly roles: readonly { readonly name: string; readonly login: boolean }[];
  /** Set where it has a trail. */
  readonly audit?: unknown;
}

/**
 * What is declared and not there, and what is there and dangerous.
 *
 * @param inside the declared databases that could be looked into
 * @param mend the command that brings the server back to what is declared
 */
export function statusFindings(
  declared: DeclaredService,
  server: ServerStatus,
  inside: readonly DatabaseStatus[],
  mend: string,
): Finding[] {
  return [
    ...declared.databases.flatMap((database) => databaseFindings(database, server, inside, mend)),
    ...roleFindings(declared, server, mend),
    ...superuserFindings(declared, server),
  ];
}

function databaseFindings(
  declared: DeclaredDatabase,
  server: ServerStatus,
  inside: readonly DatabaseStatus[],
  mend: string,
): Finding[] {
  const subject = `database ${declared.name}`;
  const actual = server.databases.find(({ name }) => name === declared.name);
  if (actual === undefined) return [missing(subject, mend)];
  if (!actual.allowConnections) {
    return [{ subject, message: "the server takes no connections to it", hint: mendWith(mend) }];
  }
  const content = inside.find(({ database }) => database === declared.name);
  if (content === undefined) return [];
  const has = (list: readonly { readonly name: string }[], name: string): boolean =>
    list.some((item) => item.name === name);
  return [
    ...declared.schemas
      .filter((name) => !has(content.schemas, name))
      .map((name) => missing(`schema ${declared.name}.${name}`, mend)),
    ...declared.extensions
      .filter(({ name }) => !has(content.extensions, name))
      .map(({ name }) => missing(`extension ${declared.name}.${name}`, mend)),
    ...(declared.audit === undefined ? [] : trailFindings(content, mend)),
  ];
}

/** Entries of months without a partition go to another one, which nobody drops by its age. */
const leastMonthsAhead = 3;

function trailFindings({ database, trail }: DatabaseStatus, mend: string): Finding[] {
  const subject = `trail ${database}.audit.change_log`;
  if (trail === undefined) return [missing(subject, mend)];
  if (trail.monthsAhead >= leastMonthsAhead) return [];
  return [
    {
      subject,
      message: `its partitions end in ${trail.monthsAhead} ${trail.monthsAhead === 1 ? "month" : "months"}`,
      hint: "`npm run ops -- audit maintain` makes those of a year: run it by a schedule; `up` makes them as well",
    },
  ];
}

function roleFindings(declared: DeclaredService, server: ServerStatus, mend: string): Finding[] {
  const actual = new Map(server.roles.map((role) => [role.name, role]));
  return declared.databases
    .flatMap(({ roles }) => roles)
    .flatMap(({ name, login }) => {
      const subject = `role ${name}`;
      const role = actual.get(name);
      if (role === undefined) return [missing(subject, mend)];
      if (!login) return [];
      if (!role.login) {
        return [{ subject, message: "declared to log in and NOLOGIN on the server", hint: mendWith(mend) }];
      }
      if (role.connectionLimit === 0) {
        return [{ subject, message: "cannot log in: CONNECTION LIMIT 0", hint: "raise its connectionLimit" }];
      }
      if (!role.expired) return [];
      const message = `cannot log in: its password expired at ${role.validUntil ?? "an unknown moment"}`;
      return [{ subject, message, hint: "set a later validUntil, or remove it, and run `up`" }];
    });
}

/** A role is never declared superuser: the administrator is the only one, and of a managed service the service's own. */
function superuserFindings({ administrator, databases }: DeclaredService, server: ServerStatus): Finding[] {
  const declared = new Set(databases.flatMap(({ roles }) => roles.map(({ name }) => name)));
  const isManaged = server.roles.some(({ name, superuser }) => name === administrator && !superuser);
  return server.roles
    .filter(
      ({ name, superuser }) => superuser && name !== administrator && (!isManaged || declared.has(name)),
    )
    .map(({ name }) => ({
      subject: `role ${name}`,
      message: `is superuser; ${administrator} alone is declared to be`,
      hint: `find out who made it so, then take it back as ${administrator}: ALTER ROLE … NOSUPERUSER`,
    }));
}

function missing(subject: string, mend: string): Finding {
  return { subject, message: "declared and not on the server", hint: mendWith(mend) };
}

function mendWith(mend: string): string {
  return `\`${mend}\` brings it back`;
}
