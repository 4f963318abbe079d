import { nearest } from "../../nearest";
import type { Problem } from "../../problem";
import { renderApplied } from "../compare-history";
import type { DowngradeTarget } from "../decide";
import type { AppliedMigration } from "../history";
import { ancestorsOf, inRunningOrder, type AlembicRevision } from "./revision";

/** All that is decided from. */
export interface RevisionState {
  readonly revisions: readonly AlembicRevision[];
  /** Ids of the files' heads. */
  readonly heads: readonly string[];
  /** Ids that the database's `alembic_version` has. */
  readonly current: readonly string[];
  /** What the trail knows of revisions, the newest word of each. */
  readonly records: readonly AppliedMigration[];
}

/** Which revisions are to run in which order; or all that keeps them from running. */
export interface RevisionDecision {
  /** Empty where there are problems. */
  readonly steps: readonly AlembicRevision[];
  readonly problems: readonly Problem[];
}

/** What the database has, in the order in which it can have run. */
export function appliedRevisions({ revisions, current, records }: RevisionState): AppliedMigration[] {
  const applied = ancestorsOf(current, revisions);
  const known = new Map(records.map((record) => [record.version, record]));
  return inRunningOrder(revisions)
    .filter(({ revision }) => applied.has(revision))
    .map(({ revision, file }) => known.get(revision) ?? ranElsewhere(revision, file));
}

function ranElsewhere(version: string, name: string): AppliedMigration {
  const unknown = { checksum: "", appliedAt: "", appliedBy: "", durationMs: null };
  return { version, name, transactional: true, origin: "elsewhere", ...unknown };
}

/** What of the files is not what the database has: applied files are frozen. */
export function compareRevisions(state: RevisionState): Problem[] {
  const { revisions, current } = state;
  const files = new Map(revisions.map((one) => [one.revision, one]));
  const unknown = current
    .filter((id) => !files.has(id))
    .map((id) => ({
      path: id,
      message: "is what the database is at, and no file has it",
      hint: "is this checkout older than the database, or of another application? Get the newer files",
    }));
  const edited = appliedRevisions(state).flatMap((row): Problem[] => {
    const { path = "", checksum = "" } = files.get(row.version) ?? {};
    if (row.checksum === "" || row.checksum === checksum) return [];
    return [
      {
        path,
        message: `was edited after it was applied ${renderApplied(row)}: ${row.checksum.slice(0, 12)} is now ${checksum.slice(0, 12)}`,
        hint: "restore it from git and write the change as a new revision; `migrate repair` takes over what changes nothing",
      },
    ];
  });
  return [...unknown, ...edited];
}

/** The revisions that are to be applied, up to a target; default all. */
export function decideRevisions(state: RevisionState, target?: string): RevisionDecision {
  const { revisions, heads, current } = state;
  const problems = compareRevisions(state);
  const applied = ancestorsOf(current, revisions);
  const pending = inRunningOrder(revisions).filter(({ revision }) => !applied.has(revision));
  const wantsAll = target === undefined || /^heads?$/.test(target);
  if (wantsAll && heads.length > 1) problems.push(severalHeads(heads, revisions));
  if (problems.length > 0) return { steps: [], problems };
  if (wantsAll) return { steps: pending, problems };
  const [, count] = /^\+(\d+)$/.exec(target) ?? [];
  if (count !== undefined) return { steps: pending.slice(0, Number(count)), problems };
  const last = findRevision(target, revisions);
  if (last === undefined) return { steps: [], problems: [unknownRevision(target, revisions)] };
  const wanted = ancestorsOf([last.revision], revisions);
  const isBehind = applied.has(last.revision) && !current.includes(last.revision);
  if (isBehind) return { steps: [], problems: [behind(last, current)] };
  return { steps: pending.filter(({ revision }) => wanted.has(revision)), problems };
}

/** The revisions that are to be taken back, the last one first. */
export function decideRevisionsBack(state: RevisionState, target: DowngradeTarget): RevisionDecision {
  const { revisions, current } = state;
  const problems = compareRevisions(state);
  const known = ancestorsOf(current, revisions);
  const applied = inRunningOrder(revisions).filter(({ revision }) => known.has(revision));
  const gone = goneOf(target, applied, revisions, problems);
  const merge = gone.find(({ down }) => down.length > 1);
  if (merge !== undefined || (gone.length > 0 && current.length > 1)) {
    problems.push({
      path: merge?.path ?? current.join(", "),
      message:
        merge === undefined
          ? `the database is at ${current.length} heads`
          : "is a merge: its way back has several ends",
      hint: "go back to one behind no branch and no merge; what else is wanted is a new revision",
    });
  }
  return { steps: problems.length > 0 ? [] : gone.toReversed(), problems };
}

/** What of the applied ones is to go. */
function goneOf(
  target: DowngradeTarget,
  applied: readonly AlembicRevision[],
  revisions: readonly AlembicRevision[],
  problems: Problem[],
): readonly AlembicRevision[] {
  if (target === "base") return applied;
  if ("steps" in target) {
    if (target.steps <= applied.length) return applied.slice(applied.length - target.steps);
    const message = `are more than the ${applied.length} that are applied`;
    problems.push({ path: `${target.steps} steps`, message, hint: "`base` takes all of them back" });
    return [];
  }
  const stays = findRevision(target.to, revisions);
  if (stays !== undefined && applied.includes(stays)) {
    const kept = ancestorsOf([stays.revision], revisions);
    return applied.filter(({ revision }) => !kept.has(revision));
  }
  const hint = "`migrate status` shows what is applied; `base` is before the first one";
  const message = "is not applied: a downgrade goes back to one that is";
  problems.push(
    stays === undefined ? unknownRevision(target.to, revisions) : { path: stays.path, message, hint },
  );
  return [];
}

/** The revision that a user means: by its id or the beginning of it, or by its file. */
export function findRevision(
  wanted: string,
  revisions: readonly AlembicRevision[],
): AlembicRevision | undefined {
  const file = wanted.split("/").at(-1);
  const exact = revisions.find((one) => one.revision === wanted || one.file === file);
  if (exact !== undefined || wanted.length < shortest) return exact;
  const begin = revisions.filter(({ revision }) => revision.startsWith(wanted));
  return begin.length === 1 ? begin[0] : undefined;
}

/** Fewer letters of an id mean nothing, as with Alembic. */
const shortest = 4;

function unknownRevision(wanted: string, revisions: readonly AlembicRevision[]): Problem {
  const meant = nearest(
    wanted,
    revisions.flatMap(({ revision, file }) => [revision, file]),
  );
  const hint = meant === undefined ? "give an id, a file, head or +1" : `is ${meant} meant?`;
  return { path: wanted, message: "is no revision, or the beginning of several", hint };
}

function severalHeads(heads: readonly string[], revisions: readonly AlembicRevision[]): Problem {
  const paths = heads.map((head) => revisions.find(({ revision }) => revision === head)?.path ?? head);
  return {
    path: paths.join(", "),
    message: `are ${heads.length} heads: which one comes first is not said`,
    hint: "`alembic merge heads` makes them one; or name the one that is to be applied",
  };
}

function behind(target: AlembicRevision, current: readonly string[]): Problem {
  return {
    path: target.path,
    message: `is behind ${current.join(", ")}, which is applied`,
    hint: `\`migrate downgrade ${target.revision}\` takes back what came after it`,
  };
}
