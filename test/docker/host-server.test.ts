import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionTarget } from "../../components/core/connection";
import type { Statement } from "../../components/core/statement";
import { planSettings } from "../../components/core/settings/plan";
import { newServerSettings } from "../../components/core/settings/catalog";
import type { HostControlPlace } from "../../components/io/control";
import {
  findHalfDone,
  hostControl,
  provenCluster,
  readHostFacts,
} from "../../components/io/host/server-control";
import { closeHosts } from "../../components/io/host/shell";
import { withSession } from "../../components/io/session";
import { applySettings } from "../../components/io/settings-apply";
import { provenFile } from "../../components/io/settings-proof";
import { closeRelays, openRelaysHere } from "../../components/io/ssh/reach";
import { makeDebianHost, type DebianHost } from "../support/debian-host";
import { eventually } from "../support/eventually";
import { changedFiles, type Checksums } from "../support/host-checksums";

describe.each(["bookworm", "trixie"] as const)("a server on a host of Debian %s", (release) => {
  let host: DebianHost;
  let before: Checksums;
  let target: ConnectionTarget;
  let place: HostControlPlace;

  beforeAll(async () => {
    openRelaysHere();
    host = await makeDebianHost({ release });
    // Somebody has set something up, in a file that ALTER SYSTEM would write anew.
    await host.exec(
      `printf "# by hand\\nwork_mem = '5MB'   # of the shop\\n" >> ${host.dataDirectory}/postgresql.auto.conf`,
    );
    await host.sql("SELECT pg_reload_conf()");
    before = await host.checksums();
    target = { host: "localhost", port: 5432, user: "postgres", password: host.password, ssh: host.ssh };
    place = { kind: "host", host: host.place, port: 5432 };
  });

  afterAll(async () => {
    await closeRelays();
    await closeHosts();
    await host.stop();
  });

  const show = async (name: string): Promise<string> => (await host.sql(`SHOW ${name}`)).trim();
  const startTime = (): Promise<string> => host.sql("SELECT pg_postmaster_start_time()");
  const changed = async (): Promise<string[]> => changedFiles(before, await host.checksums());

  /** Past every check, as where the server knows more than they do. */
  async function apply(settings: Readonly<Record<string, string>>, more: readonly Statement[] = []) {
    const desired = { settings, reasons: {}, restart: "allow", canRestart: true, made: "embedded" } as const;
    const { statements } = planSettings(desired, newServerSettings([]));
    await applySettings([...more, ...statements], {
      open: (use) => withSession(target, {}, use),
      control: await hostControl(place),
    });
  }

  test.each([
    ["a level of WAL that others forbid", { wal_level: "minimal" }, /max_wal_senders.* requires "?wal_level/],
    ["a library that is not there", { shared_preload_libraries: "nolib" }, /could not access file "nolib"/],
    [
      "more memory than there is",
      { shared_buffers: "4TB" },
      /could not (?:map anonymous|create) shared memory/,
    ],
    [
      "a file that is not there",
      { hba_file: "/nowhere" },
      /could not open (?:configuration )?file "\/nowhere"/,
    ],
  ])("has its settings put back where it does not start with %s", async (_what, bad, said) => {
    const failure = await apply(bad as Record<string, string>).then(
      () => "no error",
      (error: unknown) => (error as Error).message,
    );
    expect(failure).toMatch(said);
    expect(failure).toContain("The settings before were put back, and the server runs again with them");
    // ALTER SYSTEM has written the file anew: what was there before is, to the byte.
    expect(await changed()).toEqual([]);
    expect(await host.sql("SELECT 1")).toBe("1\n");
  });

  test("has a setting that its library does not have put back", async () => {
    const misspelt = { "pg_stat_statements.maxx": "5000", shared_preload_libraries: "pg_stat_statements" };
    // Until version 17 the server refuses a setting of a library that is not loaded.
    await expect(apply(misspelt)).rejects.toThrow(
      host.major < 17
        ? /unrecognized configuration parameter "pg_stat_statements.maxx".*no setting was changed/
        : /the server does not take pg_stat_statements.maxx = '5000'.*runs again with them/,
    );
    expect(await changed()).toEqual([]);
  });

  test("has a list that is stored as one quoted name put back", async () => {
    const sql = "ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements, auto_explain'";
    const quoted: Statement = { sql, reason: "of a test", risk: "none", kind: "setting" };
    await expect(apply({ max_connections: "90" }, [quoted])).rejects.toThrow(
      'could not access file "pg_stat_statements, auto_explain"',
    );
    expect(await changed()).toEqual([]);
    expect(await show("max_connections")).toBe("100");
  });

  test("comes back by itself where SSH is lost in the middle of a restart", async () => {
    const started = await startTime();
    const running = apply({ max_connections: "80" }).then(
      () => "no error",
      (error: unknown) => (error as Error).message,
    );
    await eventually("the server is going down", async () =>
      (await host.tryExec("pg_isready -q")).exitCode === 0 ? undefined : true,
    );
    await host.exec("pkill -KILL -u deploy sshd");
    expect(await running).toMatch(/the connection was lost while a command ran/);
    await closeRelays();
    await eventually("the server is back", async () =>
      (await host.tryExec("pg_isready -q")).exitCode === 0 ? true : undefined,
    );
    expect(await startTime()).not.toBe(started);
    expect(await show("max_connections")).toBe("80");
    // The next run finds what the one before could not remove any more, and all that it declares.
    const control = await hostControl(place);
    expect(await control.readFile(provenFile)).toContain("work_mem = '5MB'   # of the shop");
    await host.exec(
      `cd ${host.dataDirectory} && runuser -u postgres -- mv ${provenFile} postgresql.auto.conf`,
    );
    await control.restart?.();
    expect(await changed()).toEqual([]);
  });

  test("starts with the settings of before where the host was rebooted in the middle", async () => {
    const control = await hostControl(place);
    await control.writeFile(provenFile, (await control.readFile("postgresql.auto.conf")) ?? "");
    await host.sql("ALTER SYSTEM SET wal_level = 'minimal'");
    expect(await findHalfDone(place)).toBeUndefined();
    await host.cutPower();
    await host.boot({ server: false });
    await closeHosts();
    await closeRelays();
    await expect(hostControl(place).then((again) => again.start())).rejects.toThrow(/wal_level|WAL/);
    const found = await findHalfDone(place);
    expect(found?.cluster).toBe(`${host.major}/main`);
    await found?.settle();
    expect(await host.sql("SELECT 1")).toBe("1\n");
    expect(await findHalfDone(place)).toBeUndefined();
    expect(await changed()).toEqual([]);
  });

  test("is proven to be the server of the sessions, and another one is refused", async () => {
    const found = await withSession(target, {}, (session) => provenCluster(place, session));
    expect(found).toMatchObject({ name: `${host.major}/main`, dataDirectory: host.dataDirectory });
    await host.exec(`pg_createcluster ${host.major} other --port 5433 >/dev/null`);
    try {
      const other = { ...place, cluster: `${host.major}/other` };
      await expect(withSession(target, {}, (session) => provenCluster(other, session))).rejects.toThrow(
        /its system identifier is \d+, and the server of the sessions has \d+/,
      );
      await expect(hostControl({ ...place, port: 6543 })).rejects.toThrow(
        /no cluster of it listens at port 6543\n.*it has .*\/main \(port 5432\), .*\/other \(port 5433\)/,
      );
      await expect(hostControl({ ...place, cluster: "9/none" })).rejects.toThrow("it has no cluster 9/none");
    } finally {
      await host.exec(`pg_dropcluster ${host.major} other`);
    }
  });

  test("is told from one that RPM packages laid out", async () => {
    const bin = `/usr/lib/postgresql/${host.major}/bin`;
    const data = `/var/lib/pgsql/${host.major}/data`;
    await host.exec(
      `mkdir -p /usr/pgsql-${host.major} && ln -s ${bin} /usr/pgsql-${host.major}/bin && install -d -o postgres ${data} && cd / && runuser -u postgres -- ${bin}/initdb -A peer --no-sync -D ${data} >/dev/null && echo 'port = 6000' >> ${data}/postgresql.conf`,
    );
    try {
      const { clusters } = await readHostFacts(host.place);
      expect(clusters.map(({ layout, name, port }) => [layout, name, port])).toEqual([
        ["debian", `${host.major}/main`, 5432],
        ["rpm", `${host.major}/data`, 6000],
      ]);
      expect(clusters[1]).toMatchObject({
        dataDirectory: data,
        binDirectory: `/usr/pgsql-${host.major}/bin`,
      });
      expect(clusters[1]?.systemIdentifier).toMatch(/^\d+$/);
      await expect(hostControl({ ...place, port: 6000 })).rejects.toThrow("no service manager starts it");
    } finally {
      await host.exec(`rm -r /usr/pgsql-${host.major} /var/lib/pgsql`);
    }
  });

  test("is left alone where sudo asks for a password, or the disk takes nothing", async () => {
    const started = await startTime();
    await host.exec("mv /etc/sudoers.d/deploy /tmp/deploy.sudoers");
    try {
      await expect(apply({ max_connections: "70" })).rejects.toThrow(
        /sudo on deploy@.*asks deploy for a password/s,
      );
    } finally {
      await host.exec("mv /tmp/deploy.sudoers /etc/sudoers.d/deploy");
    }
    // Only here the container may mount.
    if (host.hasSystemd) {
      const data = host.dataDirectory;
      await host.exec(`mount --bind ${data} ${data} && mount -o remount,ro,bind ${data}`);
      try {
        await expect(apply({ max_connections: "70" })).rejects.toThrow(
          /it cannot be written: .*Read-only file system\n.*the host's disk is read-only/,
        );
      } finally {
        await host.exec(`umount ${data}`);
      }
    }
    expect(await changed()).toEqual([]);
    expect(await startTime()).toBe(started);
  });
});
