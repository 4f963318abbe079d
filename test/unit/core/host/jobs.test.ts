import { describe, expect, test } from "vitest";
import { usualBackups } from "../../../../components/core/backup/plan";
import { renderCrontab } from "../../../../components/core/host/jobs/crontab";
import {
  judgeJobHost,
  planProgram,
  type DesiredJobHost,
  type JobHostFacts,
} from "../../../../components/core/host/jobs/job-host";
import {
  parseJobHost,
  readJobHostScript,
  removeJobsScript,
} from "../../../../components/core/host/jobs/job-host-text";
import { jobPlaces, renderCommand } from "../../../../components/core/host/jobs/places";
import { startTimers, stopTimers } from "../../../../components/core/host/jobs/timers-script";
import { renderUnits, type UnitArgs } from "../../../../components/core/host/jobs/units";
import {
  hostJobsOf,
  resolveHostContext,
  type HostContextArgs,
} from "../../../../components/core/ops/host-context";
import { judgeJob } from "../../../../components/core/ops/job-findings";

const places = jobPlaces("shop", "prod", "/srv/my backups");
const of = "shop/prod";
const jobs = [
  { name: "status", schedule: "0 1 * * *" },
  { name: "backup", schedule: "0 2 1 * mon" },
];
const units: UnitArgs = {
  ...{ places, of, account: "postgres", timeZone: "UTC", jobs },
  writable: ["/srv/my backups", "/mnt/100%$x"],
};

describe("places of a stack's jobs on a host", () => {
  test("have names for systemd, cron and shells, whatever the stack is called", () => {
    expect(jobPlaces("my.shop", "prod_eu")).toMatchObject({
      name: "pgstead-my-shop-prod-eu",
      command: "/usr/local/lib/pgstead/my-shop-prod-eu/ops",
      backups: "/var/lib/pgstead/my-shop-prod-eu/backups",
      crontab: "/etc/cron.d/pgstead-my-shop-prod-eu",
    });
    expect(places.backups).toBe("/srv/my backups");
  });

  test("are started by one script, which says whose it is", () => {
    const [first, mark, , line] = renderCommand(places, of, "/opt/my node/bin/node").split("\n");
    expect([first, mark]).toEqual(["#!/bin/sh", "# pgstead: shop/prod"]);
    expect(line).toBe(
      `exec '/opt/my node/bin/node' /usr/local/lib/pgstead/shop-prod/ops.cjs --context /etc/pgstead/shop-prod/context.json "$@"`,
    );
  });
});

