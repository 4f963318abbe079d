import { objectOf, privilegesOf } from "./compare";
import type { SchemaDifference } from "./difference";

/** What `Access` compares by itself, from the declaration: told once is enough. */
export interface AccessCover {
  /** Declared schemas, by their names on the server. */
  readonly schemas: readonly string[];
  /** False where the database keeps its privileges as they are. */
  readonly privileges: boolean;
}

/** The differences that `Access` does not tell. */
export function beyondAccess(
  differences: readonly SchemaDifference[],
  cover: AccessCover,
): SchemaDifference[] {
  const schemas = new Set(cover.schemas);
  return differences.flatMap((difference) => {
    const { kind, name } = objectOf(difference);
    if (kind === "role settings" || kind === "default privileges") return [];
    if (kind === "extension") return sameVersion(difference) ? only(difference, ["comment"]) : [];
    if (kind === "schema" && (difference.what === "extra" || schemas.has(plainName(name)))) {
      return only(difference, ["comment"]);
    }
    if (kind === "database") return only(difference, ["comment"]);
    const schema = schemaOf(name);
    if (difference.what !== "changed" || schema === undefined || !schemas.has(schema)) return [difference];
    const changes = difference.changes.filter(
      ({ property }) => !property.startsWith(privilegesOf) && !(cover.privileges && property === "owner"),
    );
    return changes.length === 0 ? [] : [{ ...difference, changes }];
  });
}

/** Each version brings a comment of its own. */
function sameVersion({ expected, actual }: SchemaDifference): boolean {
  return expected?.properties.version === actual?.properties.version;
}

function only(difference: SchemaDifference, properties: readonly string[]): SchemaDifference[] {
  const changes = difference.changes.filter(({ property }) => properties.includes(property));
  return changes.length === 0 ? [] : [{ ...difference, changes }];
}

/** The schema of a name as SQL writes it: of `"a.b".c` it is `a.b`. */
function schemaOf(name: string): string | undefined {
  const [, written] = /^("(?:[^"]|"")+"|[^."(]+)\./.exec(name) ?? [];
  return written === undefined ? undefined : plainName(written);
}

function plainName(written: string): string {
  return written.startsWith('"') ? written.slice(1, -1).replaceAll('""', '"') : written;
}
