import { open } from "node:fs/promises";
import { endianness } from "node:os";
import { join } from "node:path";
import { problemError } from "../../core/problem";
import type { Refusal } from "../../core/statement";
import { describeOther } from "../identity";

/** Refuses data that are not those of the server that the state knows: others were put in their place. */
export async function refuseOtherData(
  dataDirectory: string,
  expected: string | undefined,
): Promise<Refusal | undefined> {
  const found = await readDiskIdentifier(dataDirectory);
  const other = found === undefined ? undefined : describeOther(found, expected);
  if (other === undefined) return undefined;
  return {
    subject: "identity of the server",
    message: `another server is in ${dataDirectory}: ${other}`,
    hint: "stop that server and put this stack's data directory back; after a planned change of server, run `pulumi refresh`.",
  };
}

/** Fails with what {@link refuseOtherData} says. */
export async function assertSameData(dataDirectory: string, expected: string | undefined): Promise<void> {
  const refusal = await refuseOtherData(dataDirectory, expected);
  if (refusal !== undefined) throw problemError(refusal.subject, refusal.message, refusal.hint);
}

/**
 * The system identifier of a data directory, whether its server runs or not; undefined: there is none.
 *
 * It is the first field of `global/pg_control` (src/include/catalog/pg_control.h): 8 bytes in the host's order, written
 * by initdb and never changed.
 */
export async function readDiskIdentifier(dataDirectory: string): Promise<string | undefined> {
  const file = await open(join(dataDirectory, "global", "pg_control")).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
  if (file === undefined) return undefined;
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
    if (bytesRead < 8) return undefined;
    return String(endianness() === "LE" ? buffer.readBigUInt64LE() : buffer.readBigUInt64BE());
  } finally {
    await file.close();
  }
}
