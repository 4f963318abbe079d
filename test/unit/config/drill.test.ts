import { describe, expect, test } from "vitest";
import { resolveOpsContext } from "../../../components/core/ops-context";
import { planDocker } from "../../../infra/plan-docker";
import { parseConfig } from "../../../infra/config";

const database = { "pgstead:database": { name: "shop" } };
const several = { "pgstead:databases": { crm: {}, shop: {} } };

function parse(backup: unknown, more: Record<string, unknown> = database) {
  return parseConfig({ ...more, "pgstead:backup": backup }, { stack: "dev" });
}

function refusal(backup: unknown, more?: Record<string, unknown>): string {
  try {
    parse(backup, more);
    return "";
  } catch (error) {
    return (error as Error).message;
  }
}

describe("pgstead:backup.drill", () => {
  test("is weekly unless it says so, and asks the stack's only database", () => {
    expect(parse({ logical: {} }).backup.drill).toBeUndefined();
    expect(parse({ logical: {}, drill: { assertions: ["SELECT true"] } }).backup.drill).toEqual({
      schedule: "0 4 * * 0",
      assertions: [{ database: "shop", sql: "SELECT true" }],
      copyMaxAge: 90 * 86_400,
    });
  });

  test("goes to the ops container of a stack in containers, with its schedule", () => {
    const docker = {
      ...database,
      "pgstead:target": "docker",
      "pgstead:server": { memory: "1GB", cpus: 1 },
      "pgstead:monitoring": { enabled: false },
    };
    const config = parse({ physical: {}, drill: { schedule: "0 5 * * 6" } }, docker);
    const operations = config.docker && planDocker(config, config.docker).operations;
    if (operations === undefined) throw new Error("it has no container");
    const context = resolveOpsContext({
      ...{ ...operations, version: "1", project: "p", stack: "s", prefix: "x" },
    });
    expect(context.schedules.drill).toBe("0 5 * * 6");
    expect(context.drill).toEqual({ assertions: [], copyMaxAge: 90 * 86_400 });
  });

  test.each([
    [{ drill: {} }, database, "pgstead:backup.drill: is declared, and no backups are"],
    [{ logical: {}, drill: { schedule: "weekly" } }, database, "pgstead:backup.drill.schedule"],
    [{ logical: {}, drill: { copyMaxAge: "soon" } }, database, 'drill.copyMaxAge: "soon" is no time'],
    [{ logical: {}, drill: { copyMaxAge: "0d" } }, database, 'drill.copyMaxAge: "0d" is no time'],
    [{ logical: {}, drill: { assertions: ["  "] } }, database, "assertions[0].sql: is empty"],
    [{ logical: {}, drill: { assertions: [7] } }, database, "7 is not a query or a map"],
    [{ logical: {}, drill: { assertion: [] } }, database, "did you mean assertions?"],
    [
      { logical: {}, drill: { assertions: ["SELECT true"] } },
      several,
      "is missing: there are several databases",
    ],
    [
      { logical: {}, drill: { assertions: [{ sql: "SELECT true", database: "shopp" }] } },
      several,
      "did you mean shop?",
    ],
  ])("%j is refused", (backup, more, message) => {
    expect(refusal(backup, more)).toContain(message);
  });
});
