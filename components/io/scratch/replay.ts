import type { Migration } from "../../core/migrations/migration";
import { ProblemError, type Problem } from "../../core/problem";
import type { Repeatable } from "../../core/repeatables/repeatable";
import type { SchemaSnapshot } from "../../core/schema/snapshot";
import { readSchema } from "../schema/read";
import { withSession } from "../session";
import { withScratch, type Scratch, type ScratchOptions } from "./scratch";

/**
 * The schema that the declaration, some migrations and some repeatable files give, in their order.
 *
 * @throws ProblemError where one of them does not run there
 */
export function replay(
  options: ScratchOptions,
  migrations: readonly Migration[],
  repeatables: readonly Repeatable[],
): Promise<SchemaSnapshot> {
  return withScratch(options, async (scratch) => {
    await runAll(scratch, migrations, "up");
    await repeatAll(scratch, repeatables);
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
  assertRan(`the ${direction} part of a migration`, failure);
}

/** Applies repeatable files, which are given in their order. */
export async function repeatAll({ engine }: Scratch, repeatables: readonly Repeatable[]): Promise<void> {
  if (repeatables.length === 0) return;
  const { failure } = await engine.run(() => [], { repeatables });
  assertRan("a repeatable file", failure);
}

function assertRan(what: string, failure: Problem | undefined): void {
  if (failure === undefined) return;
  throw new ProblemError(`${what} does not run on a scratch database`, [failure]);
}

export function readScratch({ administrator, database }: Scratch): Promise<SchemaSnapshot> {
  return withSession(administrator, { database, applicationName: "pgstead scratch" }, readSchema);
}
