import { notShown } from "../migrations/decide-shown";
import type { RepeatableRow } from "../migrations/history";
import { madeBy, type Repeatable } from "./repeatable";

/** Why a file is to be applied: it never was, its text is another one, or what it made is gone. */
export type RepeatableReason = "new" | "changed" | "missing";

/** A file that is to be applied. */
export interface RepeatableStep {
  readonly repeatable: Repeatable;
  readonly reason: RepeatableReason;
}

/** What a file made and makes no more: it stays where it is. */
export interface LeftObject {
  /** Path of the file as its record has it: `functions/total.sql`. */
  readonly file: string;
  /** As `pg_identify_object` has it: `function app.total(integer)`. */
  readonly object: string;
  /** The statement that a migration needs to take it away. */
  readonly drop: string;
}

export interface RepeatableDecision {
  /** In the order in which they run. */
  readonly steps: readonly RepeatableStep[];
  readonly left: readonly LeftObject[];
}

/**
 * What is to be applied, and what is left of earlier texts.
 *
 * @param repeatables in their order
 */
export function decideRepeatables(
  repeatables: readonly Repeatable[],
  rows: readonly RepeatableRow[],
): RepeatableDecision {
  const known = new Map(rows.map((row) => [row.path, row]));
  const steps = repeatables.flatMap((repeatable): RepeatableStep[] => {
    const reason = reasonOf(repeatable, known.get(repeatable.name));
    return reason === undefined ? [] : [{ repeatable, reason }];
  });
  return { steps, left: leftObjects(repeatables, rows) };
}

/**
 * What may be applied: what was shown, and what a migration of the same run has dropped, which is made anew.
 *
 * @throws ProblemError where more would run than was shown
 */
export function decideShownRepeats(
  shown: readonly RepeatableStep[],
  repeatables: readonly Repeatable[],
  rows: readonly RepeatableRow[],
): readonly RepeatableStep[] {
  const { steps } = decideRepeatables(repeatables, rows);
  const other = steps.find(
    ({ repeatable, reason }) =>
      reason !== "missing" && !shown.some((one) => one.repeatable.name === repeatable.name),
  );
  if (other !== undefined) throw notShown(other.repeatable.path);
  return steps;
}

function reasonOf({ checksum }: Repeatable, row: RepeatableRow | undefined): RepeatableReason | undefined {
  if (row === undefined) return "new";
  if (row.checksum !== checksum) return "changed";
  return row.missing.length > 0 ? "missing" : undefined;
}

/** Objects that are there and that no file makes. */
function leftObjects(repeatables: readonly Repeatable[], rows: readonly RepeatableRow[]): LeftObject[] {
  const files = new Map(repeatables.map((file) => [file.name, file]));
  const made = new Set(rows.filter(({ path }) => files.has(path)).flatMap(({ objects }) => objects));
  // One that moves to another file is that one's, also before it is applied.
  const names = new Set(
    repeatables.flatMap((file) =>
      madeBy(file).map(({ kind, schema, name }) => JSON.stringify([kind, schema, name])),
    ),
  );
  return rows.flatMap((row) => {
    const own = files.has(row.path)
      ? []
      : row.objects.filter((object) => !made.has(object) && !names.has(nameKey(object)));
    const objects = [...own, ...row.left.filter((object) => !made.has(object))];
    return objects
      .filter((object) => !row.missing.includes(object))
      .map((object) => ({ file: row.path, object, drop: dropStatement(object) }));
  });
}

/** `DROP FUNCTION app.total(integer)` of `function app.total(integer)`. */
export function dropStatement(object: string): string {
  const { kind, identity } = splitIdentity(object);
  return `DROP ${kind.toUpperCase()} ${identity}`;
}

/** The parts of a recorded object. */
export function splitIdentity(object: string): { readonly kind: string; readonly identity: string } {
  const [, kind = "", identity = ""] =
    /^(function|procedure|view|materialized view|trigger|index) (.*)$/s.exec(object) ?? [];
  return { kind, identity };
}

/** Kind, schema and name of a recorded function or relation, whatever its arguments. */
function nameKey(object: string): string {
  const { kind, identity } = splitIdentity(object);
  const parts = [...identity.matchAll(/"(?:[^"]|"")*"|[^."(]+/g)].slice(0, 2).map(([part]) => {
    return part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part;
  });
  return JSON.stringify([kind, ...parts]);
}
