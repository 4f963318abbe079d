import { Readable } from "node:stream";

/** What goes wrong while a content comes is told as `tell` has it. */
export function telling(source: Readable, tell: (error: unknown) => unknown): Readable {
  return Readable.from(told(source, tell), { objectMode: false });
}

async function* told(source: Readable, tell: (error: unknown) => unknown): AsyncGenerator<Uint8Array> {
  try {
    yield* source as AsyncIterable<Uint8Array>;
  } catch (error) {
    throw tell(error);
  }
}

/** What comes from a network, given up where nothing came for a time; the time of whoever reads it does not count. */
export function whileItComes(source: Readable, idleMs: number): Readable {
  return Readable.from(limited(source, idleMs), { objectMode: false });
}

async function* limited(source: Readable, idleMs: number): AsyncGenerator<Uint8Array> {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const giveUp = (): void => {
    const error = new Error(`nothing came for ${idleMs / 1_000} s`);
    source.destroy(Object.assign(error, { name: "TimeoutError" }));
  };
  try {
    for (;;) {
      const timer = setTimeout(giveUp, idleMs);
      const next = await chunks.next().finally(() => {
        clearTimeout(timer);
      });
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    source.destroy();
  }
}
