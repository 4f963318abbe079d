import type { MigrationStep } from "../../core/migrations/decide";
import { fileNameOf, type TrailAction, type TrailEntry } from "../../core/migrations/history";
import { historyTables } from "../../core/migrations/history-layout";
import type { Migration } from "../../core/migrations/migration";
import { problemError } from "../../core/problem";
import type { Session } from "../session";

const { applied, progress, trail } = historyTables;

/** What is written of a migration. */
type Recorded = Pick<Migration, "version" | "name" | "checksum">;

/** What a row of the trail says besides of which migration it is. */
export interface TrailNote {
  readonly action: TrailAction;
  readonly outcome: TrailEntry["outcome"];
  readonly durationMs?: number;
  readonly note?: string;
}

/** Writes down that a step is done; it belongs into the transaction of the step's last statement. */
export async function recordStep(
  session: Session,
  { migration, direction }: MigrationStep,
  durationMs: number,
): Promise<void> {
  if (direction === "up") await insertApplied(session, migration, "applied", durationMs);
  else await deleteApplied(session, migration);
  await writeTrail(session, migration, { action: direction, outcome: "done", durationMs });
}

export async function insertApplied(
  session: Session,
  {
    version,
    name,
    checksum,
    transactional,
  }: Pick<Migration, "version" | "name" | "checksum" | "transactional">,
  origin: "applied" | "baseline",
  durationMs: number | null,
): Promise<void> {
  await session.query(
    `INSERT INTO ${applied} (version, name, checksum, transactional, origin, duration_ms) VALUES ($1, $2, $3, $4, $5, $6)`,
    [version, name, checksum, transactional, origin, durationMs],
  );
}

export async function deleteApplied(
  session: Session,
  { version, name }: Omit<Recorded, "checksum">,
): Promise<void> {
  const gone = await session.query(
    `DELETE FROM ${applied} WHERE version = $1 AND name = $2 RETURNING version`,
    [version, name],
  );
  if (gone.length === 1) return;
  const hint = "somebody wrote the history meanwhile: look at `migrate status`, then run this again";
  throw problemError(fileNameOf({ version, name }), "is not in the history any more", hint);
}

/** Adds a row to the trail. */
export async function writeTrail(
  session: Session,
  { version, name, checksum }: Recorded,
  { action, outcome, durationMs, note }: TrailNote,
): Promise<void> {
  await session.query(
    `INSERT INTO ${trail} (action, outcome, version, name, checksum, duration_ms, note) VALUES ($1, $2, $3, $4, $5, $6, $7)`,
    [action, outcome, version, name, checksum, durationMs ?? null, note ?? null],
  );
}

/** Writes down that a file without a transaction begins. */
export async function beginProgress(
  session: Session,
  { migration, direction }: MigrationStep,
): Promise<void> {
  const { version, name } = migration;
  await session.query("BEGIN");
  await session.query(`INSERT INTO ${progress} (version, name, direction) VALUES ($1, $2, $3)`, [
    version,
    name,
    direction,
  ]);
  await writeTrail(session, migration, { action: direction, outcome: "begun" });
  await session.query("COMMIT");
}

/** Writes down how far a file without a transaction is; no operator is used, which the file could have replaced. */
export async function writeProgress(
  session: Session,
  { done, running }: { readonly done: readonly string[]; readonly running: string | null },
): Promise<void> {
  await session.query(`UPDATE ${progress} SET done = $1::text[], running = $2`, [done, running]);
}

/** Writes down that nothing is half done any more. */
export async function endProgress(session: Session): Promise<void> {
  await session.query(`DELETE FROM ${progress}`);
}
