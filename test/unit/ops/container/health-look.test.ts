import { expect, test } from "vitest";
import type { Probe } from "../../../../components/core/operations/probe";
import { withRoom } from "../../../../components/core/operations/probe";
import { lookAtHealth } from "../../../../infra/ops/container/health-look";
import { fakeClock } from "../../../support/fake-clock";

const good: Probe = {
  reachable: true,
  readable: true,
  writable: true,
  inRecovery: false,
  seconds: 0.01,
  reason: null,
};
const bad: Probe = { ...good, reachable: false, readable: false, writable: false, reason: "no answer" };

function look(answers: () => Promise<Probe>) {
  const clock = fakeClock("2026-01-01T00:00:00Z");
  const check = () => Promise.reject(new Error("not here"));
  return { clock, health: lookAtHealth(clock, { probe: answers, check }) };
}

test("all who ask within five seconds are one probe, and never two at once", async () => {
  const { clock, health } = look(() => Promise.resolve(good));
  for (let second = 0; second < 20; second++) {
    await Promise.all(Array.from({ length: 1_000 }, () => health.state()));
    await clock.advance(1_000);
  }
  expect(health.probes()).toBe(4);
});

test("a bad probe is told while the next is under way, and a good one is never older than five seconds", async () => {
  let finish: (probe: Probe) => void = () => undefined;
  const { clock, health } = look(() => new Promise((resolve) => (finish = resolve)));
  const first = health.state();
  finish(bad);
  expect(await first).toMatchObject({ healthy: false, ready: false, reasons: ["no answer"] });
  await clock.advance(2_500);
  expect(await health.state()).toMatchObject({ healthy: false }); // the second has not ended
  expect(health.probes()).toBe(2);
  finish(good);
  await health.settled();
  expect(await health.state()).toMatchObject({ healthy: true, unchecked: "not here" });
  await clock.advance(5_001);
  const waiting = health.state();
  finish(bad);
  expect(await waiting).toMatchObject({ healthy: false });
});

test("a volume without room for a file of the log takes no writes", () => {
  expect(withRoom(good, 16 * 1024 * 1024)).toBe(good);
  expect(withRoom(good, undefined)).toBe(good);
  expect(withRoom(bad, 0)).toBe(bad);
  expect(withRoom(good, 4096)).toMatchObject({
    readable: true,
    writable: false,
    reason: expect.stringMatching(/^the data volume is full: 4096 bytes are free/) as string,
  });
});
