import type { Clock } from "./clock";

/** The answers of something that is dear, or slow, and asked for by many. */
export interface Remembered<Value> {
  /** An answer that is not too old. Of all that ask at once one asks; a failure is an answer as well. */
  read(): Promise<Value>;
  /** When the newest answer came, and what it was; undefined: none has come yet. */
  last(): { readonly at: number; readonly answer: Promise<Value> } | undefined;
  /** Comes when nothing is being asked any more. */
  settled(): Promise<void>;
}

/** @param freshMs how old an answer may be, since it came; undefined stands for a failure */
export function remember<Value>(
  clock: Clock,
  freshMs: (answer: Value | undefined) => number,
  ask: () => Promise<Value>,
): Remembered<Value> {
  let last: { readonly at: number; readonly answer: Promise<Value>; readonly freshMs: number } | undefined;
  let underWay: Promise<Value> | undefined;
  const begin = (): Promise<Value> => {
    const answer = ask();
    const come = (value?: Value): void => {
      last = { at: clock.now(), answer, freshMs: freshMs(value) };
      underWay = undefined;
    };
    underWay = answer;
    answer.then(come, () => {
      come();
    });
    return answer;
  };
  return {
    read() {
      const age = last === undefined ? Infinity : clock.now() - last.at;
      // A clock that was set back.
      if (last !== undefined && age >= 0 && age <= last.freshMs) return last.answer;
      return underWay ?? begin();
    },
    last: () => last,
    settled: () =>
      (underWay ?? Promise.resolve()).then(
        () => undefined,
        () => undefined,
      ),
  };
}

/** What comes in time. @throws Error where it does not */
export async function inTime<Value>(clock: Clock, ms: number, answer: Promise<Value>): Promise<Value> {
  let cancel = (): void => undefined;
  const late = new Promise<never>((_, reject) => {
    cancel = clock.after(ms, () => {
      reject(new Error(`no answer within ${ms / 1_000} s`));
    });
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    cancel();
  }
}
