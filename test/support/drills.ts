import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest, renderManifest, type BackupManifest } from "../../components/core/backup/manifest";
import { manifestFile } from "../../components/core/backup/name";
import { measureFiles, sha256 } from "../../components/io/backup/files";
import { readRepository, type StoredBackup } from "../../components/io/backup/repository";
import { drillLogical, type LogicalDrill, type LogicalDrillResult } from "../../components/io/drill/logical";
import { makeBackupBench, type BackupBench } from "./backups";
import { temporaryDirectory } from "./server";

/** A server with backups, and a place to restore them to. */
export interface DrillBench extends BackupBench {
  readonly home: string;
  /** Drills the newest backup. */
  drill(change?: Partial<LogicalDrill>): Promise<LogicalDrillResult>;
  newest(): Promise<StoredBackup>;
  /** Has the manifest of a backup say what its files hold now. */
  rewriteManifest(
    name: string,
    change?: (manifest: BackupManifest) => BackupManifest,
    repository?: string,
  ): Promise<void>;
}

export async function makeDrillBench(): Promise<DrillBench> {
  const bench = await makeBackupBench();
  const { repository } = bench;
  const home = join(await temporaryDirectory(), "drills");
  const newest = async (where = repository): Promise<StoredBackup> => {
    const [backup] = (await readRepository(where)).backups;
    if (backup === undefined) throw new Error("there is no backup");
    return backup;
  };
  return {
    ...bench,
    home,
    newest,
    drill: async (change = {}) =>
      drillLogical({
        ...{
          repository,
          home,
          backup: await newest(change.repository),
          assertions: [],
          assertionTimeoutMs: 60_000,
        },
        search: { embeddedFirst: true, path: bench.tools },
        progress: (_label, work) => work,
        now: () => Date.now(),
        signal: new AbortController().signal,
        ...change,
      }),
    async rewriteManifest(name, change = (manifest) => manifest, where = repository) {
      const directory = join(where, name);
      const file = join(directory, manifestFile);
      const manifest = parseManifest(await readFile(file, "utf8"), name, sha256);
      const files = await measureFiles(directory, new AbortController().signal);
      await writeFile(file, renderManifest({ ...change(manifest), files }, sha256));
    },
  };
}
