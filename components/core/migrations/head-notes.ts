import { renderApplied } from "./compare-history";
import { lastOf } from "./decide";
import type { DeclaredDecision, DeclaredTarget } from "./decide-declared";
import { fileNameOf, type MigrationHistory } from "./history";

/** Where a database is, as the state of its resource knows it. */
export interface KnownHead {
  /** File of the last migration that is applied; empty: none is. */
  readonly head: string;
  /** How many are. */
  readonly applied: number;
  /** Of their records. */
  readonly digest: string;
}

/** Where a database is now. */
export interface FoundHead {
  readonly history: MigrationHistory;
  /** Names of the files, in their order. */
  readonly names: readonly string[];
  readonly digest: string;
}

/** What the state is to know. */
export function headOf({ history: { applied }, digest }: FoundHead): KnownHead {
  const head = applied.at(-1);
  return { head: head === undefined ? "" : fileNameOf(head), applied: applied.length, digest };
}

/** What changed the history besides `up`. */
export interface HeadChange {
  /** Members of {@link KnownHead} that differ. */
  readonly differs: readonly (keyof KnownHead)[];
  /** By name, for people. */
  readonly notes: readonly string[];
}

/**
 * What is not as the last `up` left it: taken back by hand, applied elsewhere, a record that was edited. Where the stack
 * says how far its migrations go and the database is right there, it is as declared, however it came there.
 *
 * @param known undefined: there was no `up` yet
 */
export function changesSince(
  known: KnownHead | undefined,
  found: FoundHead,
  { target }: Pick<DeclaredTarget, "target">,
): HeadChange {
  const now = headOf(found);
  if (known === undefined || (target !== undefined && isAt(target, now, found))) return nothing;
  const differs = (["head", "applied", "digest"] as const).filter((name) => known[name] !== now[name]);
  if (differs.length === 0) return nothing;
  const names = [...takenBack(known, found), ...appliedSince(known, found)];
  const edited =
    "a record of the history was changed since the last `up`: `migrate history` shows who did what";
  return { differs, notes: names.length === 0 ? [edited] : names };
}

const nothing: HeadChange = { differs: [], notes: [] };

function isAt(target: string, { head }: KnownHead, { history }: FoundHead): boolean {
  const last = lastOf(target, history.applied);
  return (last === undefined ? "" : fileNameOf(last)) === head;
}

function takenBack({ head }: KnownHead, { history, names }: FoundHead): string[] {
  const applied = new Set(history.applied.map(fileNameOf));
  const were = [...names.slice(0, names.indexOf(head)), ...(head === "" ? [] : [head])];
  return were
    .filter((name) => !applied.has(name))
    .map((name) => `${name} was applied at the last \`up\`, and was taken back since`);
}

function appliedSince({ head }: KnownHead, { history }: FoundHead): string[] {
  const before = head === "" ? -1 : Number.parseInt(head, 10);
  return history.applied
    .filter(({ version }) => Number(version) > before)
    .map((row) => `${fileNameOf(row)} was applied since the last \`up\`, ${renderApplied(row)}`);
}

/** What people should know of what is to run. */
export function noteSteps({ steps, above }: DeclaredDecision, { target = "" }: DeclaredTarget): string[] {
  const half = steps.flatMap(({ migration, resume }) =>
    resume === undefined
      ? []
      : [`${migration.path} is half done, and goes on at its statement ${resume.done + 1}`],
  );
  if (above.length === 0) return half;
  const names = above.map(fileNameOf).join(", ");
  const down = `\`migrate downgrade ${target}\` takes back what is above it, and so does \`up\` with pgstead:migrations.downgrade: allow`;
  return [
    ...half,
    `${names} ${above.length === 1 ? "is" : "are"} applied above the target ${target}; ${down}`,
  ];
}
