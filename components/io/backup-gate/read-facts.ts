import type { GateBackup, GateDrill, GateFacts, GateKind } from "../../core/backup-gate/facts";
import type { PhysicalRepository } from "../../core/physical/repository";
import { readRepository, type Repository, type StoredBackup } from "../backup/repository";
import { drillKey, type BackupDrill } from "../backup/state";

const damaged = "the last look at the files of its repository found damage, or did not come to its end";

/** What a repository knows of the logical backups of a database, and of their drills. Changes nothing. */
export async function readGateFacts(directory: string, database: string): Promise<GateFacts> {
  try {
    return factsOf(await readRepository(directory), database);
  } catch (error) {
    return { backups: [], drills: [], unread: (error as Error).message };
  }
}

/** The same of a repository that was read. */
export function factsOf({ backups, state }: Repository, database: string): GateFacts {
  const drills = (["logical", "physical"] as const).flatMap((kind) => {
    const drill = state.drills[drillKey(kind, database)];
    return drill === undefined ? [] : [describeDrill(kind, drill)];
  });
  return {
    backups: backups.filter((backup) => backup.database === database).map(describe),
    drills,
  };
}

/**
 * Adds the physical backups of the server, which every database is in.
 *
 * @param isDamaged true where the last look at all files of the repository found some that are not what was written
 */
export function withPhysical(
  facts: GateFacts,
  repository: PhysicalRepository,
  isDamaged: boolean,
): GateFacts {
  if (repository.kind === "absent") return facts;
  const { systemIdentifier } = repository;
  const physical = repository.backups.map(({ label, stoppedAt, fault }): GateBackup => ({
    kind: "physical",
    name: label,
    takenAt: new Date(stoppedAt).toISOString(),
    // Every page is compared while it is written; a look that failed since then counts against all.
    checkedAt: new Date(stoppedAt).toISOString(),
    faults: [...(fault === undefined ? [] : [fault]), ...(isDamaged ? [damaged] : [])],
    systemIdentifier,
  }));
  const backups = [...facts.backups, ...physical].toSorted((one, other) =>
    one.takenAt < other.takenAt ? 1 : -1,
  );
  return { ...facts, backups };
}

function describe({ name, takenAt, manifest, fault, check }: StoredBackup): GateBackup {
  return {
    kind: "logical",
    name,
    takenAt: manifest?.snapshot.takenAt ?? new Date(takenAt).toISOString(),
    checkedAt: check?.at ?? null,
    faults: fault === undefined ? (check?.faults ?? []) : [fault],
    systemIdentifier: manifest?.snapshot.systemIdentifier ?? null,
  };
}

function describeDrill(kind: GateKind, { backup, endedAt, faults }: BackupDrill): GateDrill {
  return { kind, backup, at: endedAt, faults };
}
