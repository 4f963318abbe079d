import { findDue } from "../../../components/core/credentials/age";
import type { Finding } from "../../../components/core/finding";
import { judgeHealth } from "../../../components/core/operations/health";
import type { HealthCheck } from "../../../components/core/operations/health-check";
import { checkFindings } from "../../../components/core/operations/health-findings";
import { withRoom, type Probe } from "../../../components/core/operations/probe";
import type { OpsContext } from "../../../components/core/ops-context";
import type { TrailStatus } from "../../../components/core/status";
import { readRepository } from "../../../components/io/backup/repository";
import { readTrailStatus } from "../../../components/io/catalog/audit-status";
import { readHealth } from "../../../components/io/catalog/health";
import { readVolumeRoom } from "../../../components/io/log-directory";
import { readMigrationState, type MigrationState } from "../../../components/io/migrations/state";
import { probeServer } from "../../../components/io/probe-server";
import { LoginRefusedError } from "../../../components/io/session";
import { untold } from "../../../components/io/progress";
import { judgeRepository } from "../backup/look";
import { containerPlace } from "../backup/place";
import { lookInto } from "../sessions";
import { administratorOf } from "./context";
import type { ServerChecks } from "./health-look";
import { describeError } from "./log";

/** Of a probe: with it `/health` answers within two seconds, whatever the server does. */
const probeMs = 1_500;

/** Logs in to the server, reads and writes, and looks whether its volume has room for the next writes. */
export async function probe(context: OpsContext): Promise<Probe> {
  const [found, room] = await Promise.all([
    probeServer(administratorOf(context), probeMs),
    // Not mounted, as in a test: not known.
    readVolumeRoom(context.files.dataDirectory).catch(() => undefined),
  ]);
  return withRoom(found, room?.volumeFree);
}

/** Judges what the server says of itself, by the thresholds of the stack. */
export async function checkServer(context: OpsContext): Promise<ServerChecks> {
  const path = context.files.dataDirectory;
  const facts = await lookInto(administratorOf(context), context.server.maintenanceDatabase, readHealth);
  const room = await readVolumeRoom(path).catch(() => undefined);
  const volume =
    room === undefined ? {} : { volume: { path, sizeBytes: room.volumeSize, freeBytes: room.volumeFree } };
  const all = { ...facts, ...volume };
  const care = [...(await checkBackups(context, Date.now())), ...checkPasswords(context, Date.now())];
  return { facts: all, checks: [...judgeHealth(all, context.thresholds), ...care] };
}

/** Of the logical ones: files that are read. The physical ones' repository takes a program, and has jobs and metrics. */
async function checkBackups(context: OpsContext, now: number): Promise<HealthCheck[]> {
  if (context.backup === undefined && context.copies === undefined) return [];
  const place = containerPlace(context, { progress: untold, write: () => undefined });
  const findings = await readRepository(place.repository).then(
    (found) => {
      const { own, beyond } = judgeRepository(place, found, now);
      return [...own, ...beyond];
    },
    (error: unknown): Finding[] => [
      {
        subject: place.repository,
        message: `cannot be read: ${describeError(error)}`,
        hint: "is its volume there?",
      },
    ],
  );
  return [checkFindings("backups", toldOnly(findings), "as they are declared")];
}

function checkPasswords({ credentials, thresholds }: OpsContext, now: number): HealthCheck[] {
  if (credentials === undefined) return [];
  const known = credentials.map(({ role, changedAt }) => ({
    role,
    login: role,
    passwordVersion: 1,
    changedAt,
  }));
  const due = findDue(known, { now, seconds: thresholds.credential }, (role) => `\`rotate ${role}\``);
  return [checkFindings("passwords", toldOnly(due), "none of them is due")];
}

/** `/health` is of the service that the server gives: it stays 200, while their own alerts tell how bad it is. */
function toldOnly(findings: readonly Finding[]): Finding[] {
  return findings.map((finding) => ({ ...finding, severity: "warning" }));
}

/** What only a session in a declared database sees, besides its health. */
export interface DatabaseState {
  readonly database: string;
  readonly migrations: MigrationState | undefined;
  readonly trail: TrailStatus | undefined;
}

/** Looks into each declared database, one after the other; one that takes no login is left out. */
export async function readDatabases(context: OpsContext): Promise<readonly DatabaseState[]> {
  const states: DatabaseState[] = [];
  for (const { name, audit } of context.service.databases) {
    const look = lookInto(administratorOf(context), name, async (session) => ({
      database: name,
      migrations: await readMigrationState(session),
      trail: audit === undefined ? undefined : await readTrailStatus(session),
    }));
    const found = await look.catch((error: unknown) => {
      if (error instanceof LoginRefusedError) return undefined;
      throw error;
    });
    if (found !== undefined) states.push(found);
  }
  return states;
}
