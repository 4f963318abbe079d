import { backupBytes } from "../../../components/core/backup/manifest";
import { decideLoss, type Loss } from "../../../components/core/restore/loss";
import { withRepository } from "../../../components/io/backup/lock";
import { readBeside, readPresent, type BesideDatabase } from "../../../components/io/restore/survey";
import { withSession } from "../../../components/io/session";
import { listBackups, type ListData } from "../backup/look";
import type { BackupPlace } from "../backup/place";
import type { Report } from "../report";
import { chooseBackup, lookAt, type WantedBackup } from "./choose";

/** A database that a restore has put aside, or was making. */
export interface KeptDatabase extends BesideDatabase {
  /** Whose name it had, or was to have. */
  readonly of: string;
}

export interface RestoreListData extends ListData {
  /** Null: the server could not be asked. */
  readonly kept: readonly KeptDatabase[] | null;
}

/** What can be restored, and what earlier restores have kept. */
export async function listRestorable(place: BackupPlace): Promise<Report<RestoreListData>> {
  const { data, ...report } = await listBackups(place);
  const kept = await readKept(place).catch(() => null); // backups are told of without the server as well
  return { ...report, command: "restore", data: { ...data, kept } };
}

/** What restores have left beside the declared databases, the newest first. */
export async function readKept({ administrator, databases }: BackupPlace): Promise<KeptDatabase[]> {
  return withSession(await administrator(), { asItself: true, readOnly: true }, async (session) => {
    const kept: KeptDatabase[] = [];
    for (const database of databases) {
      const { beside } = await readBeside(session, database);
      kept.push(...beside.map((one) => ({ ...one, of: database })));
    }
    return kept;
  });
}

/** What a restore into a live database is going to do. */
export interface RestorePlanData {
  readonly action: "plan";
  readonly backup: string;
  readonly database: string;
  readonly takenAt: string;
  readonly bytes: number;
  /** Null: there is no such database now. */
  readonly loss: Loss | null;
  readonly sessions: number;
  /** Bytes. */
  readonly size: number | null;
  readonly passwords: boolean;
}

/** Reads every byte of a backup, and tells what going back to it would take away. It changes nothing on the server. */
export async function planRestore(
  place: BackupPlace,
  wanted: WantedBackup,
  given: AbortSignal,
): Promise<Report<RestorePlanData>> {
  const { repository, stack } = place;
  const found = await chooseBackup(place, wanted);
  return withRepository(repository, `look at ${found.name}`, given, async (signal) => {
    const { backup } = await lookAt(place, found, signal);
    const { name, database, manifest } = backup;
    if (manifest === undefined) throw new Error(`${name} has no manifest`);
    const { snapshot, passwords } = manifest;
    const login = await place.administrator();
    const options = { asItself: true, readOnly: true, applicationName: "pgstead restore" };
    const { isThere } = await withSession(login, options, (session) => readBeside(session, database));
    const present = isThere
      ? await place.progress(
          `counting the rows of ${database}`,
          withSession(login, { ...options, database }, readPresent),
        )
      : undefined;
    const data: RestorePlanData = {
      action: "plan",
      ...{ backup: name, database, takenAt: snapshot.takenAt, bytes: backupBytes(manifest), passwords },
      loss: present === undefined ? null : decideLoss(snapshot, present, Date.now()),
      sessions: present?.sessions ?? 0,
      size: present?.size ?? null,
    };
    return { command: "restore", stack, data, findings: [] };
  });
}
