import type { PropertyChange, SchemaComparison, SchemaDifference } from "./difference";
import { withoutPartitionsByTime } from "./partitions-by-time";
import { saysTheSame } from "./spelling";
import { keyOf, schemaKinds, type SchemaObject, type SchemaSnapshot } from "./snapshot";

/** How the schema of a database differs from what it is to be. */
export function compareSchemas(expected: SchemaSnapshot, actual: SchemaSnapshot): SchemaComparison {
  const [wanted, found] = [byKey(expected), byKey(actual)];
  const all = new Map<string, SchemaDifference>();
  for (const [key, object] of wanted) {
    const other = found.get(key);
    if (other === undefined) {
      all.set(key, { what: "missing", expected: object, changes: [] });
      continue;
    }
    const changes = changesBetween(object, other);
    if (changes.length > 0) all.set(key, { what: "changed", expected: object, actual: other, changes });
  }
  for (const [key, object] of found) {
    if (!wanted.has(key)) all.set(key, { what: "extra", actual: object, changes: [] });
  }
  const left = parentsLeft(all);
  const told = [...all.values()]
    .filter((difference) => !isKeptOfParent(difference, left, wanted))
    .flatMap((difference) => withoutWhatFollows(difference, all));
  return withoutPartitionsByTime({
    differences: inOrder(told),
    remarks: all.size === 0 && sameOrder(expected, actual) ? [] : reordered(wanted, found),
  });
}

function byKey({ objects }: SchemaSnapshot): Map<string, SchemaObject> {
  return new Map(objects.map((object) => [keyOf(object), object]));
}

/** Privileges are compared role by role. */
function changesBetween(expected: SchemaObject, actual: SchemaObject): PropertyChange[] {
  return [
    ...changesOf(expected.properties, actual.properties, ""),
    ...changesOf(expected.privileges ?? {}, actual.privileges ?? {}, privilegesOf),
  ];
}

/** How the property is called that says what a role may do. */
export const privilegesOf = "privileges of ";

type Properties = Readonly<Record<string, string>>;

function changesOf(expected: Properties, actual: Properties, prefix: string): PropertyChange[] {
  const changes: PropertyChange[] = [];
  for (const name of Object.keys(expected)) {
    if (!saysTheSame(expected[name], actual[name])) {
      changes.push({ property: prefix + name, expected: expected[name], actual: actual[name] });
    }
  }
  for (const name of Object.keys(actual)) {
    if (!Object.hasOwn(expected, name)) {
      changes.push({ property: prefix + name, expected: undefined, actual: actual[name] });
    }
  }
  return changes;
}

/** A column goes with its table, and what a partition has from its parent changes with that. */
function withoutWhatFollows(
  difference: SchemaDifference,
  all: ReadonlyMap<string, SchemaDifference>,
): SchemaDifference[] {
  const { what, changes } = difference;
  const { of, from } = difference.expected ?? difference.actual ?? {};
  if (what !== "changed") {
    const goesWith = [of, from].some((key) => key !== undefined && all.get(key)?.what === what);
    return goesWith ? [] : [difference];
  }
  const above = from === undefined ? undefined : all.get(from);
  if (above?.what !== "changed") return [difference];
  const own = changes.filter(
    (change) =>
      !above.changes.some(
        (one) =>
          one.property === change.property &&
          one.expected === change.expected &&
          one.actual === change.actual,
      ),
  );
  return own.length === 0 ? [] : [{ ...difference, changes: own }];
}

/** Keys of the parents that tables are to have and have not, by the tables' keys. */
function parentsLeft(all: ReadonlyMap<string, SchemaDifference>): ReadonlyMap<string, readonly string[]> {
  const left = new Map<string, readonly string[]>();
  for (const [key, { changes }] of all) {
    const parents = changes
      .filter(({ property }) => property === "partition of" || property === "inherits")
      .flatMap(({ expected, actual }) => {
        const has = actual?.split(", ") ?? [];
        return (expected?.split(", ") ?? []).filter((name) => !has.includes(name));
      });
    if (parents.length === 0) continue;
    left.set(
      key,
      parents.map((name) => `table ${name}`),
    );
  }
  return left;
}

/** Whether a table that left its parent has it, or lacks it, for no other reason: it is the parent's again afterwards. */
function isKeptOfParent(
  difference: SchemaDifference,
  left: ReadonlyMap<string, readonly string[]>,
  wanted: ReadonlyMap<string, SchemaObject>,
): boolean {
  const { what, expected, changes } = difference;
  const { kind, of, details, properties } = objectOf(difference);
  const parents = left.get(details.table ?? of ?? "");
  if (parents === undefined) return false;
  if (what === "changed" && kind === "index") return expected?.from !== undefined;
  if (what === "changed" && kind === "column") {
    return changes.every(({ property, actual: found }) => property === "identity" && found === undefined);
  }
  if (kind !== "constraint" || what !== "extra") return false;
  return [...wanted.values()].some(
    (one) =>
      one.kind === kind &&
      parents.includes(one.of ?? "") &&
      one.properties.definition === properties.definition,
  );
}

const places = new Map(schemaKinds.map((kind, place) => [kind, place]));

function inOrder(differences: readonly SchemaDifference[]): SchemaDifference[] {
  const place = ({ kind }: SchemaObject): number => places.get(kind) ?? 0;
  return differences.toSorted((a, b) => {
    const [one, other] = [objectOf(a), objectOf(b)];
    return place(one) - place(other) || (one.name < other.name ? -1 : Number(one.name > other.name));
  });
}

/** What a difference is about. */
export function objectOf({ expected, actual }: SchemaDifference): SchemaObject {
  const object = expected ?? actual;
  if (object === undefined) throw new Error("a difference is of an object");
  return object;
}

/** The usual case, which needs no table of columns by table. */
function sameOrder(expected: SchemaSnapshot, actual: SchemaSnapshot): boolean {
  const names = ({ objects }: SchemaSnapshot): string[] =>
    objects.filter(({ kind }) => kind === "column").map(({ name }) => name);
  const [one, other] = [names(expected), names(actual)];
  return one.length === other.length && one.every((name, place) => name === other[place]);
}

/** Tables whose common columns stand in another order: nothing depends on it but `SELECT *` and INSERT without names. */
function reordered(
  wanted: ReadonlyMap<string, SchemaObject>,
  found: ReadonlyMap<string, SchemaObject>,
): SchemaComparison["remarks"] {
  const columns = columnsByTable(wanted, found);
  const others = columnsByTable(found, wanted);
  return [...columns].flatMap(([table, names]) => {
    const actual = others.get(table) ?? [];
    if (names.every((name, place) => name === actual[place])) return [];
    const short = (name: string): string => name.slice(table.length - table.indexOf(" "));
    const order = actual.map(short).join(", ");
    return [{ subject: table, message: `its columns stand in another order: ${order}` }];
  });
}

/** Names of the columns that both have, by the key of their table. */
function columnsByTable(
  objects: ReadonlyMap<string, SchemaObject>,
  others: ReadonlyMap<string, SchemaObject>,
): Map<string, string[]> {
  const columns = new Map<string, string[]>();
  for (const [key, { kind, name, of }] of objects) {
    if (kind !== "column" || of === undefined || !others.has(key)) continue;
    const names = columns.get(of) ?? [];
    names.push(name);
    columns.set(of, names);
  }
  return columns;
}
