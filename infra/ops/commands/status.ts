import { renderPlace } from "../../../components/core/connection";
import { renderDuration } from "../../../components/core/duration";
import { resolveOpsService } from "../../../components/core/ops-service";
import { renderSize } from "../../../components/core/size";
import type { DatabaseStatus, DatabaseSummary, RoleStatus } from "../../../components/core/status";
import { isNewerVersion } from "../../../components/core/version-order";
import { maintenanceDatabase } from "../../../components/io/session";
import type { Colors } from "../colors";
import type { CommandContext, OpsCommand } from "../command";
import { readStatus, type StatusData } from "../read-status";
import type { Report } from "../report";
import { renderTable } from "../table";

/** Shows the server with databases, extensions, schemas and roles, and what of them is not as declared. */
export const statusCommand: OpsCommand<object, StatusData> = {
  name: "status",
  summary: "show the server, its databases, extensions, schemas and roles",
  declare: (command) => {
    command.addHelpText("after", "\nExample:\n  npm run ops -- status --stack prod --json");
  },
  run: readStackStatus,
  render: (report, _args, colors) => ({ output: renderStatus(report, colors) }),
};

async function readStackStatus({
  stack,
  config,
  outputs,
  progress,
}: CommandContext): Promise<Report<StatusData>> {
  const { administrator } = await outputs();
  return readStatus({
    stack,
    service: resolveOpsService(config),
    administrator,
    maintenanceDatabase,
    progress,
  });
}

export function renderStatus({ stack, data }: Report<StatusData>, colors: Colors): string {
  const { server, databases, declared } = data;
  const standby = server.inRecovery ? ", standby" : "";
  const sections = [
    [
      `stack ${stack}: PostgreSQL ${server.version} at ${renderPlace(server)}${standby}, up ${renderDuration(server.uptimeSeconds)}`,
      `${server.connections} of ${server.maxConnections} connections in use, ${server.reservedConnections} reserved`,
      ...(server.dataDirectory === null ? [] : [`data directory ${server.dataDirectory}`]),
    ].join("\n"),
    renderDatabases(server.databases, declared.databases, colors),
    renderExtensions(databases, declared.extensions, colors),
    renderSchemas(databases, declared.schemas, colors),
    renderRoles(server.roles, declared.roles, colors),
    ...renderTrails(databases, colors),
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

function renderTrails(databases: readonly DatabaseStatus[], colors: Colors): string[] {
  const rows = databases.flatMap(({ database, trail }) =>
    trail === undefined ? [] : [[database, trail.partitions, trail.monthsAhead, renderSize(trail.sizeBytes)]],
  );
  const columns = [
    { heading: "database" },
    { heading: "partitions", numeric: true },
    { heading: "months ahead", numeric: true },
    { heading: "size", numeric: true },
  ];
  return rows.length === 0 ? [] : [renderTable("Trails (audit.change_log)", columns, rows, colors)];
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
