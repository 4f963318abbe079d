import { identifierBytes, maxIdentifierBytes, quoteIdentifier } from "../identifier";
import { groupInto } from "../lists";
import { nameSql } from "../repeatables/objects";
import type { IndexCatalog, IndexedTable, IndexFacts } from "./index-facts";

/** An index that is to be made. */
export interface WantedIndex {
  readonly unique?: boolean;
  /** What its name tells after the table's. */
  readonly of: readonly string[];
  /** What stands after the table in CREATE INDEX. */
  readonly body: string;
  /** Keys and the rest of an index that does as well, on a partition. */
  readonly same?: (index: IndexFacts) => boolean;
}

/**
 * Plans statements that make indexes while rows are read and written; names that it gives are not given twice.
 *
 * Of a partitioned table the build of an index blocks writes to all partitions, and CONCURRENTLY is not possible: so an
 * index of the parent alone is made, which is not valid yet, one of each partition CONCURRENTLY, and those are attached
 * (manual, "Partition Maintenance").
 *
 * @returns of a table, or of the partitions of an index of it that is there already (`parent`)
 */
export function planBuilds(
  catalog: IndexCatalog,
): (table: IndexedTable, wanted: WantedIndex, parent?: IndexFacts) => string[] {
  const children = groupInto(catalog.tables, ({ parent }) => parent);
  const byTable = groupInto(catalog.indexes, ({ table }) => table);
  const names = new Set([...catalog.tables, ...catalog.indexes].map(nameSql));
  const attach = (parent: string, part: string): string => `ALTER INDEX ${parent} ATTACH PARTITION ${part}`;
  const makeParts = (table: IndexedTable, wanted: WantedIndex, index: string, oid?: number): string[] =>
    (children.get(table.oid) ?? []).flatMap((part) => {
      const there = byTable.get(part.oid) ?? [];
      if (there.some(({ parent }) => parent !== null && parent === oid)) return [];
      const ready = there.find((one) => one.parent === null && one.valid && wanted.same?.(one) === true);
      if (ready !== undefined) return [attach(index, nameSql(ready))];
      return make(part, wanted, index);
    });
  const make = (table: IndexedTable, wanted: WantedIndex, parent: string | undefined): string[] => {
    const name = freeName(table, wanted.of, names);
    const full = nameSql({ schema: table.schema, name });
    const kind = wanted.unique === true ? "UNIQUE INDEX" : "INDEX";
    const head =
      table.kind === "p"
        ? `CREATE ${kind} ${quoteIdentifier(name)} ON ONLY ${nameSql(table)} ${wanted.body}`
        : `CREATE ${kind} CONCURRENTLY ${quoteIdentifier(name)} ON ${nameSql(table)} ${wanted.body}`;
    return [head, ...makeParts(table, wanted, full), ...(parent === undefined ? [] : [attach(parent, full)])];
  };
  return (table, wanted, parent) =>
    parent === undefined
      ? make(table, wanted, undefined)
      : makeParts(table, wanted, nameSql(parent), parent.oid);
}
/** As PostgreSQL names them, cut at 63 bytes; with a number where there is one of that name. */
function freeName(table: IndexedTable, columns: readonly string[], names: Set<string>): string {
  const base = `${table.name}_${columns.join("_")}`;
  for (let count = 0; ; count += 1) {
    const name = cut(base, count === 0 ? "_idx" : `_idx${count}`);
    const full = nameSql({ schema: table.schema, name });
    if (names.has(full)) continue;
    names.add(full);
    return name;
  }
}

function cut(base: string, ending: string): string {
  let characters = Array.from(base);
  while (identifierBytes(characters.join("") + ending) > maxIdentifierBytes) {
    characters = characters.slice(0, -1);
  }
  return characters.join("") + ending;
}
