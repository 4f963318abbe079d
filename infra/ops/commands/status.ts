import { resolveGroups } from "../../../components/core/desired/server";
import { renderDuration } from "../../../components/core/duration";
import { renderSize } from "../../../components/core/size";
import {
  statusFindings,
  type DatabaseStatus,
  type DatabaseSummary,
  type RoleStatus,
  type ServerStatus,
} from "../../../components/core/status";
import { isNewerVersion } from "../../../components/core/version-order";
import { readDatabaseStatus } from "../../../components/io/catalog/database-status";
import { readServerStatus } from "../../../components/io/catalog/server-status";
import type { StackConfig } from "../../config";
import type { Colors } from "../colors";
import type { OpsCommand, OpsContext } from "../command";
import { upCommand } from "../failure";
import type { Report } from "../report";
import { lookInto } from "../sessions";
import { renderTable } from "../table";

export interface StatusData {
  readonly server: ServerStatus & { readonly host: string; readonly port: number };
  /** What is inside of each declared database that takes connections. */
  readonly databases: readonly DatabaseStatus[];
  /** What the stack declares: all else on the server is not its. */
  readonly declared: {
    readonly databases: readonly string[];
    readonly schemas: readonly string[];
    readonly extensions: readonly string[];
    readonly roles: readonly string[];
  };
}

/** Shows the server with databases, extensions, schemas and roles, and what of them is not as declared. */
export const statusCommand: OpsCommand<object, StatusData> = {
  name: "status",
  summary: "show the server, its databases, extensions, schemas and roles",
  declare: (command) => {
    command.addHelpText("after", "\nExample:\n  npm run ops -- status --stack prod --json");
  },
  run: readStatus,
  render: (report, _args, colors) => ({ output: renderStatus(report, colors) }),
};

export async function readStatus(context: OpsContext): Promise<Report<StatusData>> {
  const { stack, config, progress } = context;
  const { host, port, administrator } = await context.outputs();
  const place = `${host}:${port}`;
  const server = await progress(
    `asking the server at ${place}`,
    lookInto(administrator, "postgres", readServerStatus),
  );
  const open = new Set(
    server.databases.filter((database) => database.allowConnections).map(({ name }) => name),
  );
  const databases: DatabaseStatus[] = [];
  for (const { name } of config.databases.filter((database) => open.has(database.name))) {
    const look = lookInto(administrator, name, readDatabaseStatus);
    databases.push(await progress(`looking into database ${name}`, look));
  }
  const service = {
    administrator: config.server.administrator.name,
    databases: config.databases.map((database) => ({
      ...database,
      schemas: database.schemas.map((schema) => schema.name),
    })),
  };
  return {
    command: "status",
    stack,
    data: { server: { host, port, ...server }, databases, declared: declaredNames(config) },
    findings: statusFindings(service, server, databases, upCommand(stack)),
  };
}

function declaredNames({ databases, server }: StackConfig): StatusData["declared"] {
  return {
    databases: databases.map(({ name }) => name),
    schemas: databases.flatMap(({ name, schemas }) => schemas.map((schema) => `${name}.${schema.name}`)),
    extensions: databases.flatMap(({ name, extensions }) => extensions.map((item) => `${name}.${item.name}`)),
    roles: [
      server.administrator.name,
      ...databases.flatMap(({ roles }) => roles.map(({ name }) => name)),
      ...databases.flatMap(groupsOf),
    ],
  };
}

/** The readers and writers of each schema: nobody writes them down, and they are the schema's. */
function groupsOf({ name, schemas, keepPrivileges }: StackConfig["databases"][number]): string[] {
  return keepPrivileges ? [] : resolveGroups(name, schemas).map((group) => group.name);
}

