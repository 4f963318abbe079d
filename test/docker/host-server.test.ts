import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionTarget } from "../../components/core/connection";
import { completeRules } from "../../components/core/hba/check";
import type { HbaRule } from "../../components/core/hba/rule";
import type { Statement } from "../../components/core/statement";
import { planSettings } from "../../components/core/settings/plan";
import { newServerSettings } from "../../components/core/settings/catalog";
import type { HostControlPlace } from "../../components/io/control";
import { findHalfDone, hostControl, provenCluster } from "../../components/io/host/server-control";
import { closeHosts } from "../../components/io/host/shell";
import { withSession } from "../../components/io/session";
import { applySettings } from "../../components/io/settings-apply";
import { provenFile } from "../../components/io/settings-proof";
import { closeRelays, openRelaysHere, relayVariable } from "../../components/io/ssh/reach";
import { openRelay, type Relay } from "../../components/io/ssh/relay";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { makeDebianHost, type DebianHost } from "../support/debian-host";
import { eventually } from "../support/eventually";
import { changedFiles, type Checksums } from "../support/host-checksums";
import { startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";

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

  describe("with the provider", () => {
    let relay: Relay;
    let provider: ProviderClient;
    let stack: ProviderStack;

    beforeAll(async () => {
      relay = await openRelay(host.ssh);
      provider = await startOwnProvider({ [relayVariable]: relay.path });
      stack = new ProviderStack(provider);
    });

    afterAll(async () => {
      await provider.stop();
      await relay.close();
    });

    const server = (): Declared => ({
      name: "server",
      token: "pgstead:index:ExistingServer",
      inputs: {
        ...{ host: "localhost", port: 5432, user: "postgres", password: secret(host.password) },
        ...{ tls: { mode: "disable" }, ssh: host.ssh as unknown as PropertyMap, superuser: true },
        takesOver: ["postgresql.auto.conf", "pg_hba.conf"],
      },
    });
    const kept = (file: string) => {
      const { state } = stack.entry("ExistingServer/server");
      const files = (state.before as { value: Record<string, string> }).value;
      return secret(files[file] ?? "");
    };
    const connection = (): PropertyMap => {
      const { systemIdentifier = "" } = stack.entry("ExistingServer/server").state;
      const { inputs } = server();
      const { host: name = "", port = 0, user = "", password = "", ssh = {} } = inputs;
      return { host: name, port, user, password, ssh, systemIdentifier };
    };
    const settings = (values: PropertyMap): Declared => ({
      name: "server",
      token: "pgstead:index:Settings",
      inputs: {
        ...{ connection: connection(), settings: values, reasons: {}, restart: "allow", stack: "p/host" },
        control: place as unknown as PropertyMap,
        before: kept("postgresql.auto.conf"),
      },
    });
    const way = { database: ["all"], user: ["postgres"] } as const;
    const rules: HbaRule[] = completeRules([
      { type: "local", ...way, method: "peer" },
      { type: "host", ...way, address: "127.0.0.1/32", method: "scram-sha-256" },
      { type: "host", ...way, address: "::1/128", method: "scram-sha-256" },
    ]);
    const hba = (): Declared => ({
      name: "server",
      token: "pgstead:index:HostBasedAccess",
      inputs: {
        ...{ connection: connection(), rules: rules as unknown as PropertyMap[], logins: [] },
        ...{ rollbackSeconds: 10, stack: "p/host", before: kept("pg_hba.conf") },
      },
    });

    test("is restarted by its service manager, told what differs, and left as it was before", async () => {
      await stack.up(server());
      expect(await changed()).toEqual([]);
      const started = await startTime();
      await stack.up(settings({ shared_buffers: "48MB", work_mem: "7MB" }), hba());
      expect(await startTime()).not.toBe(started);
      expect([await show("shared_buffers"), await show("work_mem")]).toEqual(["48MB", "7MB"]);
      expect(await host.sql("SELECT count(*) FROM pg_hba_file_rules")).toBe("5\n");
      expect((await changed()).map((line) => line.split(":")[0])).toEqual([
        `${host.configDirectory}/pg_hba.conf`,
        `${host.dataDirectory}/postgresql.auto.conf`,
      ]);
      // Its mode is the distribution's, not ours.
      expect(await host.exec(`stat -c '%a %U:%G' ${host.configDirectory}/pg_hba.conf`)).toBe(
        "640 postgres:postgres\n",
      );

      const good = settings({ shared_buffers: "48MB", work_mem: "7MB" });
      expect(await stack.diff(good)).toMatchObject({ changed: false });
      await host.sql("ALTER SYSTEM SET maintenance_work_mem = '99MB'");
      expect(await stack.diff(good)).toMatchObject({ changed: true });
      await stack.up(good);
      expect(await host.exec(`cat ${host.dataDirectory}/postgresql.auto.conf`)).not.toContain("99MB");
      if (host.hasSystemd) {
        expect(await host.exec(`systemctl is-active postgresql@${host.major}-main`)).toBe("active\n");
      }

      await host.sql("ALTER SYSTEM SET statement_timeout = '8h'");
      const beforeDestroy = await startTime();
      await stack.destroy();
      expect(await changed()).toEqual([]);
      expect(await startTime()).not.toBe(beforeDestroy);
      expect([await show("shared_buffers"), await show("work_mem")]).toEqual(["128MB", "5MB"]);
    });

    test("waits for a restart that it may not do, and says so", async () => {
      await stack.up(server(), settings({ shared_buffers: "56MB" }));
      const { inputs } = settings({ shared_buffers: "56MB" });
      const entry = stack.entry("Settings/server");
      stack.entries.set("Settings/server", { ...entry, inputs: { ...inputs, restart: "refuse" } });
      await stack.destroy("Settings/server");
      expect(provider.messages.at(-1)?.message).toMatch(/shared_buffers changes back with the next restart/);
      expect(await show("shared_buffers")).toBe("56MB");
      expect(await changed()).toEqual([]);
      const control = await hostControl(place);
      await control.restart?.();
      expect(await show("shared_buffers")).toBe("128MB");
    });
  });

  test.each([
    ["a level of WAL that others forbid", { wal_level: "minimal" }, /max_wal_senders.* requires "?wal_level/],
    ["a library that is not there", { shared_preload_libraries: "nolib" }, /could not access file "nolib"/],
    [
      "more memory than there is",
      { shared_buffers: "4TB" },
      /could not (?:map anonymous|create) shared memory/,
    ],
    [
      "a setting that its library does not have",
      { "pg_prewarm.autoprewarm": "on", shared_preload_libraries: "pg_prewarm" },
      /the server does not take pg_prewarm.autoprewarm = 'on'/,
    ],
    ["a file that is not there", { hba_file: "/nowhere" }, /could not open file "\/nowhere"/],
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

  test("has a list that is stored as one quoted name put back", async () => {
    const sql = `ALTER SYSTEM SET shared_preload_libraries = '"pg_stat_statements, auto_explain"'`;
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

  test("is left alone where sudo asks for a password, or the disk takes nothing", async () => {
    const started = await startTime();
    await host.exec("mv /etc/sudoers.d/deploy /root/deploy.sudoers");
    try {
      await expect(apply({ max_connections: "70" })).rejects.toThrow(
        /sudo on deploy@.*asks deploy for a password/s,
      );
    } finally {
      await host.exec("mv /root/deploy.sudoers /etc/sudoers.d/deploy");
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
