import { reportMisplaced, type FileReader, type Range } from "./statements";

/** The parts of a file, each from its marker on. */
export interface Parts {
  readonly up: Range;
  readonly down?: Range;
}

interface Marker {
  readonly word: "up" | "down";
  readonly start: number;
}

/**
 * Finds the parts; a marker in a string or in the body of a function is none.
 *
 * @returns undefined: they are not as they should be, which is told
 */
export function findParts(reader: FileReader): Parts | undefined {
  const markers = findMarkers(reader);
  if (markers === undefined) return undefined;
  const [up, down, ...more] = markers;
  if (up?.word !== "up" || (down !== undefined && down.word !== "down") || more.length > 0) {
    const found = markers.map(({ word }) => word).join(", ");
    const message =
      found === "" ? "has no `-- migrate:up`" : `has the markers ${found}: one up, then one down at most`;
    const hint = "write `-- migrate:up` before what it does and `-- migrate:down` before what takes it back";
    reader.report(up === undefined ? 1 : reader.lineOf(up.start), { message, hint });
    return undefined;
  }
  const end = reader.text.length;
  if (down === undefined) return { up: { start: up.start, end } };
  return { up: { start: up.start, end: down.start }, down: { start: down.start, end } };
}

/** The markers; undefined where one is not written as it should be. */
function findMarkers(reader: FileReader): Marker[] | undefined {
  const { text, report, lineOf } = reader;
  const read = reader.tokens.flatMap(({ kind, start, end }): (Marker | undefined)[] => {
    const comment = text.slice(start, end);
    if (kind !== "comment" || !/^--\s*migrate:/.test(comment)) return [];
    const word = /^--\s*migrate:(up|down)\s*$/.exec(comment)?.[1];
    const before = text.slice(text.lastIndexOf("\n", start - 1) + 1, start).trim();
    if ((word === "up" || word === "down") && before === "") return [{ word, start }];
    const hint =
      "write `-- migrate:up` and `-- migrate:down`, each on a line of its own; options are in the header";
    report(lineOf(start), { message: `"${comment.trim()}" is no marker`, hint });
    return [undefined];
  });
  const markers = read.filter((marker) => marker !== undefined);
  return markers.length === read.length ? markers : undefined;
}

/** Tells of SQL and of acknowledgements before the first part. */
export function reportHeaderSql(reader: FileReader, end: number): void {
  const before = reader.tokens.filter(({ start }) => start < end);
  const sql = before.find(({ kind }) => kind === "other");
  if (sql !== undefined) {
    const message = "has SQL before its first marker, which nothing runs";
    reader.report(reader.lineOf(sql.start), { message, hint: "move it below `-- migrate:up`" });
  }
  reportMisplaced(
    reader,
    before.filter(({ kind }) => kind === "comment"),
  );
}
