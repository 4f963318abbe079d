import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const base = {
  "pgstead:target": "docker",
  "pgstead:server": { memory: "4GB", cpus: 6 },
  "pgstead:database": { name: "shop", schemas: { app: {} } },
  "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
};
const physical = (written: Record<string, unknown>) => ({ ...base, "pgstead:backup": { physical: written } });
const parse = (raw: Readonly<Record<string, unknown>>) => parseConfig(raw, { stack: "prod" });

describe("physical backups in the configuration", () => {
  test("have defaults: a full one a week, of which two are kept, and what changed every other night", () => {
    expect(parse(physical({})).docker?.physical).toEqual({
      full: "0 1 * * 0",
      incremental: "0 1 * * 1-6",
      keepFull: 2,
      archiveTimeout: "60s",
    });
    expect(parse(base).docker).not.toHaveProperty("physical");
  });

  test("become archiving, jobs of the ops container, and settings that others leave alone", () => {
    const { server, tuning } = planStack(parse(physical({ keepFull: 4, full: "0 3 * * 6" })));
    expect(server).toMatchObject({
      args: {
        recovery: { keepFull: 4, archiveTimeout: "60s", processes: 3, restart: "refuse" },
        operations: { physical: { full: "0 3 * * 6", incremental: "0 1 * * 1-6" } },
      },
    });
    expect(tuning?.keptBeside).toEqual(["archive_mode", "archive_command", "archive_timeout"]);
  });

  test("are nothing where none are declared", () => {
    const { server, tuning } = planStack(parse(base));
    expect(server.args).not.toHaveProperty("recovery");
    expect(tuning).not.toHaveProperty("keptBeside");
  });

  test("belong to target docker", () => {
    const embedded = { "pgstead:database": { name: "shop" }, "pgstead:backup": { physical: {} } };
    expect(problemsOf(embedded)).toEqual([
      "pgstead:backup.physical: belongs to target docker / remove it, or set pgstead:target to docker",
    ]);
  });

  test("have every mistake told at once", () => {
    const wrong = { full: "weekly", incremental: "0 1 31 2 *", archiveTimeout: "60", keepFull: 0 };
    expect(problemsOf(physical(wrong))).toEqual([
      expect.stringMatching(/^pgstead:backup\.physical\.keepFull: 0 is not a whole number from 1 to 999/),
      expect.stringMatching(
        /^pgstead:backup\.physical\.full: "weekly" is no schedule: .* \/ write minute, hour/,
      ),
      expect.stringMatching(/^pgstead:backup\.physical\.incremental: .* never comes/),
      'pgstead:backup.physical.archiveTimeout: "60" is no time / write a number and s, min or h, such as 60s',
    ]);
  });

  test.each(["0", "500ms", "9s", "1500ms", "25h"])("have no archiveTimeout of %s", (archiveTimeout) => {
    expect(problemsOf(physical({ archiveTimeout }))).toEqual([
      `pgstead:backup.physical.archiveTimeout: "${archiveTimeout}" is not from 10s to 24h / write 60s, or up to 24h`,
    ]);
  });

  test("have two schedules, not one for both", () => {
    expect(problemsOf(physical({ full: "0 1 * * *", incremental: "0 1 * * *" }))).toEqual([
      expect.stringMatching(/incremental: is the same schedule as that of the full backup/),
    ]);
  });
});
