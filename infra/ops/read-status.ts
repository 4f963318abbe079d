import { renderPlace, type ConnectionTarget } from "../../components/core/connection";
import { resolveGroups } from "../../components/core/desired/server";
import type { OpsDatabase, OpsService } from "../../components/core/ops-service";
import { statusFindings, type DatabaseStatus, type ServerStatus } from "../../components/core/status";
import { readTrailStatus } from "../../components/io/catalog/audit-status";
import { readDatabaseStatus } from "../../components/io/catalog/database-status";
import { readServerStatus } from "../../components/io/catalog/server-status";
import type { Session } from "../../components/io/session";
import type { CommandContext } from "./command";
import { upCommand } from "./failure";
import type { Report } from "./report";
import { lookInto } from "./sessions";

/** What the status of a stack is read from: the same for the command line and for the ops container. */
export interface StatusSource {
  readonly stack: string;
  readonly service: OpsService;
  readonly administrator: ConnectionTarget;
  readonly maintenanceDatabase: string;
  readonly progress: CommandContext["progress"];
}

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

/** Asks the server what is on it, and compares that with what is declared. Changes nothing. */
export async function readStatus(source: StatusSource): Promise<Report<StatusData>> {
  const { stack, service, administrator, progress } = source;
  const { host, port } = administrator;
  const look = lookInto(administrator, source.maintenanceDatabase, readServerStatus);
  const server = await progress(`asking the server at ${renderPlace(administrator)}`, look);
  const open = new Set(
    server.databases.filter((database) => database.allowConnections).map(({ name }) => name),
  );
  const databases: DatabaseStatus[] = [];
  for (const { name, audit } of service.databases.filter((database) => open.has(database.name))) {
    const inside = lookInto(administrator, name, (session) => readInside(session, audit !== undefined));
    databases.push(await progress(`looking into database ${name}`, inside));
  }
  return {
    command: "status",
    stack,
    data: { server: { host, port, ...server }, databases, declared: declaredNames(service) },
    findings: statusFindings(service, server, databases, upCommand(stack)),
  };
}

async function readInside(session: Session, hasTrail: boolean): Promise<DatabaseStatus> {
  const status = await readDatabaseStatus(session);
  const trail = hasTrail ? await readTrailStatus(session) : undefined;
  return { ...status, ...(trail === undefined ? {} : { trail }) };
}

function declaredNames({ administrator, databases }: OpsService): StatusData["declared"] {
  return {
    databases: databases.map(({ name }) => name),
    schemas: databases.flatMap(({ name, schemas }) => schemas.map((schema) => `${name}.${schema}`)),
    extensions: databases.flatMap(({ name, extensions }) => extensions.map((item) => `${name}.${item.name}`)),
    roles: [
      administrator,
      ...databases.flatMap(({ roles }) => roles.map(({ name }) => name)),
      ...databases.flatMap(groupsOf),
    ],
  };
}

/** The readers and writers of each schema: nobody writes them down, and they are the schema's. */
function groupsOf({ name, schemas, keepPrivileges }: OpsDatabase): string[] {
  if (keepPrivileges) return [];
  const members = schemas.map((schema) => ({ name: schema }));
  return resolveGroups(name, members).map((group) => group.name);
}
