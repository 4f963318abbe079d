import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { renderManifest, type BackupManifest } from "../../components/core/backup/manifest";
import { manifestFile, renderBackupName } from "../../components/core/backup/name";
import type { CopyPlan } from "../../components/core/copies/plan";
import { sha256 } from "../../components/io/backup/files";
import { changeState, withCheck, withRun } from "../../components/io/backup/state";
import type { Synchronisation } from "../../components/io/copies/sync";

/** A repository with backups of any content: what is in them does not matter to copies. */
export interface StoredBench {
  readonly home: string;
  readonly repository: string;
  /** Adds a good backup of database shop. @param bytes of its largest file */
  add(takenAt: string, bytes?: number): Promise<BackupManifest>;
  /** All that a run is given. */
  work(plan: CopyPlan, change?: Partial<Synchronisation> & { readonly secret?: string }): Synchronisation;
  remove(): Promise<void>;
}

export const neverStops = new AbortController().signal;

export async function makeStoredBench(): Promise<StoredBench> {
  const home = await mkdtemp(join(tmpdir(), "pgstead-copies-"));
  const repository = join(home, "repository");
  await mkdir(repository);
  return {
    home,
    repository,
    async add(takenAt, bytes = 3_000) {
      const at = Date.parse(takenAt);
      const name = renderBackupName({ database: "shop", kind: "full", takenAt: at });
      const contents = {
        "dump/1.dat": randomBytes(bytes),
        "dump/toc.dat": Buffer.from("customers, a table\n"),
        "globals.sql": Buffer.from("CREATE ROLE shop_owner; -- a role\n"),
        "nothing.sql": Buffer.alloc(0),
      };
      const files = Object.entries(contents).map(([path, content]) => ({
        ...{ path, bytes: content.length },
        sha256: createHash("sha256").update(content).digest("hex"),
      }));
      const manifest = describe(name, takenAt, files);
      const all = { ...contents, [manifestFile]: Buffer.from(renderManifest(manifest, sha256)) };
      for (const [path, content] of Object.entries(all)) {
        const file = join(repository, name, path);
        await mkdir(dirname(file), { recursive: true });
        await writeFile(file, content);
      }
      const run = { startedAt: takenAt, endedAt: takenAt, outcome: "success", backup: name } as const;
      await changeState(repository, (state) =>
        withRun(withCheck(state, name, { at: takenAt, faults: [] }), "shop", run),
      );
      return manifest;
    },
    work: (plan, { secret = "", ...change } = {}) => ({
      ...{ repository, recipients: [], stack: "dev", version: "0.0.0" },
      copy: { plan, secretAccessKey: () => Promise.resolve(secret) },
      keep: { days: 30, weekly: 0, monthly: 0 },
      now: () => Date.parse("2026-11-22T12:00:00Z"),
      signal: neverStops,
      progress: (_label, doing) => doing,
      ...change,
    }),
    remove: () => rm(home, { recursive: true, force: true }),
  };
}

function describe(name: string, takenAt: string, files: BackupManifest["files"]): BackupManifest {
  const locale = { provider: "libc", collate: "C", ctype: "C", name: null };
  return {
    ...{ name, kind: "full", database: "shop", dumpFormat: "plain", version: "0.0.0", stack: "dev" },
    ...{
      startedAt: takenAt,
      endedAt: takenAt,
      tools: { version: "17.10" },
      passwords: true,
      warnings: [],
      files,
    },
    snapshot: {
      ...{ takenAt, serverVersion: "17.10", systemIdentifier: null, lsn: null, role: "postgres" },
      ...{ encoding: "UTF8", locale, extensions: [], migrationHead: null, roles: [], tables: [] },
    },
  };
}
