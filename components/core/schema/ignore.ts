import { keyOf, type SchemaKind, type SchemaObject, type SchemaSnapshot } from "./snapshot";

/** What nobody wants to be told of. */
export interface IgnoreRule {
  /** Absent: of every kind. */
  readonly kind?: SchemaKind;
  /** As a report tells it; `*` stands for any text: `app.import_*`. */
  readonly name: string;
}

/**
 * The snapshot without what rules name, with all that is a part of it. What is left out on one side only would be a
 * difference: both sides go through the same rules.
 */
export function withoutIgnored(snapshot: SchemaSnapshot, rules: readonly IgnoreRule[]): SchemaSnapshot {
  if (rules.length === 0) return snapshot;
  const patterns = rules.map(({ kind, name }) => ({ kind, pattern: patternOf(name) }));
  return without(snapshot, ({ kind, name }) =>
    patterns.some((rule) => (rule.kind === undefined || rule.kind === kind) && rule.pattern.test(name)),
  );
}

/**
 * The snapshot without partitions that maintenance makes and drops: those of partitioned tables in given schemas.
 *
 * @param schemas as SQL writes them
 */
export function withoutMaintained(snapshot: SchemaSnapshot, schemas: readonly string[]): SchemaSnapshot {
  return without(snapshot, ({ kind, properties }) => {
    const parent = properties["partition of"];
    return (
      kind === "table" && parent !== undefined && schemas.some((schema) => parent.startsWith(`${schema}.`))
    );
  });
}

/**
 * The snapshot without the trail, of which `Audit` tells by itself; where that is not declared any more, without what
 * stays of it: the log, and what wrote to it.
 */
export function withoutTrail(snapshot: SchemaSnapshot, isDeclared: boolean): SchemaSnapshot {
  const isOurs = new RegExp(isDeclared ? `${keptOfTrail}|${goneWithTrail}` : keptOfTrail);
  return without(snapshot, (object) => isOurs.test(keyOf(object)));
}

const keptOfTrail = "^table audit\\.change_log$|^function audit\\.record_[a-z]+\\(";
const goneWithTrail = "^trigger pgstead_audit_[a-z]+ on |^event trigger pgstead_audit_[a-z_]+$";

/**
 * The snapshot without some objects and what is a part of them.
 *
 * @param objects as `pg_identify_object` has them: `function app.add(integer,integer)`; without arguments: all of that name
 */
export function withoutObjects(snapshot: SchemaSnapshot, objects: ReadonlySet<string>): SchemaSnapshot {
  return objects.size === 0
    ? snapshot
    : without(snapshot, (object) => {
        const key = keyOf(object);
        return objects.has(key.replaceAll(", ", ",")) || objects.has(withoutArguments(key));
      });
}

/** `function app.add` of `function app.add(integer)`. */
export function withoutArguments(key: string): string {
  return key.replace(/\(.*$/s, "");
}

function without(snapshot: SchemaSnapshot, isLeftOut: (object: SchemaObject) => boolean): SchemaSnapshot {
  const gone = new Set(snapshot.objects.filter(isLeftOut).map(keyOf));
  if (gone.size === 0) return snapshot;
  const owners = new Map(snapshot.objects.map((object) => [keyOf(object), object.of]));
  const isGone = (key: string | undefined): boolean =>
    key !== undefined && (gone.has(key) || isGone(owners.get(key)));
  return { ...snapshot, objects: snapshot.objects.filter((object) => !isGone(keyOf(object))) };
}

function patternOf(name: string): RegExp {
  const parts = name.split("*").map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s");
}
