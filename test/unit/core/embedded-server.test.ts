import { describe, expect, test } from "vitest";
import {
  planEmbedded,
  renderEmbeddedPlan,
  type DesiredEmbedded,
} from "../../../components/core/embedded-server";

const desired: DesiredEmbedded = { port: 54320, disposable: false, restart: "refuse" };
const place = { dataDirectory: "/data", major: 17, isNew: false };
const actions = (plan: ReturnType<typeof planEmbedded>) => plan.actions.map(({ action }) => action);

test("a server that runs as declared needs nothing", () => {
  const status = { kind: "running", major: 17, port: 54320 } as const;
  expect(planEmbedded(desired, status, place)).toEqual({ actions: [], refusals: [] });
});

test("a new one is initialized and started", () => {
  const plan = planEmbedded(desired, { kind: "absent" }, { ...place, isNew: true });
  expect(actions(plan)).toEqual(["initialize", "start"]);
  expect(plan.refusals).toEqual([]);
});

test("a dead one is started", () => {
  const plan = planEmbedded(desired, { kind: "stopped", major: 17 }, place);
  expect(renderEmbeddedPlan(plan)).toBe("plan: 1 action\n  start the server  -- the server is not running");
});

describe("another port", () => {
  const status = { kind: "running", major: 17, port: 5555 } as const;

  test("restarts the server where that is allowed", () => {
    const plan = planEmbedded({ ...desired, restart: "allow" }, status, place);
    expect(renderEmbeddedPlan(plan)).toBe(
      "plan: 1 action: 1 restart\n  restart the server  -- it listens on port 5555, declared is 54320; sessions are ended",
    );
  });

  test("is refused where it is not", () => {
    const { actions: planned, refusals } = planEmbedded(desired, status, place);
    expect(planned).toEqual([]);
    expect(refusals[0]?.hint).toBe('allow it with pgstead:server.restart: "allow", or set the port back');
  });

  test("of a stopped server is no restart", () => {
    expect(actions(planEmbedded(desired, { kind: "stopped", major: 17 }, place))).toEqual(["start"]);
  });
});

describe("data that is gone", () => {
  test("is made anew on a disposable stack", () => {
    const plan = planEmbedded({ ...desired, disposable: true }, { kind: "absent" }, place);
    expect(actions(plan)).toEqual(["initialize", "start"]);
    expect(renderEmbeddedPlan(plan)).toContain("its data directory /data is gone");
  });

  test("stops every other stack", () => {
    const { actions: planned, refusals } = planEmbedded(desired, { kind: "absent" }, place);
    expect(planned).toEqual([]);
    expect(refusals[0]).toMatchObject({ subject: "data of the server" });
    expect(refusals[0]?.message).toContain("/data is gone");
    expect(refusals[0]?.hint).toContain("restored from a backup");
  });
});

test.each(["stopped", "running"] as const)("data of another major version is refused (%s)", (kind) => {
  const plan = planEmbedded(desired, { kind, major: 15, port: 54320 }, place, { newPassword: true });
  expect(plan.actions).toEqual([]);
  expect(plan.refusals[0]?.message).toBe(
    "the data directory /data is of PostgreSQL 15, the programs here are 17",
  );
});

test("a new password comes last, and shows nothing of itself", () => {
  const plan = planEmbedded(desired, { kind: "stopped", major: 17 }, place, { newPassword: true });
  expect(actions(plan)).toEqual(["start", "rotate"]);
  expect(renderEmbeddedPlan(plan)).toContain("ALTER ROLE of the administrator PASSWORD '[verifier]'");
});
