import { createHash } from "node:crypto";
import type { Header } from "tar-stream";
import type { LiveFile } from "../../core/files/model";

/** Up to this size a content is compared line by line. */
const maxTextBytes = 1024 * 1024;

/** What an entry of an archive says of a file, with its hash and its text. */
export function liveFile<Owner>(header: Header, owner: Owner, content: Buffer): LiveFile<Owner> {
  const kind = kindOf(header);
  const file = { kind, owner, mode: modeOf(header) };
  if (kind !== "file") return { ...file, hash: "" };
  const text = textOf(content);
  return { ...file, hash: hashOf(content), ...(text === undefined ? {} : { text }) };
}

/** SHA-256, in hexadecimal. */
export function hashOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

/** The bits that chmod sets, with set-uid and its kind. */
export function modeOf({ mode }: Header): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** All of a stream of buffers. */
export async function wholeOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function kindOf({ type }: Header): LiveFile["kind"] {
  if (type === "file" || type === "contiguous-file") return "file";
  if (type === "directory") return "directory";
  return type === "symlink" || type === "link" ? "link" : "other";
}

/** Undefined: no text, or too long to be compared line by line. */
function textOf(content: Buffer): string | undefined {
  if (content.length > maxTextBytes || content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}
