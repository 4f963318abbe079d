import type { Statement } from "../statement";
import { diffLines } from "./line-difference";
import type { DesiredFile, LiveFile } from "./model";

/** Where a file is to be, and whose it is to be there. */
export interface ComparedPlace {
  /** As plans name it: `server.crt on volume shop`. */
  readonly where: string;
  readonly owner: string;
  /** What was a secret when it was written is not told because it is none any more. */
  readonly wasSecret: boolean;
}

/**
 * What is to be done so that a file is as declared: content by its hash, owner and mode. What lies in its way and is no
 * file is written over: whoever does not want that refuses it first.
 */
export function compareFile(
  { where, owner, wasSecret }: ComparedPlace,
  file: DesiredFile,
  live: LiveFile<string> | undefined,
): Statement | undefined {
  const text = `write ${where}`;
  if (live === undefined) return fileStep(text, reasonOfNew(owner, file));
  if (live.kind !== "file") {
    return fileStep(text, `what is there is ${live.kind === "link" ? "a link" : "no regular file"}`);
  }
  if (file.hash === undefined) return fileStep(text, "what is in it is known only during `up`");
  if (file.hash !== live.hash) return changed(text, file, wasSecret ? undefined : live.text);
  if (owner === live.owner && file.mode === live.mode) return undefined;
  return fileStep(
    `set owner ${owner} and mode ${file.mode} of ${where}`,
    `it has ${live.owner} and ${live.mode}`,
  );
}

/** What is done about a file and is no SQL. */
export function fileStep(sql: string, reason: string): Statement {
  return { sql, reason, risk: "none", kind: "file", step: true };
}

function reasonOfNew(owner: string, { mode, secret, opaque, content }: DesiredFile): string {
  const lines = content === undefined || secret || opaque === true ? undefined : diffLines("", content).added;
  const size = lines === undefined ? "" : `, ${lines} ${lines === 1 ? "line" : "lines"}`;
  return `it is not there; owner ${owner}, mode ${mode}${size}`;
}

function changed(text: string, file: DesiredFile, old: string | undefined): Statement {
  if (file.secret) return fileStep(text, "its content changed; it is a secret");
  if (old === undefined || file.content === undefined || file.opaque === true)
    return fileStep(text, "its content changed");
  const { lines, added, removed } = diffLines(old, file.content);
  return { ...fileStep(text, `its content changed: ${added} added, ${removed} removed`), lines };
}
