import { createWriteStream } from "node:fs";
import { Readable, Transform } from "node:stream";
import { pipeline } from "node:stream/promises";

/** Milliseconds that an unreachable site may cost a run, altogether. */
const probeTimeout = 3000;
/** Milliseconds without a byte after which a download is given up. */
const stallTimeout = 30_000;

/** The site that Pulumi and its plugins are downloaded from. */
export interface Site {
  readonly url: string;
  /** Whether it answers; asked once per run, whoever asks, and bounded. */
  reachable(): Promise<boolean>;
  /** Text of a small file; undefined where there is none. */
  text(path: string): Promise<string | undefined>;
  /** Writes a file; rejects unless it came whole. */
  download(path: string, target: string): Promise<void>;
}

export function createSite(url: string, timeout: number = probeTimeout): Site {
  let answer: Promise<boolean> | undefined;
  return {
    url,
    reachable: () => (answer ??= probe(url, timeout)),
    text: async (path) => {
      const response = await fetch(`${url}${path}`, { signal: AbortSignal.timeout(stallTimeout) });
      if (response.ok) return response.text();
      await response.body?.cancel();
      return undefined;
    },
    download: (path, target) => download(`${url}${path}`, target),
  };
}

async function probe(url: string, timeout: number): Promise<boolean> {
  try {
    const response = await fetch(url, {
      method: "HEAD",
      redirect: "manual",
      signal: AbortSignal.timeout(timeout),
    });
    await response.body?.cancel();
    return true; // whatever it says: it is there, and each file may still be missing
  } catch {
    return false; // no name, no route, no answer in time, or not trusted
  }
}

async function download(url: string, target: string): Promise<void> {
  const stalled = new AbortController();
  const watch = () =>
    setTimeout(() => {
      stalled.abort(new Error(`no data for ${stallTimeout / 1000} s`));
    }, stallTimeout);
  let timer = watch();
  const rewind = new Transform({
    transform(chunk, _encoding, done) {
      clearTimeout(timer);
      timer = watch();
      done(null, chunk);
    },
  });
  try {
    const response = await fetch(url, { signal: stalled.signal });
    if (!response.ok || response.body === null) throw new Error(`${url}: HTTP status ${response.status}`);
    const body = Readable.fromWeb(response.body);
    await pipeline(body, rewind, createWriteStream(target), { signal: stalled.signal });
  } finally {
    clearTimeout(timer);
  }
}
