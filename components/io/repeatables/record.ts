import { historyTables } from "../../core/migrations/history-layout";
import type { Session } from "../session";

const { repeatable } = historyTables;

/** What is written of a file that was applied. */
export interface AppliedRepeatable {
  readonly path: string;
  readonly checksum: string;
  readonly objects: readonly string[];
  readonly left: readonly string[];
  readonly durationMs: number;
}

/** Writes down what was applied: who and when are the server's words. */
export async function recordRepeatable(
  session: Session,
  { path, checksum, objects, left, durationMs }: AppliedRepeatable,
): Promise<void> {
  await forgetRepeatable(session, path);
  await session.query(
    `INSERT INTO ${repeatable} (path, checksum, objects, left_behind, duration_ms) VALUES ($1, $2, $3::text[], $4::text[], $5)`,
    [path, checksum, objects, left, durationMs],
  );
}

/** Forgets a file of which nothing is left. */
export async function forgetRepeatable(session: Session, path: string): Promise<void> {
  await session.query(`DELETE FROM ${repeatable} WHERE path = $1`, [path]);
}
