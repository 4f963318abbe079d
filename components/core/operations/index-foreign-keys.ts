import { quoteIdentifier } from "../identifier";
import { groupInto } from "../lists";
import type { planBuilds, WantedIndex } from "./index-build";
import type { ForeignKeyFacts, IndexCatalog, IndexedTable, IndexFacts } from "./index-facts";

/** A foreign key that no index helps, and the statements that make one. */
export interface MissingIndex {
  readonly key: ForeignKeyFacts;
  readonly table: IndexedTable;
  /** Of the table, its partitions included: what a delete of a referenced row reads. */
  readonly sizeBytes: number;
  readonly statements: readonly string[];
}

/** Foreign keys whose referencing side has no index that begins with the key's columns, in any order. */
export function findMissing(catalog: IndexCatalog, build: ReturnType<typeof planBuilds>): MissingIndex[] {
  const tables = new Map(catalog.tables.map((table) => [table.oid, table]));
  const children = groupInto(catalog.tables, ({ parent }) => parent);
  const byTable = groupInto(catalog.indexes, ({ table }) => table);
  const isCovered = (table: IndexedTable, key: ForeignKeyFacts): boolean => {
    if (byTable.get(table.oid)?.some((index) => covers(index, key)) === true) return true;
    const parts = children.get(table.oid) ?? [];
    return parts.length > 0 && parts.every((part) => isCovered(part, key));
  };
  return catalog.foreignKeys.flatMap((key) => {
    const table = tables.get(key.table);
    if (table === undefined || isCovered(table, key)) return [];
    const leaves = leavesOf(table, children);
    const sizeBytes = leaves.reduce((sum, leaf) => sum + leaf.sizeBytes, 0);
    return [{ key, table, sizeBytes, statements: build(table, wantedIndex(key)) }];
  });
}

/** True where a delete of the referenced row finds its referencing rows by the index. */
export function covers(
  { valid, method, columns, predicate }: IndexFacts,
  { columns: wanted }: ForeignKeyFacts,
): boolean {
  const leading = columns.slice(0, wanted.length);
  const finds = method === "btree" || (method === "hash" && wanted.length === 1);
  return (
    valid &&
    finds &&
    wanted.every(({ name }) => leading.includes(name)) &&
    (predicate === null || isNotNullOf(predicate, wanted))
  );
}

/** A row whose key has a NULL refers to nothing: an index without such rows has all that are looked for. */
function isNotNullOf(predicate: string, columns: ForeignKeyFacts["columns"]): boolean {
  const known = new Set(columns.map(({ printed }) => `${printed} IS NOT NULL`));
  const bare = (text: string): string =>
    text.startsWith("(") && text.endsWith(")") ? text.slice(1, -1) : text;
  return bare(predicate)
    .split(" AND ")
    .every((part) => known.has(bare(part)) || known.has(part));
}

function leavesOf(
  table: IndexedTable,
  children: ReadonlyMap<number | null, readonly IndexedTable[]>,
): IndexedTable[] {
  return table.kind === "p"
    ? (children.get(table.oid) ?? []).flatMap((part) => leavesOf(part, children))
    : [table];
}

function wantedIndex({ columns }: ForeignKeyFacts): WantedIndex {
  const names = columns.map(({ name }) => name);
  return { of: names, body: `(${names.map(quoteIdentifier).join(", ")})` };
}