export function renderStatus({ stack, data }: Report<StatusData>, colors: Colors): string {
  const { server, databases, declared } = data;
  const standby = server.inRecovery ? ", standby" : "";
  const sections = [
    [
      `stack ${stack}: PostgreSQL ${server.version} at ${server.host}:${server.port}${standby}, up ${renderDuration(server.uptimeSeconds)}`,
      `${server.connections} of ${server.maxConnections} connections in use, ${server.reservedConnections} reserved`,
      ...(server.dataDirectory === null ? [] : [`data directory ${server.dataDirectory}`]),
    ].join("\n"),
    renderDatabases(server.databases, declared.databases, colors),
    renderExtensions(databases, declared.extensions, colors),
    renderSchemas(databases, declared.schemas, colors),
    renderRoles(server.roles, declared.roles, colors),
  ];
  return `${sections.join("\n\n")}\n`;
}

/** What PostgreSQL and pgstead bring themselves: nobody declares it. */
const own: ReadonlySet<string> = new Set(["postgres", "plpgsql", "pgstead"]);

function note(declared: readonly string[], name: string, database?: string): string {
  const known = declared.includes(database === undefined ? name : `${database}.${name}`);
  return known || own.has(name) ? "" : "not declared";
}

function renderDatabases(
  databases: readonly DatabaseSummary[],
  declared: readonly string[],
  colors: Colors,
): string {
  const rows = databases.map(({ name, sizeBytes, connections, connectionLimit, owner }) => [
    name,
    sizeBytes === null ? "?" : renderSize(sizeBytes),
    connections,
    renderLimit(connectionLimit),
    owner,
    note(declared, name),
  ]);
  const columns = [
    { heading: "name" },
    { heading: "size", numeric: true },
    { heading: "connections", numeric: true },
    { heading: "limit", numeric: true },
    { heading: "owner" },
    { heading: "" },
  ];
  return renderTable("Databases", columns, rows, colors);
}

function renderExtensions(
  databases: readonly DatabaseStatus[],
  declared: readonly string[],
  colors: Colors,
): string {
  const rows = databases.flatMap(({ database, extensions }) =>
    extensions.map(({ name, version, schema, defaultVersion }) => [
      database,
      name,
      version,
      defaultVersion !== null && isNewerVersion(defaultVersion, version) ? defaultVersion : "",
      schema,
      note(declared, name, database),
    ]),
  );
  const columns = ["database", "name", "version", "newer", "schema", ""].map((heading) => ({ heading }));
  return renderTable("Extensions", columns, rows, colors);
}

function renderSchemas(
  databases: readonly DatabaseStatus[],
  declared: readonly string[],
  colors: Colors,
): string {
  const rows = databases.flatMap(({ database, schemas }) =>
    schemas.map(({ name, owner, tables, views, functions, sizeBytes }) => [
      database,
      name,
      tables,
      views,
      functions,
      renderSize(sizeBytes),
      owner,
      note(declared, name, database),
    ]),
  );
  const columns = [
    { heading: "database" },
    { heading: "name" },
    { heading: "tables", numeric: true },
    { heading: "views", numeric: true },
    { heading: "functions", numeric: true },
    { heading: "size", numeric: true },
    { heading: "owner" },
    { heading: "" },
  ];
  return renderTable("Schemas", columns, rows, colors);
}

function renderRoles(roles: readonly RoleStatus[], declared: readonly string[], colors: Colors): string {
  const rows = roles.map((role) => [
    role.name,
    role.login ? "yes" : "no",
    role.login ? role.connections : "",
    role.login ? renderLimit(role.connectionLimit) : "",
    role.superuser ? "yes" : "no",
    role.validUntil ?? "",
    note(declared, role.name),
  ]);
  const columns = [
    { heading: "name" },
    { heading: "login" },
    { heading: "connections", numeric: true },
    { heading: "limit", numeric: true },
    { heading: "superuser" },
    { heading: "valid until" },
    { heading: "" },
  ];
  return renderTable("Roles", columns, rows, colors);
}

function renderLimit(limit: number): string {
  return limit === -1 ? "no limit" : String(limit);
}
