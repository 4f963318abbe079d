import type { Engine } from "./engine";
import { withoutSecrets } from "../shared/secret-texts";

/** Lines of a container's log that a message shows. */
const lines = 10;

/** The end of a container's log, for a message about it; empty where there is none, or no way to it. */
export async function lastLines(engine: Engine, id: string, secrets: readonly string[]): Promise<string> {
  try {
    const log = await engine.ask(
      new AbortController().signal,
      (docker, bound) =>
        docker.getContainer(id).logs({ stdout: true, stderr: true, follow: false, tail: lines, ...bound }),
      { within: 10_000 },
    );
    const text = withoutSecrets(unframed(log).trimEnd(), secrets);
    return text === "" ? "" : `; its last lines:\n${text.replace(/^/gm, "    ")}`;
  } catch {
    return ""; // what went wrong before is what counts
  }
}

/** Of a container without a terminal, every piece has a header: its stream, and its length. Pure. */
export function unframed(log: Buffer): string {
  const parts: Buffer[] = [];
  let at = 0;
  while (at + 8 <= log.length) {
    const end = at + 8 + log.readUInt32BE(at + 4);
    parts.push(log.subarray(at + 8, end));
    at = end;
  }
  return Buffer.concat(parts).toString("utf8");
}
