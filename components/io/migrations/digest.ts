import { createHash } from "node:crypto";

/** SHA-256 of a statement's text, in hexadecimal: what the progress of a file has of it, as a text may hold secrets. */
export function digestOf(text: string): string {
  return createHash("sha256").update(text, "utf8").digest("hex");
}
