import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { makeDebianHost, type DebianHost } from "../support/debian-host";
import { eventually } from "../support/eventually";
import { changedFiles, type Checksums } from "../support/host-checksums";

const stack = "jobs";
const slug = "pgstead-jobs";
const command = `/usr/local/lib/pgstead/${slug}/ops`;
const state = `/var/lib/pgstead/${slug}`;
const secretKey = "s3cr3tAccessKeyOfATest";

interface Found {
  readonly status: string;
  readonly findings: readonly { readonly subject: string; readonly message: string }[];
  readonly data: unknown;
}

interface JobsFound extends Found {
  readonly data: {
    readonly jobs: readonly {
      readonly job: string;
      readonly outcome: string;
      readonly reason: string | null;
    }[];
  };
}

describe.each([
  { release: "trixie", scheduler: "systemd", more: ["nodejs"] },
  // Node.js comes with the stack here.
  { release: "bookworm", scheduler: "cron", more: [] },
] as const)("jobs on a host of Debian $release, by $scheduler", ({ release, scheduler, more }) => {
  const started =
    scheduler === "systemd"
      ? `/etc/systemd/system/pgstead-${slug}-backup.timer`
      : `/etc/cron.d/pgstead-${slug}`;
  let host: DebianHost;
  let checkout: Checkout;
  let env: NodeJS.ProcessEnv;
  let before: Checksums;
  const installed = more.length > 0 ? {} : { packages: ["nodejs"] };

  const run = (
    script: string,
    args: readonly string[],
    exitCode: number | "any" = 0,
    input = "",
  ): Promise<Output> => checkout.run(script, [...args, "--stack", stack], { env, exitCode, input });
  const pulumi = (...args: string[]): Promise<Output> => run("infra/toolchain/pulumi.ts", args);
  const ops = async (args: readonly string[], exitCode: number | "any" = 0): Promise<Found> =>
    JSON.parse((await run("infra/ops/cli.ts", [...args, "--json"], exitCode)).stdout) as Found;
  const jobs = async (exitCode: number | "any" = 0): Promise<JobsFound> =>
    (await ops(["jobs"], exitCode)) as JobsFound;
  const changed = async (since: Checksums): Promise<string[]> =>
    changedFiles(since, await host.checksums()).map((line) => line.slice(0, line.indexOf(": ")));

  async function configure(backup: object, onHost: object = installed): Promise<void> {
    const file = join(checkout.directory, `Pulumi.${stack}.yaml`);
    const { config, ...rest } = parse(await readFile(file, "utf8")) as { config?: Record<string, unknown> };
    const { "pgstead:administratorPassword": password, "pgstead:copySecrets": secrets } = config ?? {};
    const { hostKey, keyFile, port, user } = host.ssh;
    const written = {
      "pgstead:target": "existing",
      "pgstead:disposable": true,
      "pgstead:server": {
        ssh: { host: "127.0.0.1", hostKey, keyFile, port, user },
        onHost: { jobs: "auto", ...onHost },
      },
      "pgstead:database": { name: "shop", schemas: { app: {} } },
      "pgstead:backup": backup,
      ...(password === undefined ? {} : { "pgstead:administratorPassword": password }),
      ...(secrets === undefined ? {} : { "pgstead:copySecrets": secrets }),
    };
    // JSON is YAML.
    await writeFile(file, JSON.stringify({ ...rest, config: written }, null, 2));
  }

  beforeAll(async () => {
    [host, checkout] = await Promise.all([makeDebianHost({ release, more }), makeCheckout()]);
    before = await host.checksums();
    const home = dirname(checkout.directory);
    await mkdir(join(home, "backend"));
    env = {
      PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
      PULUMI_HOME: join(home, "pulumi"),
      PULUMI_CONFIG_PASSPHRASE: "of a test",
      PGPASSWORD: undefined,
      SSH_AUTH_SOCK: undefined,
    };
    await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", stack], { env });
    const backup = { logical: { schedule: "* * * * *" }, drill: { schedule: "0 4 1 1 *" } };
    await configure(backup, {});
    await pulumi("config", "set", "--secret", "pgstead:administratorPassword", host.password);
    if (more.length === 0) {
      const { text, exitCode } = await run("infra/toolchain/pulumi.ts", ["preview"], "any");
      expect(exitCode).not.toBe(0);
      expect(text).toMatch(/there is no Node\.js.*packages: \[nodejs\]/s);
      expect(await changed(before)).toEqual([]);
      await configure(backup);
    }
    await pulumi("up", "--yes", "--skip-preview");
  }, 400_000);

  afterAll(async () => {
    await checkout.remove();
    await host.stop();
  });

  test("come up with the stack, and a second preview has nothing to do", async () => {
    await pulumi("preview", "--expect-no-changes");
    const marked = await host.exec(`cat ${started}; cat ${command}`);
    expect(marked.match(/^# pgstead: pgstead\/jobs$/gm)).toHaveLength(2);
    expect(await host.exec(`stat -c '%U %a' ${state} ${state}/jobs ${state}/backups`)).toBe(
      "postgres 700\npostgres 700\npostgres 700\n",
    );
  });

  test(
    "are started by their schedule, and the backup is good, drilled, and comes back",
    { timeout: 200_000 },
    async () => {
      await eventually(
        "the backup of the minute",
        async () =>
          (await host.tryExec(`grep -q lastSuccess ${state}/jobs/backup/state.json`)).exitCode === 0
            ? true
            : undefined,
        100_000,
      );
      // Nothing more comes by itself while this looks.
      await host.exec(
        scheduler === "systemd" ? `systemctl stop pgstead-${slug}-backup.timer` : "pkill -x cron",
      );
      const { data } = await ops(["backup", "list"]);
      expect(data).toMatchObject({ backups: [{ database: "shop", verified: "good", faults: [] }] });
      await ops(["backup", "verify"]);
      await ops(["backup", "drill"]);
      expect((await ops(["backup", "status"])).findings).toEqual([]);
      expect((await jobs()).data.jobs).toContainEqual(
        expect.objectContaining({ job: "backup", outcome: "success" }),
      );
      await ops(["restore", "latest", "--into", "shop_copy"]);
      expect(await host.sql("SELECT nspname FROM pg_namespace WHERE nspname = 'app'", "shop_copy")).toBe(
        "app\n",
      );
      await host.sql("DROP DATABASE shop_copy");
      // As the container's: the one in its place needs its name.
      expect((await ops(["restore", "latest"], 1)).findings[0]?.message).toContain("nothing was done");
      if (scheduler === "systemd") {
        await host.sql("CREATE TABLE app.later ()", "shop");
        await ops(["restore", "latest", "--confirm", "shop"]);
        expect(await host.sql("SELECT to_regclass('app.later') IS NULL", "shop")).toBe("t\n");
        await ops(["restore", "--drop-old", "--confirm", "shop"]);
      }
      // What they said is rotated by the host's own logrotate, as the account whose directories they are.
      await host.exec(`logrotate --force /etc/logrotate.d/pgstead-${slug}`);
      await host.exec(`runuser -u postgres -- ${command} run status`);
      expect(await host.exec(`stat -c '%n %U %a' ${state}/jobs/status/log ${state}/jobs/backup/log.1`)).toBe(
        `${state}/jobs/status/log postgres 600\n${state}/jobs/backup/log.1 postgres 600\n`,
      );
      await host.exec(scheduler === "systemd" ? `systemctl start pgstead-${slug}-backup.timer` : "cron");
    },
  );

  test("what is edited there by hand is found and mended; another schedule changes nothing else", async () => {
    await host.exec(`sed -i 's/^# managed.*/# mine now/' ${started}`);
    const { text } = await run("infra/toolchain/pulumi.ts", ["preview"]);
    expect(text).toContain(started);
    await pulumi("up", "--yes", "--skip-preview");
    const since = await host.checksums();
    await configure({ logical: { schedule: "0 2 * * *" }, drill: { schedule: "0 4 1 1 *" } });
    await pulumi("up", "--yes", "--skip-preview");
    const touched = (await changed(since)).filter((path) => !path.startsWith(state));
    expect(touched.toSorted()).toEqual([started, `/etc/pgstead/${slug}/context.json`].toSorted());
    if (scheduler === "systemd") {
      const shown = await host.exec(`systemctl show -p TimersCalendar pgstead-${slug}-backup.timer`);
      expect(shown).toContain("OnCalendar=*-*-* 02:00:00 UTC");
    }
  });

  test(
    "one that fails is found wherever somebody looks, and no secret is told on the way",
    { timeout: 120_000 },
    async () => {
      const s3 = {
        endpoint: "http://127.0.0.1:9",
        bucket: "backups",
        region: "eu-central-1",
        accessKeyId: "id",
      };
      await configure({
        logical: { schedule: "0 2 * * *" },
        drill: { schedule: "0 4 1 1 *" },
        copies: [{ name: "offsite", s3 }],
        encryption: "none",
      });
      await run("infra/toolchain/pulumi.ts", [
        "config",
        "set",
        "--secret",
        "--path",
        "pgstead:copySecrets.offsite",
        secretKey,
      ]);
      await pulumi("up", "--yes", "--skip-preview");
      expect(await host.exec(`stat -c '%U %a' /etc/pgstead/${slug}/copy-offsite.key`)).toBe("postgres 400\n");
      const { exitCode } = await host.tryExec(
        scheduler === "systemd"
          ? `systemctl start pgstead-${slug}@backup`
          : `runuser -u postgres -- ${command} run backup`,
      );
      expect(exitCode).not.toBe(0);
      const found = await jobs(1);
      expect(found.findings).toEqual([expect.objectContaining({ subject: "job backup" })]);
      expect((await ops(["backup", "status"], 1)).findings.map(({ message }) => message).join()).toMatch(
        /offsite|failed/,
      );
      const health = (await ops(["health"], "any")).data as { checks: { name: string; status: string }[] };
      expect(health.checks).toContainEqual(expect.objectContaining({ name: "jobs", status: "warning" }));
      const places = `/etc/systemd /etc/cron.d /usr/local/lib/pgstead ${state}/jobs /etc/pgstead/${slug}/context.json`;
      expect((await host.tryExec(`grep -rlF ${secretKey} ${places}`)).stdout).toBe("");
      if (scheduler === "systemd") expect(await host.exec("journalctl --no-pager")).not.toContain(secretKey);
    },
  );

  test("all of it goes with the stack, and the backups stay", async () => {
    const { text } = await pulumi("destroy", "--yes");
    expect(text).toContain(`backups stay at ${state}/backups`);
    // What packages leave is another test's matter.
    const own = /pgstead|^\/etc\/(?:cron|systemd|sudoers|postgresql)|^\/usr\/local/;
    const left = (await changed(before)).filter(
      (path) => !`${path}/`.startsWith(`${state}/backups/`) && (more.length > 0 || own.test(path)),
    );
    expect(left.toSorted()).toEqual(["/var/lib/pgstead", state].toSorted());
    expect(await host.exec(`ls ${state}/backups`)).toContain("shop_full_");
    if (scheduler === "systemd") {
      expect(
        await host.exec(`systemctl list-units --all 'pgstead*' --no-legend; ls /var/lib/systemd/timers`),
      ).not.toContain("pgstead");
    }
  });
});
