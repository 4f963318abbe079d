import { mkdir, readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { z } from "zod";
import { replaceFile } from "../../../components/io/replace-file";

/** What the last comparison of the server with what is declared found. */
export interface FoundDrift {
  readonly checkedAt: string;
  /** What was compared, such as `Access server`. */
  readonly compared: readonly string[];
  /** Databases that took no login: what is in them was not seen. */
  readonly unseen: readonly string[];
  /** One thing that differs each: `PUBLIC: GRANT …`. */
  readonly differences: readonly string[];
}

const schema = z.object({
  format: z.literal(1),
  checkedAt: z.iso.datetime(),
  compared: z.array(z.string()),
  unseen: z.array(z.string()),
  differences: z.array(z.string()),
});

/** Undefined: nothing was compared yet. @throws Error where the file cannot be read */
export async function readFoundDrift(file: string): Promise<FoundDrift | undefined> {
  try {
    const { format: _format, ...found } = schema.parse(JSON.parse(await readFile(file, "utf8")));
    return found;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** For the metrics, whoever ran the comparison, and over a restart of the container. */
export async function writeFoundDrift(file: string, found: FoundDrift): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o750 });
  // What it quotes of pg_hba.conf and settings is nobody else's.
  await replaceFile(file, `${JSON.stringify({ format: 1, ...found }, null, 2)}\n`, 0o600);
}