describe("units of systemd", () => {
  const files = renderUnits(units);

  test("are a template and a timer for each job, with the mark first", () => {
    expect(Object.keys(files)).toEqual([
      "/etc/systemd/system/pgstead-shop-prod@.service",
      "/etc/systemd/system/pgstead-shop-prod-status.timer",
      "/etc/systemd/system/pgstead-shop-prod-backup.timer",
    ]);
    for (const text of Object.values(files))
      expect(text).toMatch(/^# pgstead: shop\/prod\n# managed by pgstead/);
  });

  test("run a job as the server's account, and close the rest of the host to it", () => {
    const service = files["/etc/systemd/system/pgstead-shop-prod@.service"]?.split("\n");
    expect(service).toEqual(
      expect.arrayContaining([
        "Type=oneshot",
        "User=postgres",
        "ExecStart=/usr/local/lib/pgstead/shop-prod/ops run %i",
        'ReadWritePaths=-/var/lib/pgstead/shop-prod -"/srv/my backups" -/mnt/100%%$$x',
        "ProtectSystem=strict",
        "NoNewPrivileges=yes",
        "PrivateTmp=yes",
        "CapabilityBoundingSet=",
        "UMask=0077",
      ]),
    );
  });

  test("have one value for days of the month and one for days of the week, and make up for missed runs", () => {
    const timer = files["/etc/systemd/system/pgstead-shop-prod-backup.timer"]?.split("\n");
    expect(timer).toEqual(
      expect.arrayContaining([
        "OnCalendar=*-*-01 02:00:00 UTC",
        "OnCalendar=Mon *-*-* 02:00:00 UTC",
        "Persistent=true",
        "Unit=pgstead-shop-prod@backup.service",
        "WantedBy=timers.target",
      ]),
    );
  });

  test("are started by a script that changes with their files, and stops what is no longer wanted", () => {
    const all = ["status", "backup", "drill"];
    const script = startTimers(places, { wanted: ["status", "backup"], all, revision: "abc.2" });
    expect(script).toContain("# units abc.2");
    expect(script).toContain(
      "systemctl restart pgstead-shop-prod-status.timer pgstead-shop-prod-backup.timer",
    );
    expect(script).toContain("timers.target.wants/pgstead-shop-prod-drill.timer");
    expect(script).not.toContain(
      "rm -f /etc/systemd/system/timers.target.wants/pgstead-shop-prod-backup.timer",
    );
    for (const job of all) expect(stopTimers(places, all)).toContain(`stamp-pgstead-shop-prod-${job}.timer`);
  });
});

test("a file of cron.d has numbers alone, and no time zone that Debian's cron does not know", () => {
  const lines = renderCrontab({ ...units, jobs: [{ name: "backup", schedule: "*/30 2 */10 * MON" }] }).split(
    "\n",
  );
  expect(lines[0]).toBe("# pgstead: shop/prod");
  expect(lines).toContain(
    "0,30 2 1,11,21,31 * 1 postgres /usr/local/lib/pgstead/shop-prod/ops run backup >/dev/null",
  );
  expect(lines.join("\n")).not.toContain("TZ");
});

const args: HostContextArgs = {
  ...{ version: "1.0.0", project: "shop", stack: "prod" },
  declared: { server: { administrator: { name: "admin" } }, databases: [] },
  backup: { ...usualBackups, schedule: "0 2 * * *" },
  copies: {
    recipients: [],
    copies: [
      { name: "nas", path: "/mnt/nas" },
      {
        name: "offsite",
        s3: {
          ...{ bucket: "b", prefix: "", region: "eu", pathStyle: false, accessKeyId: "id" },
          ...{ checksums: "when_required", ca: "certificates/minio.crt" },
        },
      },
    ],
  },
};
const server = { port: 5433, dataDirectory: "/data", socketDirectory: "/run/postgresql" };

describe("the context of a host's jobs", () => {
  test("comes in over the socket as the account, and names the host's own places", () => {
    const context = resolveHostContext(args, server, places);
    expect(context).toMatchObject({
      server: { socketDirectory: "/run/postgresql", port: 5433, login: "postgres" },
      service: { administrator: "admin" },
      files: {
        logicalBackups: "/srv/my backups",
        jobs: "/var/lib/pgstead/shop-prod/jobs",
        dataDirectory: "/data",
      },
      schedules: { status: "0 1 * * *", backup: "0 2 * * *" },
    });
    expect(context.copies?.copies).toEqual([
      { name: "nas", path: "/mnt/nas", shownAs: "/mnt/nas" },
      {
        name: "offsite",
        s3: expect.objectContaining({
          ca: "/etc/pgstead/shop-prod/copy-offsite-ca.crt",
          secretAccessKeyFile: "/etc/pgstead/shop-prod/copy-offsite.key",
        }) as object,
      },
    ]);
    expect(context).not.toHaveProperty("certificate");
    expect(context).not.toHaveProperty("metricsPort");
  });

  test("has the jobs that are declared, and the nightly look", () => {
    const names = (change: Partial<HostContextArgs>): string[] =>
      hostJobsOf({ ...args, ...change }).map(({ name }) => name);
    expect(names({})).toEqual(["status", "backup"]);
    const drill = { schedule: "0 4 * * 0", assertions: [], copyMaxAge: 1 };
    expect(names({ drill, samples: true })).toEqual(["status", "backup", "drill", "samples"]);
  });
});

const facts: JobHostFacts = {
  ...{ systemd: true, cron: true, zone: "UTC", isUtc: true, isTaken: false, program: "digest" },
  node: { path: "/usr/bin/node", version: "v20.19.2" },
  cluster: { name: "17/main", owner: "postgres", dataDirectory: "/data", socketDirectory: "/run/postgresql" },
};
const desired: DesiredJobHost = {
  host: { ssh: { host: "db1", port: 22, user: "deploy" }, become: "sudo" },
  ...{ wish: "auto", port: 5432, jobs, packages: [] },
};
const judge = (change: Partial<JobHostFacts>, wanted: Partial<DesiredJobHost> = {}) =>
  judgeJobHost({ ...desired, ...wanted }, { ...facts, ...change }, places);

describe("what a host has for jobs", () => {
  test("is systemd where it runs, else cron", () => {
    expect(judge({})).toEqual({ scheduler: "systemd", node: "/usr/bin/node", refusals: [] });
    expect(judge({ systemd: false })).toMatchObject({ scheduler: "cron", refusals: [] });
    expect(judge({}, { wish: "cron" })).toMatchObject({ scheduler: "cron", refusals: [] });
    // What the same run installs is there by then.
    const bare: Partial<JobHostFacts> = { systemd: false, cron: false };
    const { node: _node, ...without } = { ...facts, ...bare };
    expect(judgeJobHost({ ...desired, packages: ["nodejs", "cron"] }, without, places).refusals).toEqual([]);
    expect(judgeJobHost(desired, without, places).refusals.map(({ message }) => message)).toEqual([
      "there is neither systemd nor cron",
      "there is no Node.js, which the jobs run on",
    ]);
  });

  test.each([
    [{ systemd: false }, { wish: "systemd" as const }, /systemd does not run there/],
    [{ isUtc: false, zone: "CET" }, { wish: "cron" as const }, /host's time zone, CET/],
    [{}, { wish: "cron" as const, jobs: [{ name: "backup", schedule: "0 4 L * *" }] }, /not for cron/],
    [{ node: { path: "/usr/bin/node", version: "v16.1.0" } }, {}, /v16\.1\.0.*18 or newer/],
    [
      { cluster: { missing: { path: "", message: "no cluster listens", hint: "h" } } },
      {},
      /no cluster listens/,
    ],
    [{ cluster: { name: "17/x", owner: "ann", dataDirectory: "/d" } }, {}, /of account ann/],
    [{ cluster: { name: "17/x", owner: "postgres", dataDirectory: "/d" } }, {}, /has no socket/],
    [{ backups: false }, {}, /cannot write to \/srv\/my backups/],
    [{ isTaken: true }, {}, /not this stack's/],
  ])("%j with %j is refused by name, with a hint", (change, wanted, told) => {
    const { refusals } = judge(change, wanted);
    expect(refusals).toHaveLength(1);
    expect(refusals[0]?.message).toMatch(told);
    expect(refusals[0]?.hint).not.toBe("");
    expect(refusals[0]?.subject).toBe("jobs on deploy@db1:22");
  });

  test("a time zone matters to cron alone", () => {
    expect(judge({ isUtc: false, zone: "CET" }).refusals).toEqual([]);
  });

  test("gets the program where it has another one, or none", () => {
    expect(planProgram(desired, facts, "digest", places)).toEqual([]);
    expect(planProgram(desired, facts, "other", places)[0]?.reason).toBe("it is another one there");
    expect(planProgram(desired, {}, "other", places)[0]?.reason).toBe("the jobs run it");
  });

  test("is read from lines", () => {
    const told = [
      ...["systemd=yes", "cron=yes", "offsets=+0000 +0100", "zone=GMT", "node=/usr/bin/node v18.19.0"],
      ...["socket=/run/postgresql", "backups=no", "modes=root:root 755|root:root 644|", "program=abc"],
    ].join("\n");
    expect(parseJobHost(told)).toEqual({
      ...{
        systemd: true,
        cron: true,
        zone: "GMT",
        isUtc: false,
        backups: false,
        isTaken: false,
        program: "abc",
      },
      node: { path: "/usr/bin/node", version: "v18.19.0" },
      socketDirectory: "/run/postgresql",
    });
    // Somebody changed who may write it: that is another program.
    expect(parseJobHost("modes=root:root 775|root:root 644|\nprogram=abc")).not.toHaveProperty("program");
    expect(readJobHostScript(places, of, undefined)).not.toContain("postmaster.pid");
  });

  test("keeps its backups when all goes", () => {
    const script = removeJobsScript(places);
    expect(script).toContain("rm -rf /var/lib/pgstead/shop-prod/jobs /var/lib/pgstead/shop-prod/work");
    expect(script).not.toMatch(/rm .*my backups/);
  });
});

describe("what became of a job", () => {
  const minute = 60_000;
  const time = { now: 1_000 * minute, intervalMs: 60 * minute, since: 0 };
  const look = { job: "backup", isRunning: false };
  const at = (minutesAgo: number): number => time.now - minutesAgo * minute;

  test("is nothing to tell of where it ran and was good, runs, or is not due yet", () => {
    expect(judgeJob({ ...look, lastAttempt: at(10), lastSuccess: at(9) }, time)).toEqual([]);
    expect(judgeJob({ ...look, isRunning: true, began: at(300), lastAttempt: at(360) }, time)).toEqual([]);
    expect(judgeJob(look, { ...time, since: at(80) })).toEqual([]);
  });

  test.each([
    [
      { lastAttempt: at(10), lastSuccess: at(70), reason: "disk full" },
      /failed: disk full \(the last good one/,
      "warning",
    ],
    [{ lastAttempt: at(10) }, /none was good yet/, "warning"],
    [{ began: at(10), lastAttempt: at(70), lastSuccess: at(69) }, /did not come to its end/, "critical"],
    [{ lastAttempt: at(100), lastSuccess: at(99) }, /has not run since .*1 h 30 min is the most/, "critical"],
    [{}, /has never run/, "critical"],
  ])("%j is a finding", (known, told, severity) => {
    const findings = judgeJob({ ...look, ...known }, time);
    expect(findings).toHaveLength(1);
    expect(findings[0]?.message).toMatch(told);
    expect(findings[0]?.severity).toBe(severity);
  });
});
