import { setImmediate } from "node:timers/promises";
import type { Clock } from "../../infra/ops/container/clock";

/** A clock that stands until it is moved. */
export interface FakeClock extends Clock {
  /** Moves on by a time: what is due on the way happens in its order, and what follows from it. */
  advance(ms: number): Promise<void>;
  /** Sets it to a moment, as an administrator or NTP does: nothing that waits comes nearer. */
  set(moment: number): void;
}

export function fakeClock(start: string): FakeClock {
  let now = Date.parse(start);
  // Timers run by the time that passes, whatever the clock is set to.
  let passed = 0;
  const timers = new Set<{ due: number; callback: () => void }>();
  return {
    now: () => now,
    after(ms, callback) {
      const timer = { due: passed + ms, callback };
      timers.add(timer);
      return () => timers.delete(timer);
    },
    async advance(ms) {
      const end = passed + ms;
      for (;;) {
        await setImmediate(); // promises settle
        const [next] = [...timers].filter(({ due }) => due <= end).toSorted((a, b) => a.due - b.due);
        const until = next?.due ?? end;
        now += until - passed;
        passed = until;
        if (next === undefined) return;
        timers.delete(next);
        next.callback();
      }
    },
    set(moment) {
      now = moment;
    },
  };
}
