import type { MigrationStep } from "../decide";
import type { OfflineText } from "./offline-sql";

/** One direction of one revision that is to run. */
export interface RevisionStep extends MigrationStep {
  /** What was shown of it, and so all that it may send; null: somebody allowed what cannot be shown. */
  readonly sent: readonly OfflineText[] | null;
}
