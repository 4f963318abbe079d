import { groupInto } from "../lists";
import type { IndexFacts } from "./index-facts";

/** An index that another one makes superfluous. */
export interface Redundant {
  readonly index: IndexFacts;
  /** The one that stays. */
  readonly by: IndexFacts;
}

/**
 * Indexes that are the same as another one: table, access method, key columns and expressions with operator class,
 * collation and order, carried columns, predicate.
 *
 * What a constraint needs stays, then what is unique, then what is scanned most, then the oldest. Of two unique ones one
 * goes only where both mean the same uniqueness; one that a constraint needs goes only for another that a constraint
 * needs, and never while a foreign key refers to it.
 */
export function findDuplicates(indexes: readonly IndexFacts[]): Redundant[] {
  const groups = groupInto(indexes.filter(isWhole), signatureOf);
  return [...groups.values()].flatMap((group) => {
    const ranked = group.toSorted(byWorth);
    return ranked.flatMap((index, place) => {
      const by = ranked.slice(0, place).find((other) => replaces(other, index));
      return by === undefined ? [] : [{ index, by }];
    });
  });
}

/**
 * B-tree indexes whose key is the beginning of a longer one's. Dropping them is a choice: the shorter one is smaller,
 * and faster for what it can do.
 */
export function findPrefixes(indexes: readonly IndexFacts[], duplicates: readonly Redundant[]): Redundant[] {
  const dropped = new Set(duplicates.map(({ index }) => index.oid));
  const usable = indexes.filter((index) => isWhole(index) && !dropped.has(index.oid));
  const byTable = groupInto(usable, ({ table }) => table);
  return usable.flatMap((index) => {
    if (isNeeded(index) || index.unique || index.included.length > 0 || index.method !== "btree") return [];
    const by = byTable.get(index.table)?.find((other) => beginsWith(other, index));
    return by === undefined ? [] : [{ index, by }];
  });
}

/** Invalid ones are told as such, and a part of a partitioned index goes with that. */
function isWhole({ valid, parent, buildingPid }: IndexFacts): boolean {
  return valid && parent === null && buildingPid === null;
}

function signatureOf({ table, method, keys, included, predicate }: IndexFacts): string {
  return JSON.stringify([table, method, keys, included, predicate]);
}

/** True where something but speed depends on it. */
export function isNeeded({ constraint, replicaIdentity, referenced }: IndexFacts): boolean {
  return constraint !== null || replicaIdentity || referenced;
}

function byWorth(a: IndexFacts, b: IndexFacts): number {
  return worth(b) - worth(a) || b.scans - a.scans || a.oid - b.oid;
}

function worth({ referenced, replicaIdentity, constraint, unique }: IndexFacts): number {
  return (referenced ? 8 : 0) + (replicaIdentity ? 4 : 0) + (constraint === null ? 0 : 2) + (unique ? 1 : 0);
}

function replaces(stays: IndexFacts, goes: IndexFacts): boolean {
  if (goes.referenced || goes.replicaIdentity) return false;
  if (goes.constraint !== null && stays.constraint === null) return false;
  const sameUniqueness =
    stays.unique && stays.immediate === goes.immediate && stays.nullsNotDistinct === goes.nullsNotDistinct;
  return !goes.unique || sameUniqueness;
}

function beginsWith(longer: IndexFacts, shorter: IndexFacts): boolean {
  return (
    longer.method === "btree" &&
    longer.keys.length > shorter.keys.length &&
    longer.predicate === shorter.predicate &&
    shorter.keys.every((key, place) => longer.keys[place] === key)
  );
}
