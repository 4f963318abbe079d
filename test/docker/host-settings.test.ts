import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { completeRules } from "../../components/core/hba/check";
import type { HbaRule } from "../../components/core/hba/rule";
import type { HostControlPlace } from "../../components/io/control";
import { hostControl } from "../../components/io/host/server-control";
import { closeHosts } from "../../components/io/host/shell";
import { relayVariable } from "../../components/io/ssh/reach";
import { openRelay, type Relay } from "../../components/io/ssh/relay";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { makeDebianHost, type DebianHost } from "../support/debian-host";
import { changedFiles, type Checksums } from "../support/host-checksums";
import { startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";

describe.each(["bookworm", "trixie"] as const)("settings and rules on a host of Debian %s", (release) => {
  let host: DebianHost;
  let before: Checksums;
  let place: HostControlPlace;
  let relay: Relay;
  let provider: ProviderClient;
  let stack: ProviderStack;

  beforeAll(async () => {
    host = await makeDebianHost({ release });
    // Somebody has set something up, in a file that ALTER SYSTEM would write anew.
    await host.exec(
      `printf "# by hand\\nwork_mem = '5MB'   # of the shop\\n" >> ${host.dataDirectory}/postgresql.auto.conf`,
    );
    await host.sql("SELECT pg_reload_conf()");
    before = await host.checksums();
    place = { kind: "host", host: host.place, port: 5432 };
    relay = await openRelay(host.ssh);
    provider = await startOwnProvider({ [relayVariable]: relay.path });
    stack = new ProviderStack(provider);
  });

  afterAll(async () => {
    await provider.stop();
    await relay.close();
    await closeHosts();
    await host.stop();
  });

  const show = async (name: string): Promise<string> => (await host.sql(`SHOW ${name}`)).trim();
  const startTime = (): Promise<string> => host.sql("SELECT pg_postmaster_start_time()");
  const changed = async (): Promise<string[]> => changedFiles(before, await host.checksums());

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

  test("is refused in the preview where it could not be restarted", async () => {
    await stack.up(server());
    const { name, token, inputs } = settings({ shared_buffers: "56MB" });
    const refused = async (change: PropertyMap): Promise<string> => {
      const control = { ...(place as unknown as PropertyMap), ...change };
      const preview = await provider.resource(token, name).create({ ...inputs, control }, { preview: true });
      return JSON.stringify(preview.state.refusals);
    };
    expect(await refused({})).toBe("[]");
    expect(await refused({ port: 6543 })).toContain("no cluster of it listens at port 6543");
    await host.exec("mv /etc/sudoers.d/deploy /tmp/deploy.sudoers");
    try {
      expect(await refused({})).toContain("it asks deploy for a password");
    } finally {
      await host.exec("mv /tmp/deploy.sudoers /etc/sudoers.d/deploy");
    }
    expect(await changed()).toEqual([]);
  });

  test("waits for a restart that it may not do, and says so", async () => {
    await stack.up(server());
    await stack.up(settings({ shared_buffers: "56MB" }));
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
