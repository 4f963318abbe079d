/** Ends an entry of `pgstead:allowDataLoss` that lets go of what no backup has. */
export const withoutBackup = " without backup";

/** True where the stack lets something go, such as `schema shop.old`. */
export function mayBeLost(allowDataLoss: readonly string[], entry: string): boolean {
  return allowDataLoss.includes(entry) || needsNoBackup(allowDataLoss, entry);
}

/** True where it may go without a backup that has it. */
export function needsNoBackup(allowDataLoss: readonly string[], entry: string): boolean {
  return allowDataLoss.includes(`${entry}${withoutBackup}`);
}
