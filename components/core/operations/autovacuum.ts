import type { AutovacuumSettings, BloatTable, XminHolder } from "./bloat-facts";

/** Rows that a table may have dead before autovacuum comes (manual, "The Autovacuum Daemon"). */
export function vacuumThreshold(
  { rows, vacuumThreshold: base, vacuumScaleFactor, vacuumMaxThreshold }: BloatTable,
  settings: AutovacuumSettings,
): number {
  const share = (vacuumScaleFactor ?? settings.scaleFactor) * Math.max(0, rows);
  const wanted = (base ?? settings.threshold) + share;
  const most = vacuumMaxThreshold ?? settings.maxThreshold ?? -1;
  return Math.floor(most < 0 ? wanted : Math.min(wanted, most));
}

/**
 * Why a table's dead rows are still there.
 *
 * @param holder the oldest one that may see them
 * @returns undefined: there are too few to speak of
 */
export function explainAutovacuum(
  table: BloatTable,
  settings: AutovacuumSettings,
  holder: XminHolder | undefined,
): string | undefined {
  const { deadRows, autovacuumEnabled, lastAutovacuum } = table;
  if (deadRows === 0) return undefined;
  if (!settings.on) return "autovacuum is off on this server";
  if (autovacuumEnabled === false) return "the table has autovacuum_enabled = off";
  const threshold = vacuumThreshold(table, settings);
  if (deadRows <= threshold) {
    return deadRows < 1_000 ? undefined : `autovacuum comes at ${threshold} dead rows`;
  }
  const busy = `${settings.workersAtWork} of ${settings.workers} workers are at work`;
  if (holder !== undefined && holder.ageTransactions > 0 && lastAutovacuum !== null) {
    return `autovacuum came at ${lastAutovacuum}, and ${holder.kind} ${holder.name} keeps them`;
  }
  return `autovacuum is due (from ${threshold} dead rows on): ${busy}`;
}
