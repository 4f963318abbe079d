import { keyOf, type SchemaObject } from "../schema/snapshot";
import type { Sha256 } from "./manifest";

/**
 * What a backup's database and server were like, beside their rows: what a restored one is compared with. It holds
 * nothing secret: of objects only digests.
 */
export interface BackupShape {
  readonly format: 1;
  /** The role that initdb made: grants without another grantor are its own. */
  readonly superuser: string;
  /** What the server loaded when it started (`shared_preload_libraries`); null: the login may not know. */
  readonly libraries: readonly string[] | null;
  /** Size of the database on disk. */
  readonly bytes: number;
  /** Number of large objects, as text. */
  readonly largeObjects: string;
  /** A digest of each object with owner, privileges and comment, and of each role, by what drift calls it: `table app.orders`. */
  readonly objects: Readonly<Record<string, string>>;
}

/** File of a backup that holds it; backups of older versions have none. */
export const shapeFile = "shape.json";

/** A role with what it may do and whom it belongs to; without its password. */
export interface RoleShape {
  readonly name: string;
  readonly attributes: string;
}

/** Digests of everything, by name. */
export function digestObjects(
  objects: readonly SchemaObject[],
  roles: readonly RoleShape[],
  sha256: Sha256,
): Record<string, string> {
  const digest = (value: unknown): string => sha256(JSON.stringify(value)).slice(0, 16);
  return Object.fromEntries([
    ...objects.map((object) => [keyOf(object), digest(comparedOf(object))] as const),
    ...roles.map(({ name, attributes }) => [`role ${name}`, digest(attributes)] as const),
  ]);
}

function comparedOf({ properties, privileges = {} }: SchemaObject): unknown {
  const sorted = (record: Readonly<Record<string, string>>): unknown =>
    Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return [sorted(properties), sorted(privileges)];
}

/** Reads a file that {@link BackupShape} is in. Undefined: it is of another form. */
export function parseShape(text: string): BackupShape | undefined {
  try {
    const value = JSON.parse(text) as { readonly format?: unknown; readonly objects?: unknown } | null;
    const isShape = value?.format === 1 && typeof value.objects === "object" && value.objects !== null;
    return isShape ? (value as BackupShape) : undefined;
  } catch {
    return undefined;
  }
}

/** What is not the same on a restored server, and is no fault. */
const differing: readonly string[] = [
  // Restored ones are turned off, as they would take the changes that are for the original.
  "subscription ",
  // Whichever version is installed where it is restored: what it makes comes with it.
  "extension ",
];

/**
 * What of a restored database is not as it was.
 *
 * @param expected digests of the original
 * @param found digests of the restored one
 */
export function compareObjects(
  expected: BackupShape["objects"],
  found: BackupShape["objects"],
): { readonly missing: string[]; readonly changed: string[]; readonly additional: string[] } {
  const isCompared = (key: string): boolean => !differing.some((prefix) => key.startsWith(prefix));
  const keys = Object.keys(expected).filter(isCompared);
  return {
    missing: keys.filter((key) => !Object.hasOwn(found, key)),
    changed: keys.filter((key) => Object.hasOwn(found, key) && found[key] !== expected[key]),
    // Others on the server have roles of their own.
    additional: Object.keys(found).filter(
      (key) => isCompared(key) && !key.startsWith("role ") && !Object.hasOwn(expected, key),
    ),
  };
}
