import { describe, expect, test } from "vitest";
import { planDocker } from "../../../infra/plan-docker";
import { parseConfig } from "../../../infra/config";

const database = { "pgstead:database": { name: "shop" } };

function parse(backup: unknown, more: Record<string, unknown> = {}) {
  return parseConfig({ ...database, ...more, "pgstead:backup": backup }, { stack: "dev" });
}

function refusal(backup: unknown, more?: Record<string, unknown>): string {
  try {
    parse(backup, more);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

const docker = {
  "pgstead:target": "docker",
  "pgstead:server": { memory: "1GB", cpus: 1 },
  "pgstead:monitoring": { enabled: false },
};

describe("pgstead:backup", () => {
  test("schedules none unless it says so, and has the guides' figures where it does", () => {
    expect(parse({}).backup).toEqual({});
    expect(parse({ logical: {} }).backup.logical).toEqual({
      schedule: "0 2 * * *",
      keep: { days: 30, weekly: 8, monthly: 12 },
      schemaOnly: true,
      format: "directory",
    });
  });

  test("goes to the ops container of a stack in containers", () => {
    const config = parse({ logical: { format: "plain" } }, docker);
    expect(config.docker && planDocker(config, config.docker).operations.backup).toMatchObject({
      format: "plain",
    });
  });

  test.each([
    [{ logical: { schedule: "every night" } }, "pgstead:backup.logical.schedule"],
    [{ logical: { schedule: "0 2 31 2 *" } }, "never comes"],
    [
      { logical: { schedule: "0 2 * * 0", keep: { days: 3 } } },
      "3 is shorter than the time between two backups",
    ],
    [{ logical: { keep: { days: 0 } } }, "pgstead:backup.logical.keep.days"],
    [{ logical: { format: "tar" } }, "directory, plain"],
    [{ directory: "backups" }, "is not an absolute path"],
    [{ physical: {} }, "pgstead:backup.physical: belongs to target docker"],
  ])("%j is refused", (backup, message) => {
    expect(refusal(backup)).toContain(message);
  });

  test("has no directory in containers, where the backups are on a volume", () => {
    expect(refusal({ directory: "/srv/backups" }, docker)).toContain(
      "belongs to target embedded or existing",
    );
  });
});
