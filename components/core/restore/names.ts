import { renderMoment } from "../backup/name";
import { contentDigest } from "../content-digest";
import { identifierBytes, maxIdentifierBytes } from "../identifier";

/**
 * Databases that a restore makes beside the one that it is of: `restore` is the new one until it takes the name, `before`
 * the one that had it.
 */
export type BesideKind = "restore" | "before";

/**
 * `shop_before_20261122_023600`, in UTC. A long name is cut and ends in a hash of the whole, so that two long names never
 * meet.
 */
export function besideName(database: string, kind: BesideKind, moment: number): string {
  return `${stem(database)}_${kind}_${renderMoment(moment)}`;
}

/** Tells whether a database is one beside another, and of which kind. */
export function besideKind(name: string, database: string): BesideKind | undefined {
  const start = stem(database);
  if (!name.startsWith(`${start}_`)) return undefined;
  const [, kind] = /^_(restore|before)_\d{8}_\d{6}$/.exec(name.slice(start.length)) ?? [];
  return kind as BesideKind | undefined;
}

const longestEnd = identifierBytes("_restore_20261122_023600");

function stem(database: string): string {
  const most = maxIdentifierBytes - longestEnd;
  if (identifierBytes(database) <= most) return database;
  const end = `_${contentDigest(database)}`;
  let start = database;
  while (identifierBytes(start + end) > most) start = Array.from(start).slice(0, -1).join("");
  return start + end;
}
