/** A revision of Alembic: one file of the application's. */
export interface AlembicRevision {
  /** Its id: `ae1027a6acf`. */
  readonly revision: string;
  /** Ids of what it comes after; several make it a merge, none a base. */
  readonly down: readonly string[];
  /** Ids of what has to be applied before, besides. */
  readonly depends: readonly string[];
  /** Name of its file: `ae1027a6acf_add_phone.py`. */
  readonly file: string;
  /** Where it is, as seen from the application's directory. */
  readonly path: string;
  /** First line of its docstring. */
  readonly doc: string;
  /** SHA-256 of its text with LF at the end of lines, in hexadecimal. */
  readonly checksum: string;
}

/** Ids with all that they stand on, themselves included. */
export function ancestorsOf(
  ids: readonly string[],
  revisions: readonly AlembicRevision[],
): ReadonlySet<string> {
  const known = new Map(revisions.map((one) => [one.revision, one]));
  const found = new Set<string>();
  const left = [...ids];
  for (let id = left.pop(); id !== undefined; id = left.pop()) {
    if (found.has(id)) continue;
    found.add(id);
    const revision = known.get(id);
    if (revision !== undefined) left.push(...revision.down, ...revision.depends);
  }
  return found;
}

/** In an order in which they can run: each after what it stands on; else as they come. */
export function inRunningOrder(revisions: readonly AlembicRevision[]): AlembicRevision[] {
  const ids = new Set(revisions.map(({ revision }) => revision));
  const done = new Set<string>();
  const sorted: AlembicRevision[] = [];
  for (let left = [...revisions]; left.length > 0;) {
    const isReady = ({ down, depends }: AlembicRevision): boolean =>
      [...down, ...depends].every((id) => done.has(id) || !ids.has(id));
    const next = left.find(isReady);
    if (next === undefined) throw new Error("revisions that stand on each other"); // which Alembic refuses to load
    done.add(next.revision);
    sorted.push(next);
    left = left.filter((one) => one !== next);
  }
  return sorted;
}

/** The heads once a revision is applied on top of others. */
export function headsAfter(heads: readonly string[], { revision, down }: AlembicRevision): string[] {
  return [...heads.filter((head) => !down.includes(head)), revision];
}

/** The heads once a revision of a line without branches is taken back. */
export function headsWithout(heads: readonly string[], { revision, down }: AlembicRevision): string[] {
  return [...heads.filter((head) => head !== revision), ...down];
}
