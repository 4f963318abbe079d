import { counted } from "../../../components/core/counted";
import { check, firstOf, type HealthCheck } from "../../../components/core/operations/health-check";
import type { HealthFacts, VolumeFacts } from "../../../components/core/operations/health-facts";
import { resolveOpsService } from "../../../components/core/ops-service";
import { statusFindings, type DatabaseStatus, type ServerStatus } from "../../../components/core/status";
import { readVolumeRoom } from "../../../components/io/log-directory";
import { readDatabaseStatus } from "../../../components/io/catalog/database-status";
import { readDatabaseHealth, readHealth } from "../../../components/io/catalog/health";
import { readServerStatus } from "../../../components/io/catalog/server-status";
import { LoginRefusedError, maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext } from "../command";
import { upCommand } from "../failure";
import type { Watcher } from "../watcher";

export interface StackHealth {
  readonly facts: HealthFacts;
  /** Whether what the stack declares is there. */
  readonly declared: HealthCheck;
}

/**
 * Looks at the server, and into each declared database. One connection at a time: on a full server few are reserved.
 */
export async function readStackHealth(watcher: Watcher, context: CommandContext): Promise<StackHealth> {
  const { facts, server } = await watcher.look(maintenanceDatabase, async (session) => {
    const [facts, server] = await Promise.all([
      readHealth(session),
      readServerStatus(session, { measure: false }),
    ]);
    return { facts, server };
  });
  const open = new Set(
    server.databases.flatMap(({ name, allowConnections }) => (allowConnections ? [name] : [])),
  );
  const inside = [...facts.inside];
  const contents: DatabaseStatus[] = [];
  const refused: string[] = [];
  for (const database of watcher.databases.filter((name) => open.has(name))) {
    try {
      await watcher.look(database, async (session) => {
        const [health, content] = await Promise.all([
          readDatabaseHealth(session),
          readDatabaseStatus(session, { measure: false }),
        ]);
        // On the maintenance database itself it has been asked already.
        if (database !== maintenanceDatabase) inside.push(health);
        contents.push(content);
      });
    } catch (error) {
      // One that refuses this login says nothing of the others.
      if (!(error instanceof LoginRefusedError)) throw error;
      refused.push(error.message);
    }
  }
  const volume = await readVolume(context, server);
  return {
    facts: { ...facts, inside, ...(volume === undefined ? {} : { volume }) },
    declared: judgeDeclared(context, server, contents, refused),
  };
}

function judgeDeclared(
  { stack, config }: CommandContext,
  server: ServerStatus,
  contents: readonly DatabaseStatus[],
  refused: readonly string[],
): HealthCheck {
  const service = resolveOpsService(config);
  // Its trail is the administrator's to see: `status` looks at it.
  const databases = service.databases.map((database) => ({ ...database, audit: undefined }));
  const found = statusFindings({ ...service, databases }, server, contents, upCommand(stack));
  const lines = [...found.map(({ subject, message }) => `${subject}: ${message}`), ...refused];
  return check("declared", {
    status: lines.length > 0 ? "critical" : "ok",
    value: lines.length,
    critical: 1,
    message:
      lines.length === 0
        ? `what the stack declares in ${counted(databases.length, "database")} is there`
        : firstOf(lines),
    hint: found[0]?.hint ?? "may this role connect to that database? `status` asks as the administrator",
  });
}

/** SQL cannot tell it: only where the server runs on this machine is its directory here. */
async function readVolume(
  { config }: CommandContext,
  { dataDirectory }: ServerStatus,
): Promise<VolumeFacts | undefined> {
  if (config.target !== "embedded" || dataDirectory === null) return undefined;
  const { volumeSize, volumeFree } = await readVolumeRoom(dataDirectory);
  return { path: dataDirectory, sizeBytes: volumeSize, freeBytes: volumeFree };
}
