import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { ProblemError } from "../../../components/core/problem";
import { planStack } from "../../../infra/plan";
import { hasHostJobs } from "../../../infra/toolchain/host-jobs-bundle";

const ssh = { host: "db1.example.com", user: "deploy" };

function parse(server: object, more: object = {}) {
  const given = {
    "pgstead:target": "existing",
    "pgstead:server": server,
    "pgstead:database": { name: "shop" },
    "pgstead:backup": { directory: "/srv/backups", logical: { schedule: "0 2 * * *" } },
    ...more,
  };
  return parseConfig(given, { stack: "prod" });
}

function problemsOf(server: object, more: object = {}): string[] {
  try {
    parse(server, more);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ path, message, hint }) => `${path}: ${message}; ${hint}`);
  }
}

describe("pgstead:server.onHost.jobs", () => {
  test("is none unless it is given, and then nothing is put on the host", () => {
    expect(parse({ ssh, onHost: {} }).hostJobs).toBeUndefined();
    const { server } = planStack(parse({ ssh, onHost: { jobs: "none" } }));
    expect(server).not.toHaveProperty("jobs");
  });

  test("gives the program's arguments, and the gate asks the host for its backups", () => {
    const config = parse({ ssh, port: 5433, onHost: { jobs: "auto", cluster: "17/main" } });
    const plan = planStack(config);
    expect(plan.server).toMatchObject({
      jobs: {
        host: { ssh: { host: "db1.example.com", port: 22, user: "deploy" }, become: "sudo" },
        ...{ scheduler: "auto", cluster: "17/main", port: 5433, packages: [], backups: "/srv/backups" },
        context: { backup: { schedule: "0 2 * * *" } },
      },
    });
    expect(plan.gate?.place).toMatchObject({ kind: "host", host: { become: "sudo" } });
  });

  test.each([
    [{ ssh, onHost: { jobs: "anacron" } }, {}, /one of auto, systemd, cron, none/],
    [{ host: "db", onHost: { jobs: "auto" } }, {}, /pgstead:server\.ssh/],
    [
      { ssh, managed: true, administrator: { superuser: false }, onHost: { jobs: "auto" } },
      {},
      /managed service has no host/,
    ],
    [
      { ssh, onHost: { jobs: "auto" } },
      { "pgstead:backup": { logical: { schedule: "0 2 15W * *" } } },
      /pgstead:backup\.logical\.schedule.*no timer of a host/,
    ],
    [
      { ssh, onHost: { jobs: "cron" } },
      { "pgstead:backup": { logical: {}, drill: { schedule: "30 0 4 * * 0" } } },
      /pgstead:backup\.drill\.schedule.*cron knows no seconds/,
    ],
  ])("%j with %j is told", (server, more, told) => {
    expect(problemsOf(server, more).join("\n")).toMatch(told);
  });

  test("a schedule that is none is told once", () => {
    const more = { "pgstead:backup": { logical: { schedule: "61 2 * * *" } } };
    expect(problemsOf({ ssh, onHost: { jobs: "systemd" } }, more)).toHaveLength(1);
  });

  test("belongs to target existing", () => {
    const found = problemsOf(
      { onHost: { jobs: "auto" } },
      { "pgstead:target": "embedded", "pgstead:backup": {} },
    );
    expect(found.join("\n")).toMatch(/pgstead:server\.onHost: belongs to target existing/);
  });
});

test.each([
  ["config:\n  pgstead:server:\n    onHost: { jobs: auto }\n", true],
  ['config:\n  pgstead:server: \'{"onHost":{"jobs":"cron"}}\'\n', true],
  ["config:\n  pgstead:server:\n    onHost: { jobs: none }\n", false],
  ["config:\n  pgstead:server:\n    onHost: {}\n", false],
  ["config: [", false],
  ["# onHost\nconfig: {}\n", false],
])("the wrapper makes the operations code for %j: %j", (text, expected) => {
  expect(hasHostJobs(text)).toBe(expected);
});
