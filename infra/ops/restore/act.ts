import { problemError } from "../../../components/core/problem";
import { besideName } from "../../../components/core/restore/names";
import { withRepository } from "../../../components/io/backup/lock";
import { assertOwnRepository, removeLeftovers } from "../../../components/io/backup/repository";
import { dropDatabase } from "../../../components/io/restore/drop-database";
import { restoreInto, type RestoredInto } from "../../../components/io/restore/into";
import { restoreLive, withRestoreLock, type RestoredLive } from "../../../components/io/restore/live";
import { swapDatabases } from "../../../components/io/restore/swap";
import { withSession } from "../../../components/io/session";
import type { BackupPlace } from "../backup/place";
import { stackName } from "../backup/place";
import type { Report } from "../report";
import { chooseBackup, lookAt, sourceOf, type WantedBackup } from "./choose";
import { readKept, type KeptDatabase } from "./look";

export interface RestoredData extends RestoredLive {
  readonly action: "restored";
  readonly backup: string;
  readonly seconds: number;
}

/** Restores a backup in the place of its database, which somebody has named. */
export async function restore(
  place: BackupPlace,
  wanted: WantedBackup & { readonly confirm: string },
  given: AbortSignal,
): Promise<Report<RestoredData>> {
  const { repository, stack, version, plan, readRoom, progress, write } = place;
  const found = await chooseBackup(place, wanted);
  if (wanted.confirm !== found.database) {
    throw problemError(
      "--confirm",
      `${wanted.confirm} is not the database that would be replaced; nothing was done`,
      `${found.name} is of ${found.database}: say --confirm with its name if that is what you want`,
    );
  }
  return withRepository(repository, `restore of ${found.name}`, given, async (signal) => {
    await assertOwnRepository(repository, stackName(stack));
    await removeLeftovers(repository);
    const started = Date.now();
    const restored = await restoreLive({
      ...(await lookAt(place, found, signal)),
      ...{
        repository,
        source: sourceOf(place),
        readRoom,
        progress,
        signal,
        say: write,
        now: () => Date.now(),
      },
      login: await place.administrator(),
      present: { login: await place.login(found.database), stack: stackName(stack), version, plan },
    });
    const data = { ...restored, action: "restored", backup: found.name, seconds: since(started) } as const;
    return { command: "restore", stack, data, findings: [] };
  });
}

const since = (started: number): number => (Date.now() - started) / 1_000;

export interface IntoData extends RestoredInto {
  readonly action: "into";
  readonly backup: string;
  readonly database: string;
  readonly seconds: number;
}

/** Restores a backup under a name that no database has. */
export async function restoreBeside(
  place: BackupPlace,
  wanted: WantedBackup & { readonly into: string },
  given: AbortSignal,
): Promise<Report<IntoData>> {
  const { repository, stack } = place;
  const found = await chooseBackup(place, wanted);
  return withRepository(repository, `restore of ${found.name}`, given, async (signal) => {
    const started = Date.now();
    const login = await place.administrator();
    const looked = await lookAt(place, found, signal);
    const work = restoreInto({
      repository: sourceOf(place),
      ...looked,
      login,
      database: wanted.into,
      signal,
    });
    const restored = await place.progress(`restoring ${found.name} into ${wanted.into}`, work);
    const what = { backup: found.name, database: wanted.into, seconds: since(started) };
    const data = { action: "into", ...what, ...restored } as const;
    return { command: "restore", stack, data, findings: [] };
  });
}

export interface KeptData {
  readonly action: "undone" | "dropped";
  readonly database: string;
  /** `undone`: the one that has its name back; `dropped`: those that went. */
  readonly names: readonly string[];
  /** `undone`: what the one is called that had the name. */
  readonly kept: string | null;
}

/**
 * The database that `--undo` and `--drop-old` are of, and what was kept of it, the newest first.
 *
 * @throws ProblemError where there is none, or several
 */
export function keptOf(
  all: readonly KeptDatabase[],
  wanted: string | undefined,
): { readonly database: string; readonly names: readonly string[] } {
  const kept = all.filter(({ kind, isOpen, of }) => kind === "before" && !isOpen && (wanted ?? of) === of);
  const of = [...new Set(kept.map((one) => one.of))];
  const [database] = of;
  if (database === undefined) {
    const hint = "`restore --list` says what there is";
    throw problemError("restore", "no database is kept from before a restore", hint);
  }
  if (of.length > 1) throw problemError("--database", "several have one kept", `say which: ${of.join(", ")}`);
  return { database, names: kept.map(({ name }) => name) };
}

/** Gives the newest database that was kept its name back. */
export async function undoRestore(
  place: BackupPlace,
  wanted: { readonly database?: string | undefined; readonly confirm: string },
  signal: AbortSignal,
): Promise<Report<KeptData>> {
  const { stack, write } = place;
  const { database, names } = keptOf(await readKept(place), wanted.database);
  assertNamed(database, wanted.confirm);
  const [newest = ""] = names;
  const login = await place.administrator();
  const kept = besideName(database, "before", Date.now());
  await withSession(login, { asItself: true }, (session) =>
    withRestoreLock(session, { signal, say: write }, () =>
      swapDatabases({ login, database, beside: newest, kept, connectionLimit: undefined, signal }),
    ),
  );
  const data = { action: "undone", database, names: [newest], kept } as const;
  return { command: "restore", stack, data, findings: [] };
}

/** Removes the databases that were kept. */
export async function dropOld(
  place: BackupPlace,
  wanted: { readonly database?: string | undefined; readonly confirm: string },
  signal: AbortSignal,
): Promise<Report<KeptData>> {
  const { database, names } = keptOf(await readKept(place), wanted.database);
  assertNamed(database, wanted.confirm);
  const login = await place.administrator();
  await withSession(login, { asItself: true }, (session) =>
    withRestoreLock(session, { signal, say: place.write }, async () => {
      for (const name of names) await dropDatabase(session, login, name);
    }),
  );
  const data = { action: "dropped", database, names, kept: null } as const;
  return { command: "restore", stack: place.stack, data, findings: [] };
}

function assertNamed(database: string, confirm: string): void {
  if (confirm === database) return;
  const message = `${confirm} is not the database that is meant; nothing was done`;
  throw problemError(
    "--confirm",
    message,
    `it is ${database}: say --confirm with its name if that is what you want`,
  );
}
