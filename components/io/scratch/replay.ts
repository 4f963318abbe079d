import type { Migration } from "../../core/migrations/migration";
import { ProblemError } from "../../core/problem";
import type { SchemaSnapshot } from "../../core/schema/snapshot";
import { readSchema } from "../schema/read";
import { withSession } from "../session";
import { withScratch, type Scratch, type ScratchOptions } from "./scratch";

/**
 * The schema that the declaration and some migrations give, in their order.
 *
 * @throws ProblemError where one of them does not run there
 */
export function replay(options: ScratchOptions, migrations: readonly Migration[]): Promise<SchemaSnapshot> {
  return withScratch(options, async (scratch) => {
    await runAll(scratch, migrations, "up");
    await scratch.grant();
    return readScratch(scratch);
  });
}

/** Runs parts of migrations in the order given. */
export async function runAll(
  { engine }: Scratch,
  migrations: readonly Migration[],
  direction: "up" | "down",
): Promise<void> {
  const { failure } = await engine.run(() => migrations.map((migration) => ({ migration, direction })));
  if (failure !== undefined) {
    throw new ProblemError(`the ${direction} part of a migration does not run on a scratch database`, [
      failure,
    ]);
  }
}

export function readScratch({ administrator, database }: Scratch): Promise<SchemaSnapshot> {
  return withSession(administrator, { database, applicationName: "pgstead scratch" }, readSchema);
}
