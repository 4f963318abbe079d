import { expect, test } from "vitest";
import type { PhysicalBackup, PhysicalRepository } from "../../../../components/core/physical/repository";
import type { PitrBackend } from "../../../../components/io/physical/backend";
import { jobsOn } from "../../../../infra/ops/container/jobs/physical";
import { createLog } from "../../../../infra/ops/container/log";
import { systemClock } from "../../../../infra/ops/container/clock";

const full = (label: string, fault?: string): PhysicalBackup => ({
  label,
  kind: "full",
  repository: 1,
  startedAt: 0,
  stoppedAt: 0,
  size: 1_024,
  stored: 512,
  needs: [],
  ...(fault === undefined ? {} : { fault }),
});

/** A repository that holds one backup, and keeps one. */
function fakeBackend(next: PhysicalBackup | undefined, damage: readonly string[] = []) {
  let backups = [full("old")];
  const unused = (): never => {
    throw new Error("nobody asks for this");
  };
  const backend: PitrBackend = {
    prepare: unused,
    check: unused,
    restore: unused,
    readLog: unused,
    back() {
      backups = [...backups, ...(next === undefined ? [] : [next])];
      return Promise.resolve([]);
    },
    expire() {
      backups = backups.slice(-1);
      return Promise.resolve();
    },
    verify: () => Promise.resolve(damage.map((message) => ({ path: "backup old", message, hint: "h" }))),
    read: () =>
      Promise.resolve<PhysicalRepository>({ kind: "there", systemIdentifier: "1", backups, isBusy: false }),
  };
  return { backend, labels: () => backups.map(({ label }) => label) };
}

async function run(name: string, backend: PitrBackend): Promise<string> {
  const lines: string[] = [];
  const job = jobsOn(backend).find((one) => one.name === name);
  const { signal } = new AbortController();
  await job?.run({
    log: createLog((line) => lines.push(line), systemClock),
    signal,
    isStopping: () => false,
  });
  return lines.join("");
}

test("a good backup is told with its size, and what is older than is kept goes", async () => {
  const { backend, labels } = fakeBackend(full("new"));
  const said = await run("physical-full", backend);
  expect(said).toContain("took new: 1.0 kB of the server, 512 bytes in the repository");
  expect(said).toContain("deleted old: older than is kept");
  expect(labels()).toEqual(["new"]);
});

test("a bad backup is a failure, and deletes nothing", async () => {
  const { backend, labels } = fakeBackend(full("new", "pages in it do not match their checksums"));
  await expect(run("physical-full", backend)).rejects.toThrow("not to be counted on: pages in it");
  expect(labels()).toEqual(["old", "new"]);
});

test("a backup that ended well and is not there is a failure, and deletes nothing", async () => {
  const { backend, labels } = fakeBackend(undefined);
  await expect(run("physical-incremental", backend)).rejects.toThrow("is not in the repository");
  expect(labels()).toEqual(["old"]);
});

test("a file that is not as it was written is a failure of the verification", async () => {
  await expect(
    run("physical-verify", fakeBackend(undefined, ["checksum invalid: 1"]).backend),
  ).rejects.toThrow("backup old: checksum invalid: 1");
  expect(await run("physical-verify", fakeBackend(undefined).backend)).toContain("is as it was written");
});
