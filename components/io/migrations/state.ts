import { historyTables } from "../../core/migrations/history-layout";
import type { Session } from "../session";
import { hasHistory } from "./history";

const { applied, progress, trail } = historyTables;

/** How the migrations of a database stand, in figures. */
export interface MigrationState {
  readonly applied: number;
  /** One stopped half-way: the database is between two versions. */
  readonly unfinished: boolean;
  /** The newest word of the trail is of a run that failed; a run that is under way has said nothing yet. */
  readonly failed: boolean;
  /** In seconds since 1970; null: none was applied yet. */
  readonly lastAppliedAt: number | null;
}

/** Undefined: pgstead keeps no history there. @throws ProblemError where a later version of this program keeps it */
export async function readMigrationState(session: Session): Promise<MigrationState | undefined> {
  if (!(await hasHistory(session))) return undefined;
  const [row] = await session.query<MigrationState & Record<string, unknown>>(`
    SELECT (SELECT count(*)::int FROM ${applied}) AS applied,
           EXISTS (SELECT FROM ${progress}) AS unfinished,
           coalesce((SELECT outcome = 'failed' FROM ${trail} WHERE outcome <> 'begun' ORDER BY id DESC LIMIT 1), false)
             AS failed,
           (SELECT extract(epoch FROM max(applied_at))::float8 FROM ${applied}) AS "lastAppliedAt"`);
  if (row === undefined) throw new Error("the read of the history gave no row");
  return row;
}
