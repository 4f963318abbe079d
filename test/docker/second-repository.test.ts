import { copyFile, readdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { RecoveryData } from "../../infra/ops/recovery/read-recovery";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { startStorageContainer, type StorageContainer } from "../support/storage-container";

let under: DockerStackUnderTest;
let storage: StorageContainer;

const database = "promptforge";
const second = ["pgstead:backup", "physical", "second"] as const;
// What sends the log may put a file into a directory that is just being removed.
const empty = "until rm -rf /var/lib/pgbackrest/archive /var/lib/pgbackrest/backup; do :; done";
const secrets = "/etc/pgstead/server/pgbackrest-second.conf";

beforeAll(async () => {
  under = await makeDockerStack([
    [
      ["pgstead:backup"],
      { logical: {}, physical: { keepFull: 1, archiveTimeout: "10s" }, encryption: "none" },
    ],
  ]);
  await under.up();
  storage = await startStorageContainer(under);
  await copyFile(storage.ca, join(under.checkout.directory, "storage-ca.crt"));
  await copyFile(storage.otherCa, join(under.checkout.directory, "other-ca.crt"));
}, 900_000);

afterAll(async () => {
  await storage.remove();
  await under.remove();
}, 300_000);

async function sql(text: string): Promise<string> {
  const login = ["--host=/var/run/postgresql", "--username=postgres", `--dbname=${database}`, "-XAtq"];
  return (await under.exec("server", ["psql", "-v", "ON_ERROR_STOP=1", ...login, "-c", text])).trim();
}

function job(name: string): Promise<string> {
  return under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", name]);
}

function keep(name: string, value: string): Promise<unknown> {
  const path = `pgstead:repositorySecrets.${name}`;
  return under.pulumi(["config", "set", "--secret", "--path", path], { input: value });
}

async function recovery(exitCode: 0 | 1 = 0): Promise<RecoveryData> {
  const { stdout } = await under.ops(["recovery", "--json"], { exitCode });
  return (JSON.parse(stdout) as { data: RecoveryData }).data;
}

const s3 = (change: object = {}): object => ({
  bucket: "shop-repository",
  prefix: "prod",
  endpoint: storage.endpoint,
  accessKeyId: storage.accessKeyId,
  ca: "storage-ca.crt",
  ...change,
});

describe("a second repository in object storage", () => {
  test("is previewed, and gets its first full backup from the next up, without a restart", async () => {
    await under.exec("storage", ["mkdir", "/storage/buckets/shop-repository"]);
    await keep("secretAccessKey", storage.secretAccessKey);
    await under.configure(second, { s3: s3() });
    const preview = await under.pulumi(["preview"]);
    expect(preview.text).toContain("take the first full backup into the second repository");
    expect(preview.text).not.toContain("restart the server");
    const started = await sql("SELECT pg_postmaster_start_time()");
    await under.up();
    expect(await sql("SELECT pg_postmaster_start_time()")).toBe(started);
    const { repositories, backups } = await recovery();
    expect(backups.map(({ repository, kind }) => [repository, kind])).toEqual([
      [1, "full"],
      [2, "full"],
    ]);
    expect(repositories.map(({ unread }) => unread)).toEqual([null, null]);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("has its secrets in a file of the server's account alone, and nowhere in clear", async () => {
    expect((await under.exec("server", ["stat", "-c", "%a %u", secrets])).trim()).toBe("400 999");
    const { repositoryPassphrase2: word } = await under.outputs<{ repositoryPassphrase2: string }>();
    expect(word).toMatch(/^\w{32}$/);
    const state = (await under.pulumi(["stack", "export"])).text;
    const shown = JSON.stringify(await under.docker.getContainer(`${under.name}-server`).inspect());
    for (const secret of [word, storage.secretAccessKey]) {
      expect(await under.exec("server", ["cat", secrets])).toContain(secret);
      expect(state).not.toContain(secret);
      expect(shown).not.toContain(secret);
    }
  });

  test("gets backups of its own, which are verified and drilled from there", async () => {
    await sql("CREATE TABLE public.kept AS SELECT generate_series(1, 100) AS id");
    expect(await job("physical-incremental-2")).toMatch(/took \d{8}-\d{6}F_\d{8}-\d{6}I: /);
    expect(await job("physical-verify-2")).toContain("every file of the second repository is as it was");
    const { stdout } = await under.ops(["backup", "drill", "--kind", "physical-2", "--json"]);
    expect(stdout).toContain('"kind": "physical-2"');
  });

  test("holds nothing up that goes to the first one while its service is gone, and gets what it lacks later", async () => {
    await storage.stop();
    const before = await sql("SELECT pg_walfile_name(pg_current_wal_lsn())");
    await sql("CREATE TABLE public.meanwhile AS SELECT 1 AS id");
    await sql("SELECT pg_switch_wal()");
    const arrived = `ls -R /var/lib/pgbackrest/archive | grep -q ${before}`;
    await eventually(
      "the first repository has it",
      () =>
        under.exec("ops", ["sh", "-c", arrived]).then(
          () => true as const,
          () => undefined,
        ),
      300_000,
    );
    const { repositories } = await recovery(1);
    expect(repositories[1]?.unread).toContain("the service does not answer");
    const failed =
      "SELECT last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver";
    await eventually("the archiver tells", async () => (await sql(failed)) === "t" || undefined, 300_000);
    await storage.start();
    await eventually(
      "nothing waits any more",
      async () => ((await sql(failed.replace(">", "<"))) === "t" ? true : undefined),
      300_000,
    );
  });

  test("is not opened with another passphrase: that is refused before anything changes", async () => {
    await keep("passphrase", "another-one");
    const { text } = await under.pulumi(["preview"], { exitCode: "any" });
    expect(text).toContain("begin another repository");
    await under.pulumi(["config", "rm", "--path", "pgstead:repositorySecrets.passphrase"]);
  });

  test("says of wrong credentials, a bucket that is gone and another authority what it is", async () => {
    await rename(join(storage.directory, "shop-repository"), join(storage.directory, "away-for-now"));
    expect((await recovery(1)).repositories[1]?.unread).toContain("there is no such bucket");
    await rename(join(storage.directory, "away-for-now"), join(storage.directory, "shop-repository"));
    await under.configure([...second, "s3"], s3({ ca: "other-ca.crt" }));
    await under.up();
    expect((await recovery(1)).repositories[1]?.unread).toContain("the certificate of the service is not");
    await under.configure([...second, "s3"], s3());
    await keep("secretAccessKey", "not-the-secret");
    await under.up();
    expect((await recovery(1)).repositories[1]?.unread).toContain("the credentials are refused");
    await keep("secretAccessKey", storage.secretAccessKey);
    await under.up();
    // The server tries again what it could not send, once a minute.
    const sent = "SELECT last_failed_time < last_archived_time FROM pg_stat_archiver";
    await eventually("the log arrives", async () => (await sql(sent)) === "t" || undefined, 300_000);
    expect((await recovery()).repositories[1]?.unread).toBeNull();
  });

  test("logical copies go to the same service from the ops container, and are told where they cannot", async () => {
    await under.exec("storage", ["mkdir", "/storage/buckets/shop-copies"]);
    const copies = (value: string): Promise<unknown> =>
      under.pulumi(["config", "set", "--secret", "--path", "pgstead:copySecrets.offsite"], { input: value });
    await copies("not-the-secret");
    await under.configure(
      ["pgstead:backup", "copies"],
      [{ name: "offsite", s3: s3({ bucket: "shop-copies" }) }],
    );
    await under.up();
    const refused = await under.ops(["backup"], { exitCode: 1 });
    expect(refused.text).toContain("the credentials are refused");
    expect(refused.text).not.toContain("not-the-secret");
    await copies(storage.secretAccessKey);
    await under.up();
    await under.ops(["backup"]);
    await under.ops(["backup", "verify"]);
    expect((await readdir(join(storage.directory, "shop-copies", "prod"))).length).toBeGreaterThan(0);
  });

  test("restores the server where the volume of the first one is lost, and up makes that anew", async () => {
    await sql("SELECT pg_switch_wal()");
    await under.exec("ops", ["sh", "-c", empty]);
    const lost = await under.ops(["restore", "--to", "latest", "--confirm", database], { exitCode: 2 });
    expect(lost.text).toContain("--repo 2");
    await sql("DELETE FROM public.kept");
    const args = ["restore", "--to", "latest", "--repo", "2", "--confirm", database, "--json"];
    const { stdout } = await under.ops(args, { exitCode: "any" });
    expect(JSON.parse(stdout)).toMatchObject({ data: { inUse: true } });
    expect(await sql("SELECT count(*) FROM public.meanwhile")).toBe("1");
    // A run that was sending the log when the volume was emptied may have left a file.
    await under.exec("ops", ["sh", "-c", empty]);
    await under.up();
    expect((await recovery()).backups.map(({ repository }) => repository)).toContain(1);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });
});
