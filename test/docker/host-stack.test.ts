import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse, stringify } from "yaml";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { makeDebianHost, type DebianHost, type DebianRelease } from "../support/debian-host";
import { changedFiles, type Checksums } from "../support/host-checksums";

describe.each(["bookworm", "trixie"] as const)(
  "a server on a host of Debian %s",
  (release: DebianRelease) => {
    const stack = "host";
    let host: DebianHost;
    let before: Checksums;
    let checkout: Checkout;
    let env: NodeJS.ProcessEnv;

    function run(script: string, args: readonly string[], exitCode: number | "any" = 0): Promise<Output> {
      return checkout.run(script, args, { env, exitCode });
    }
    const pulumi = (...args: string[]): Promise<Output> =>
      run("infra/toolchain/pulumi.ts", [...args, "--stack", stack]);
    const failing = (...args: string[]): Promise<Output> =>
      run("infra/toolchain/pulumi.ts", [...args, "--stack", stack], "any");

    const changed = async (): Promise<string[]> => changedFiles(before, await host.checksums());
    const show = async (name: string): Promise<string> => (await host.sql(`SHOW ${name}`)).trim();

    /** Changes `pgstead:server` in the stack's file, and adds keys. */
    async function configure(
      change: (server: Record<string, unknown>) => Record<string, unknown>,
      more: Readonly<Record<string, unknown>> = {},
    ): Promise<void> {
      const file = join(checkout.directory, `Pulumi.${stack}.yaml`);
      const content = parse(await readFile(file, "utf8")) as { config: Record<string, unknown> };
      const server = content.config["pgstead:server"] as Record<string, unknown>;
      content.config = { ...content.config, "pgstead:server": change(server), ...more };
      await writeFile(file, stringify(content));
    }

    beforeAll(async () => {
      [host, checkout] = await Promise.all([makeDebianHost({ release }), makeCheckout()]);
      await host.sql("CREATE ROLE boss; CREATE DATABASE shop OWNER boss; ALTER SYSTEM SET work_mem = '5MB'");
      await host.sql("SELECT pg_reload_conf(); CREATE SCHEMA app AUTHORIZATION boss", "shop");
      before = await host.checksums();
      const home = dirname(checkout.directory);
      await mkdir(join(home, "backend"));
      env = {
        PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
        PULUMI_HOME: join(home, "pulumi"),
        PULUMI_CONFIG_PASSPHRASE: "of a test",
        PGPASSWORD: host.password,
      };
    });

    afterAll(async () => {
      await checkout.remove();
      await host.stop();
    });

    test("is adopted with its host, and the first preview has nothing to do", async () => {
      const { ssh } = host;
      await run("infra/ops/cli.ts", [
        ...["adopt", "--stack", stack, "--url", "postgresql://postgres@localhost/postgres", "--on-host"],
        ...["--ssh", `${ssh.user}@${ssh.host}:${ssh.port}`, "--ssh-key", ssh.keyFile ?? ""],
        ...["--ssh-host-key", ssh.hostKey ?? ""],
      ]);
      const file = await readFile(join(checkout.directory, `Pulumi.${stack}.yaml`), "utf8");
      expect(parse(file)).toMatchObject({
        config: { "pgstead:server": { onHost: { cluster: `${host.major}/main` } } },
      });
      await run("infra/toolchain/pulumi.ts", ["stack", "init", stack]);
      await pulumi("config", "set", "--secret", "pgstead:administratorPassword", host.password);
      await pulumi("up", "--yes", "--skip-preview", "--target", "**ExistingServer**");
      const flags = ["--protect=false", "--generate-code=false", "--yes"];
      await pulumi("import", "--file", `import.${stack}.json`, ...flags);
      expect((await pulumi("preview", "--expect-no-changes")).text).not.toContain("plan: ");
      expect(await changed()).toEqual([]);
    });

    test("has what needs a restart refused until it is allowed, and then restarted", async () => {
      await configure(({ shared: _shared, ...server }) => ({
        ...server,
        settings: { max_connections: "90", work_mem: "6MB" },
        hba: [
          { type: "local", database: "all", user: "postgres", method: "peer" },
          ...["127.0.0.1/32", "::1/128"].map((address) => {
            return { type: "host", database: "all", user: "postgres", address, method: "scram-sha-256" };
          }),
        ],
      }));
      expect((await failing("up", "--yes")).text).toContain("allow it with pgstead:server.restart: allow");
      expect(await changed()).toEqual([]);

      await configure((server) => ({ ...server, restart: "allow" }));
      const preview = await pulumi("preview", "--diff");
      expect(preview.text).toContain("restart the server");
      expect(await changed()).toEqual([]);
      const { text } = await pulumi("up", "--yes");
      expect(text).not.toContain(host.password);
      expect([await show("max_connections"), await show("work_mem")]).toEqual(["90", "6MB"]);
      expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
      expect((await pulumi("stack", "export")).stdout).not.toContain("Do not edit this file manually");
    });

    test("is mended by the next `up` where the host was rebooted in the middle of one", async () => {
      const data = host.dataDirectory;
      // What a run had done that was killed before its restart.
      await host.exec(
        `cd ${data} && runuser -u postgres -- cp postgresql.auto.conf postgresql.auto.conf.pgstead-proven`,
      );
      await host.sql("ALTER SYSTEM SET wal_level = 'minimal'");
      await host.cutPower();
      await host.boot({ server: false });
      const told = await failing("preview");
      expect(told.text).toContain(`cluster ${host.major}/main is down, and a run ended before the restart`);
      expect(told.text.match(/hint: /g)).toHaveLength(1);
      expect((await host.tryExec("pg_isready -q")).exitCode).not.toBe(0);
      await pulumi("up", "--yes", "--skip-preview");
      expect(await host.exec("pg_lsclusters --no-header")).toContain(" online ");
      if (host.hasSystemd)
        expect(await host.exec(`systemctl is-active postgresql@${host.major}-main`)).toBe("active\n");
      expect([await show("wal_level"), await show("max_connections")]).toEqual(["replica", "90"]);
      expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
    });

    test("has every file as it was before once the stack is gone", async () => {
      // The database is protected, as on every stack that is not disposable.
      await configure((server) => server, { "pgstead:disposable": true });
      await pulumi("up", "--yes", "--skip-preview");
      await host.sql("ALTER SYSTEM SET statement_timeout = '8h'");
      await pulumi("destroy", "--yes", "--skip-preview");
      expect(await changed()).toEqual([]);
      expect([await show("max_connections"), await show("work_mem")]).toEqual(["100", "5MB"]);
    });
  },
);
