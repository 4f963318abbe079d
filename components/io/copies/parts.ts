import { createHash, type Hash } from "node:crypto";
import { Readable } from "node:stream";
import type { SentObject } from "../../core/copies/stored-object";

interface PartHashes {
  readonly sha256: Hash;
  readonly md5: Hash;
  bytes: number;
}

/**
 * Lets a content through that goes in parts, and makes of it what object storage answers with for the whole.
 *
 * @param partBytes of each part but the last one
 */
export function digesting(
  content: Readable,
  partBytes: number,
): { readonly content: Readable; readonly sent: () => SentObject } {
  const sums: { readonly sha256: Buffer; readonly md5: Buffer }[] = [];
  let part = beginPart();
  const close = (): void => {
    sums.push({ sha256: part.sha256.digest(), md5: part.md5.digest() });
    part = beginPart();
  };
  async function* through(): AsyncGenerator<Uint8Array> {
    for await (const chunk of content as AsyncIterable<Uint8Array>) {
      for (let at = 0; at < chunk.length;) {
        if (part.bytes === partBytes) close();
        const piece = chunk.subarray(at, at + partBytes - part.bytes);
        part.sha256.update(piece);
        part.md5.update(piece);
        part.bytes += piece.length;
        at += piece.length;
      }
      yield chunk;
    }
    close();
  }
  return {
    content: Readable.from(through(), { objectMode: false }),
    sent: () => sentOf(sums),
  };
}

function beginPart(): PartHashes {
  return { sha256: createHash("sha256"), md5: createHash("md5"), bytes: 0 };
}

function sentOf(sums: readonly { readonly sha256: Buffer; readonly md5: Buffer }[]): SentObject {
  const [only, ...more] = sums;
  if (only === undefined) throw new Error("the content was not read to its end");
  if (more.length === 0) return { sha256: only.sha256.toString("base64"), md5: only.md5.toString("hex") };
  const of = (kind: "sha256" | "md5"): Hash =>
    sums.reduce((hash, sum) => hash.update(sum[kind]), createHash(kind));
  return {
    sha256: `${of("sha256").digest("base64")}-${sums.length}`,
    md5: `${of("md5").digest("hex")}-${sums.length}`,
  };
}
