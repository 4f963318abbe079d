import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { backupFormats, usualBackups, type BackupFormat } from "../../components/core/backup/plan";
import { listFiles } from "../../components/io/backup/files";
import { readRepository } from "../../components/io/backup/repository";
import { verifyBackup } from "../../components/io/backup/verify";
import { makeBackupBench, type BackupBench } from "../support/backups";
import { corruptions, whileCorrupt } from "../support/corruption";
import { sampleOf } from "../support/samples";

let bench: BackupBench;
const backups = new Map<BackupFormat, { readonly name: string; readonly paths: readonly string[] }>();
beforeAll(async () => {
  bench = await makeBackupBench();
  for (const format of backupFormats) {
    const { name } = await bench.take({ plan: { ...usualBackups, format } });
    const paths = (await listFiles(join(bench.repository, name))).map(({ path }) => path);
    backups.set(format, { name, paths: ["manifest.json", ...paths] });
  }
});
afterAll(() => bench.remove());

const signal = new AbortController().signal;

/** What a look at a backup finds; one whose name is gone is no backup any more. */
async function faultsOf(name: string): Promise<readonly string[]> {
  const stored = (await readRepository(bench.repository)).backups.find((backup) => backup.name === name);
  return stored === undefined ? ["it is gone"] : verifyBackup(bench.repository, stored, { signal });
}

test("whatever happens to any file of a backup of either format, a look at it finds it", async () => {
  const cases = fc.record({ format: fc.constantFrom(...backupFormats), corruption: corruptions });
  let found = 0;
  await fc.assert(
    fc.asyncProperty(cases, async ({ format, corruption }) => {
      const { name, paths } = backups.get(format) ?? { name: "", paths: [] };
      const look = (): Promise<readonly string[]> => faultsOf(name);
      const faults = await whileCorrupt(join(bench.repository, name), paths, corruption, look);
      fc.pre(faults !== undefined); // it changed nothing: another one is drawn
      expect(faults).not.toEqual([]);
      found += 1;
    }),
    sampleOf("corruptions of backups", 200, 1_000),
  );
  expect(found).toBeGreaterThanOrEqual(200);
  for (const { name } of backups.values()) expect(await faultsOf(name)).toEqual([]);
}, 300_000);
