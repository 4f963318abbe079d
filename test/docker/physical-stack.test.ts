import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { backRestCommand, containerPlaces } from "../../components/core/physical/configuration";
import { goodBackups, parseInfo, type PhysicalBackup } from "../../components/core/physical/repository";
import type { RecoveryData } from "../../infra/ops/recovery/read-recovery";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";

let under: DockerStackUnderTest;
let first: string;

beforeAll(async () => {
  under = await makeDockerStack([[["pgstead:backup"], { physical: { keepFull: 1 } }]]);
  first = (await under.up()).text;
}, 900_000);

afterAll(() => under.remove(), 300_000);

const program = backRestCommand(containerPlaces.configuration);

async function backups(): Promise<readonly PhysicalBackup[]> {
  return goodBackups(parseInfo(await under.exec("ops", [...program, "info", "--output=json"])));
}

async function sql(text: string): Promise<Record<string, unknown> | undefined> {
  const session = await under.connect();
  try {
    const [row] = await session.query<Record<string, unknown>>(text);
    return row;
  } finally {
    await session.close();
  }
}

function job(name: string): Promise<string> {
  return under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", name]);
}

describe("a stack with physical backups", () => {
  test("says what it will do, and has a full backup after its first up", async () => {
    expect(first).toMatch(/prepare the repository of physical backups {2}--/);
    expect(first).toMatch(/ALTER SYSTEM SET "?archive_mode"? = 'on'/);
    expect(first).toMatch(/take the first full backup {2}--/);
    expect((await backups()).map(({ kind }) => kind)).toEqual(["full"]);
    expect(await sql("SHOW archive_mode")).toEqual({ archive_mode: "on" });
    expect(await sql("SHOW archive_timeout")).toEqual({ archive_timeout: "1min" });
  });

  test("a second up changes nothing, and says nothing of the settings that archiving keeps", async () => {
    const second = await under.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
    expect(second.text).not.toContain("archive_");
    await under.pulumi(["preview", "--expect-no-changes"]);
  });

  test("shows archiving that somebody changed, and mends it without a restart", async () => {
    await sql("ALTER SYSTEM SET archive_timeout = '1h'");
    await sql("SELECT pg_reload_conf()");
    const preview = await under.pulumi(["preview"]);
    expect(preview.text).toMatch(
      /ALTER SYSTEM SET "?archive_timeout"? = '60s'.*postgresql\.auto\.conf has 1h/,
    );
    expect(preview.text).not.toContain("restart the server");
    await under.up();
    expect(await sql("SHOW archive_timeout")).toEqual({ archive_timeout: "1min" });
  });

  test("takes the others in the ops container, and looks at every file of them", async () => {
    await sql("CREATE TABLE public.rows AS SELECT generate_series(1, 1000) AS id");
    expect(await job("physical-incremental")).toMatch(/took \d{8}-\d{6}F_\d{8}-\d{6}I: /);
    expect(await job("physical-verify")).toContain("every file of the repository is as it was written");
    expect(await job("physical-full")).toMatch(/took \d{8}-\d{6}F: /);
    // One full backup is kept: what was built on the first one went with it.
    expect((await backups()).map(({ kind }) => kind)).toEqual(["full"]);
  });

  test("a job finds the repository locked by the server's container, and fails with what to do", async () => {
    await sql(
      "CREATE TABLE public.large AS SELECT repeat(md5(g::text), 40) FROM generate_series(1, 200000) g",
    );
    const busy = under.exec("server", [...program, "backup", "--type=full"]);
    const isHeld = async (): Promise<true | undefined> => {
      const repository = parseInfo(await under.exec("ops", [...program, "info", "--output=json"]));
      return repository.kind === "there" && repository.isBusy ? true : undefined;
    };
    await eventually("a backup is under way", isHeld);
    await expect(job("physical-incremental")).rejects.toThrow("another run has the repository's lock");
    await busy;
  });

  test("shows what can be restored, on the operator's machine and in the ops container", async () => {
    const { stdout } = await under.ops(["recovery", "--json"]);
    const { data } = JSON.parse(stdout) as { data: RecoveryData };
    expect(data.backups.map(({ kind }) => kind)).toEqual(["full"]);
    expect(Date.parse(data.window?.newest ?? "")).toBeGreaterThanOrEqual(
      Date.parse(data.window?.oldest ?? ""),
    );
    const status = await under.ops(["backup", "status"]);
    expect(status.text).toMatch(/physical: 1 backup, from 20\d\d-.*; next full one 20\d\d-/);
    const shown = await under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "recovery"]);
    expect(shown).toMatch(/any moment from 20\d\d-.* to 20\d\d-.* can be restored/);
  });

  test("measures the log that waits, so that an alert comes before the disk is full", async () => {
    const metrics = (): Promise<string> =>
      under.exec("ops", [
        "node",
        "-e",
        "fetch('http://127.0.0.1:9188/metrics').then(async (a) => console.log(await a.text()))",
      ]);
    expect(await metrics()).toMatch(/^pgstead_wal_bytes [1-9]/m);
    expect(await metrics()).toMatch(
      /^pgstead_physical_backup_newest_timestamp_seconds\{repository="1"\} [1-9]/m,
    );
    expect(await metrics()).toMatch(/^pgstead_job_interval_seconds\{job_name="physical-full"\} 604800$/m);
    const files = "/var/lib/pgbackrest/archive/pgstead/17-1/0000000100000000";
    await under.exec("server", ["chmod", "0500", files]);
    await sql("CREATE TABLE public.more (id int)");
    await sql("SELECT pg_switch_wal()");
    const waits = /^pgstead_wal_waiting_files [1-9]/m;
    await eventually("the log waits", async () => waits.test(await metrics()) || undefined);
    expect(await metrics()).toMatch(/^pgstead_wal_waiting_seconds \d/m);
    const failed =
      "SELECT failed_count > 0 AND last_failed_time > last_archived_time AS failed FROM pg_stat_archiver";
    await eventually("the server has noticed", async () => (await sql(failed))?.failed === true || undefined);
    expect((await under.pulumi(["preview"])).text).toContain("the log does not arrive in the repository");
    const { text } = await under.ops(["recovery"], { exitCode: 1 });
    expect(text).toContain("the log: does not arrive in the repository");
    await under.exec("server", ["chmod", "0750", files]);
  });

  test("refuses a repository that cannot be read, in the preview already", async () => {
    await under.exec("server", ["mv", "/var/lib/pgbackrest/archive", "/var/lib/pgbackrest/away"]);
    await expect(under.pulumi(["preview"])).rejects.toThrow(
      /the repository of physical backups: cannot be read: .*archive\.info/,
    );
    await under.exec("server", ["mv", "/var/lib/pgbackrest/away", "/var/lib/pgbackrest/archive"]);
  });

  test("has the passphrase in a file of the server's account and in the stack's secret outputs alone", async () => {
    const { repositoryPassphrase } = await under.outputs<{ repositoryPassphrase: string }>();
    const place = `${containerPlaces.configuration}/pgbackrest-passphrase.conf`;
    expect(await under.exec("server", ["cat", place])).toContain(repositoryPassphrase);
    expect(await under.exec("server", ["stat", "-c", "%a %u", place])).toBe("400 999\n");
    for (const kind of ["server", "ops"]) {
      const shown = await under.exec(kind, [
        "sh",
        "-c",
        "cat /proc/[0-9]*/cmdline /proc/[0-9]*/environ 2>/dev/null | tr '\\0' ' '",
      ]);
      expect(shown).not.toContain(repositoryPassphrase);
    }
    expect(first).not.toContain(repositoryPassphrase);
    expect(await under.exec("ops", ["cat", "/etc/pgstead/ops/context.json"])).not.toContain(
      repositoryPassphrase,
    );
  });

  test("ends archiving, and keeps no log that nobody takes, when it is not declared any more", async () => {
    await under.configure(["pgstead:protect"], false);
    await under.up();
    await under.configure(["pgstead:backup"], {});
    await under.up();
    expect(await sql("SHOW archive_command")).toEqual({ archive_command: "/bin/true" });
    await under.pulumi(["preview", "--expect-no-changes"]);
  });
});
