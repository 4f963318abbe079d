import { fileNameOf } from "../../core/migrations/history";
import { historyTables } from "../../core/migrations/history-layout";
import type { Migration } from "../../core/migrations/migration";
import type { RepairChange } from "../../core/migrations/repair";
import { problemError } from "../../core/problem";
import type { Session } from "../session";
import { deleteApplied, insertApplied, writeProgress, writeTrail } from "./record";

/** Changes the history as it was decided, each change with its row in the trail: all of them, or none. */
export function repairHistory(session: Session, changes: readonly RepairChange[]): Promise<void> {
  return inOne(session, async () => {
    for (const change of changes) await repairOne(session, change);
  });
}

/** Takes migrations for applied, each with its row in the trail: all of them, or none. */
export function baselineHistory(session: Session, migrations: readonly Migration[]): Promise<void> {
  return inOne(session, async () => {
    for (const migration of migrations) {
      await insertApplied(session, migration, "baseline", null);
      await writeTrail(session, migration, { action: "baseline", outcome: "done" });
    }
  });
}

async function inOne(session: Session, work: () => Promise<void>): Promise<void> {
  await session.query("BEGIN; SET LOCAL search_path = pg_catalog");
  try {
    await work();
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  }
}

async function repairOne(session: Session, change: RepairChange): Promise<void> {
  const of = change.kind === "forget" ? change.row : change.migration;
  if (change.kind === "forget") await deleteApplied(session, change.row);
  if (change.kind === "progress") await writeProgress(session, { done: change.done, running: null });
  if (change.kind === "take over") {
    const { version, name, checksum, transactional } = change.migration;
    const changed = await session.query(
      `UPDATE ${historyTables.applied} SET version = $1, name = $2, checksum = $3, transactional = $4
       WHERE version = $5 AND checksum = $6 RETURNING version`,
      [version, name, checksum, transactional, change.row.version, change.row.checksum],
    );
    if (changed.length !== 1) {
      const hint = "somebody wrote the history meanwhile: run this again";
      throw problemError(fileNameOf(change.row), "is not in the history as it was shown", hint);
    }
  }
  await writeTrail(session, of, { action: "repair", outcome: "done", note: change.message });
}
