import { spawn } from "node:child_process";
import { once } from "node:events";
import { appendFile, cp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseManifest, renderManifest, type BackupManifest } from "../../components/core/backup/manifest";
import { manifestFile } from "../../components/core/backup/name";
import { sha256 } from "../../components/io/backup/files";
import { changeState, withCheck, withCopy } from "../../components/io/backup/state";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { backupTestDirectory, projectRoot } from "../../components/io/places";
import { isRunning } from "../../components/io/running-process";
import { eventually } from "../support/eventually";
import { useBackupStack } from "./ops-backup-stack";

const own = useBackupStack();

/** A copy of the backup under a name of its own, with a manifest that was changed. */
async function copied(
  name: string,
  rewritten: (manifest: BackupManifest) => BackupManifest = (manifest) => manifest,
): Promise<void> {
  await cp(join(own.repository, own.backup), join(own.repository, name), { recursive: true });
  const manifest = parseManifest(
    await readFile(join(own.repository, own.backup, manifestFile), "utf8"),
    own.backup,
    sha256,
  );
  const text = renderManifest({ ...rewritten(manifest), name }, sha256);
  await writeFile(join(own.repository, name, manifestFile), text);
}

const good = (name: string): Promise<void> =>
  changeState(own.repository, (state) =>
    withCheck(state, name, { at: new Date().toISOString(), faults: [] }),
  );

describe("is refused with one error, what and hint:", () => {
  const other = "shop_full_20200101_000000";
  async function refusal(...args: readonly string[]): Promise<string> {
    const output = await own.ops("migrate", "test", "--dir", own.directory, "--from-backup", ...args);
    expect(output.exitCode).toBe(2);
    expect(output.stdout).toBe("");
    await rm(join(own.repository, other), { recursive: true, force: true });
    expect(await own.leftovers()).toEqual([]);
    return output.stderr;
  }

  test("a backup that is not there, and one that is only a copy", async () => {
    expect(await refusal(`${own.backup}x`)).toContain(`did you mean ${own.backup}?`);
    const at = new Date().toISOString();
    const known = { sentAt: at, bytes: 1, sha256: "", check: { at, faults: [] } };
    await changeState(own.repository, (state) =>
      withCopy(state, "offsite", () => ({ run: { startedAt: at }, backups: { [other]: known } })),
    );
    const refused = await refusal(other);
    expect(refused).toContain("is not here, only at offsite");
    expect(refused).toContain(`backup fetch ${other}`);
  });

  test("one that nobody verified, one of another stack, of another database, and of a newer version", async () => {
    await copied(other);
    expect(await refusal(other)).toMatch(/nobody has looked at its checksums[^]*backup verify/);
    await copied(other, (manifest) => ({ ...manifest, stack: "prod" }));
    await good(other);
    expect(await refusal(other)).toContain("is of stack prod, and this is dev");
    await copied(other);
    const text = await readFile(join(own.repository, other, manifestFile), "utf8");
    await writeFile(join(own.repository, other, manifestFile), text.replace('"format": 1', '"format": 2'));
    expect(await refusal(other)).toContain("its manifest is in format 2; this pgstead reads format 1");
    await copied(other, (manifest) => ({ ...manifest, tools: { version: "99.1" } }));
    await good(other);
    expect(await refusal(other)).toMatch(/of PostgreSQL 99, .* are not on this machine/);
    const elsewhere = "other_full_20200101_000000";
    await copied(elsewhere, (manifest) => ({ ...manifest, database: "other" }));
    expect(await refusal(elsewhere)).toContain("is of database other, and not of shop");
    await rm(join(own.repository, elsewhere), { recursive: true });
  });

  test("one that is damaged, which the repository remembers", async () => {
    await copied(other);
    await good(other);
    const dump = join(own.repository, other, "dump");
    const [file = ""] = (await readdir(dump)).filter((name) => name.includes(".dat"));
    await appendFile(join(dump, file), "x");
    const output = await own.ops("migrate", "test", "--dir", own.directory, "--from-backup", other);
    expect(output.exitCode).toBe(2);
    expect(output.stderr).toMatch(/is damaged[^]*was written with/);
    expect(
      (await own.ops("migrate", "test", "--dir", own.directory, "--from-backup", other)).stderr,
    ).toContain("is damaged: ");
    await rm(join(own.repository, other), { recursive: true });
    const contradiction = await own.ops(
      ...["migrate", "test", "--dir", own.directory, "--from-backup", "--scratch", "same-server"],
    );
    expect(contradiction.exitCode).toBe(2);
    expect(contradiction.stderr).toContain("contradicts --scratch same-server");
  });
});

test("killed while a migration runs it leaves nothing, and Ctrl-C says so", async () => {
  await own.write("0004-slow.sql", "SELECT pg_sleep(600);", { down: "SELECT 1;" });
  const place = backupTestDirectory(own.repository);
  for (const signal of ["SIGKILL", "SIGTERM"] as const) {
    const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", own.stack.root];
    const args = [...entry, "migrate", "test", "--dir", own.directory, "--from-backup"];
    const child = spawn(process.execPath, args, {
      cwd: projectRoot(),
      env: own.env,
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said += text));
    const data = await eventually("its server runs", async () => {
      const [name] = await readdir(place).catch(() => []);
      return name === undefined ? undefined : readPostmaster(join(place, name, "data"));
    });
    await eventually("the slow one runs", () => (said.includes("0004-slow.sql (up)") ? true : undefined));
    const dead = once(child, "close") as Promise<[number | null]>;
    child.kill(signal);
    const [exitCode] = await dead;
    await eventually("its server has ended", () => (isRunning(data.pid) ? undefined : true));
    await eventually("its data is gone", async () =>
      (await own.leftovers()).length === 0 ? true : undefined,
    );
    if (signal === "SIGKILL") continue;
    expect(exitCode).toBe(130);
    expect(said).toContain("cancelling …");
  }
  await rm(join(own.directory, "0004-slow.sql"));
}, 240_000);
