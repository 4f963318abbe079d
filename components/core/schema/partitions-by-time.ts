import type { SchemaComparison, SchemaDifference } from "./difference";
import type { SchemaObject } from "./snapshot";

/**
 * Whether it is a partition as `make_partitions` of the conventions makes them: named after the day that it begins at.
 * Which of them there are is time's to say, and no migration's.
 */
function isByTime({ kind, name, properties }: SchemaObject): boolean {
  const [, year, month, day] = /_p(\d{4})(\d{2})(\d{2})"?$/.exec(name) ?? [];
  const begins = `FOR VALUES FROM ('${year}-${month}-${day}`;
  return kind === "table" && properties.bound?.startsWith(begins) === true;
}

/** The differences without partitions by time that are there or are not; what such a one has is compared. */
export function withoutPartitionsByTime({ differences, remarks }: SchemaComparison): SchemaComparison {
  const fewer = new Map<string, string[]>();
  const more = new Map<string, string[]>();
  const rest = differences.filter(({ what, expected, actual }: SchemaDifference) => {
    const object = expected ?? actual;
    if (what === "changed" || object === undefined || !isByTime(object)) return true;
    const list = what === "missing" ? fewer : more;
    const parent = `table ${object.properties["partition of"] ?? ""}`;
    list.set(parent, [...(list.get(parent) ?? []), object.name]);
    return false;
  });
  if (rest.length === differences.length) return { differences, remarks };
  const tell = (list: ReadonlyMap<string, readonly string[]>, word: string): SchemaComparison["remarks"] =>
    [...list].map(([subject, names]) => ({
      subject,
      message: `has ${word} partitions by time than when its migrations ran: ${names.join(", ")}`,
    }));
  return { differences: rest, remarks: [...remarks, ...tell(more, "more"), ...tell(fewer, "fewer")] };
}
