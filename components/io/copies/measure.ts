import { createHash } from "node:crypto";
import { Readable } from "node:stream";

/** What went by. */
export interface Measured {
  readonly bytes: number;
  readonly sha256: string;
}

/** Lets a content through and measures it; what it holds is known at its end. */
export function measuring(content: Readable): {
  readonly content: Readable;
  readonly measured: () => Measured;
} {
  const hash = createHash("sha256");
  let bytes = 0;
  let sum: string | undefined;
  async function* through(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
    sum = hash.digest("hex");
  }
  return {
    content: Readable.from(through(), { objectMode: false }),
    measured: () => {
      if (sum === undefined) throw new Error("the content was not read to its end");
      return { bytes, sha256: sum };
    },
  };
}

/** Reads a content to its end. */
export async function measure(content: Readable, signal: AbortSignal): Promise<Measured> {
  const hash = createHash("sha256");
  let bytes = 0;
  for await (const chunk of content as AsyncIterable<Uint8Array>) {
    signal.throwIfAborted();
    hash.update(chunk);
    bytes += chunk.length;
  }
  return { bytes, sha256: hash.digest("hex") };
}
