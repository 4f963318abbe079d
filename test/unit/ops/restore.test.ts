import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import type { CommandContext } from "../../../infra/ops/command";
import { restoreCommand } from "../../../infra/ops/commands/restore";
import type { MomentArgs } from "../../../infra/ops/restore/point-in-time-command";
import { nothingDone, type MomentData } from "../../../infra/ops/restore/point-in-time-place";
import { renderFound, renderMomentData } from "../../../infra/ops/restore/point-in-time-render";

const docker = { name: "shop-prod", engine: {}, physical: {} };

/** A usage that is wrong is refused before anything is asked of a server: there is none here. */
function run(args: MomentArgs, config: object = { docker }): Promise<unknown> {
  const context = {
    stack: "prod",
    config: { target: "docker", databases: [{ name: "shop" }, { name: "billing" }], ...config },
    outputs: () => Promise.reject(new Error("the state was asked for")),
  } as unknown as CommandContext;
  return restoreCommand.run(context, { operands: [], ...args });
}

describe("a restore to a moment is refused", () => {
  test.each([
    ["embedded", { target: "embedded" }, /is on target embedded, where no moment can be restored/],
    ["existing", { target: "existing" }, /is on target existing.*\n.*pgstead:backup: \{ physical: \{\} \}/],
    ["docker", { docker: { ...docker, physical: undefined } }, /declares no physical backups/],
  ])("on target %s without physical backups", async (_target, config, message) => {
    await expect(run({ to: "latest" }, config)).rejects.toThrow(message);
  });

  test.each<[MomentArgs, RegExp]>([
    [{ server: true }, /what to restore is not said/],
    [{ to: "latest", undo: true }, /several things are asked for at once/],
    [{ to: "2026-11-20 14:30:00" }, /has no zone/],
    [
      { to: "latest", confirm: "shop" },
      /"shop" is not what this stack has: nothing was changed.*\n.*shop,billing/,
    ],
    [{ server: true, undo: true }, /--confirm:\n {2}is missing: nothing was changed/],
    [{ server: true, dropOld: true, confirm: "x" }, /is not what this stack has/],
  ])("%j", async (args, message) => {
    await expect(run(args)).rejects.toThrow(message);
  });

  test("and goes on where nothing is wrong", async () => {
    await expect(run({ to: "latest", confirm: "shop,billing" })).rejects.toThrow("the state was asked for");
  });
});

describe("what was restored is shown", () => {
  const data: MomentData = {
    ...nothingDone,
    action: "restore",
    settled: [],
    target: "2026-11-20T14:30:00.000Z",
    backup: "20261120-010000F",
    generation: 2,
    restoreSeconds: 4.21,
    newestCommit: "2026-11-20T14:29:59.500Z",
    difference: {
      roles: { lost: ["app2"], back: [] },
      databases: [
        {
          name: "shop",
          on: "both",
          migrationHead: { restored: "1", live: "2" },
          tables: [
            { name: "app.orders", restored: "10", live: "12" },
            { name: "app.dropped", restored: "3", live: null },
            { name: "app.locked", restored: "?", live: "4" },
            { name: "app.new", restored: null, live: "4" },
            { name: "app.same", restored: "5", live: "5" },
          ],
        },
      ],
    },
  };
  const colors = picocolors.createColors(false);

  test("with what would be lost, and what comes back", () => {
    const text = renderFound(data, colors);
    expect(text).toContain("generation 2: the server as it was at 2026-11-20 14:30:00+00");
    expect(text).toContain("restored in 4.2 s");
    expect(text).toContain("its newest transaction ended at 2026-11-20 14:29:59.500+00");
    expect(text).toMatch(/app\.orders +10 +12 +2 fewer/);
    expect(text).toMatch(/app\.dropped +3 +not there +comes back/);
    expect(text).toMatch(/app\.new +not there +4 +would be lost/);
    expect(text).toMatch(/app\.locked +\? +4 +not counted: a change was under way/);
    expect(text).toContain("1 table with the same number of rows");
    expect(text).toContain("newest migration 1, now 2");
    expect(text).toContain("roles that are not there: app2");
  });

  test("and what became of it", () => {
    expect(renderMomentData(data, "prod", colors)).toContain("nothing of the live server was changed");
    const used = renderMomentData({ ...data, inUse: true, fullBackup: true }, "prod", colors);
    expect(used).toContain("generation 2 is in use, and has a full backup");
    const kept = renderMomentData({ ...data, kept: "shop-restore" }, "prod", colors);
    expect(kept).toContain("docker exec -it shop-restore psql -h /tmp");
    const lost = renderFound({ ...data, difference: null }, colors);
    expect(lost).toContain("the live server does not answer");
  });
});
