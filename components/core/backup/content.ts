import type { BackedUpTable, BackupFile } from "./manifest";

/** A line of `pg_restore --list`, as far as it is looked at. */
export interface ArchiveEntry {
  readonly dumpId: number;
  /** Catalogue of the object: that of relations, or 0 for their rows. */
  readonly catalog: number;
  /** Of the object in its catalogue. */
  readonly oid: number;
  readonly rest: string;
}

/** Number of pg_class, where relations are. */
const relations = 1259;

/** Reads what `pg_restore --list` printed. */
export function parseArchiveList(text: string): ArchiveEntry[] {
  return text.split("\n").flatMap((line) => {
    const [, dumpId = "", catalog = "", oid = "", rest = ""] = /^(\d+); (\d+) (\d+) (.+)$/.exec(line) ?? [];
    return dumpId === ""
      ? []
      : [{ dumpId: Number(dumpId), catalog: Number(catalog), oid: Number(oid), rest }];
  });
}

/**
 * What of the snapshot's tables is not in an archive; empty: all of it is.
 *
 * @param files sizes in bytes of the archive's own files, by name
 */
export function findMissing(
  entries: readonly ArchiveEntry[],
  tables: readonly BackedUpTable[],
  files: ReadonlyMap<string, number>,
): string[] {
  const idsOf = (catalog: number, kind: RegExp): Map<number, number> =>
    new Map(
      entries
        .filter((entry) => entry.catalog === catalog && kind.test(entry.rest))
        .map(({ oid, dumpId }) => [oid, dumpId]),
    );
  const made = idsOf(relations, /^(?:FOREIGN )?TABLE /);
  const filled = idsOf(0, /^TABLE DATA /);
  const hasFile = (dumpId: number): boolean =>
    ["", ".zst", ".gz"].some((ending) => (files.get(`${dumpId}.dat${ending}`) ?? 0) > 0);
  return tables.flatMap((table) => {
    if (!made.has(table.oid)) return [`table ${tableName(table)} is not in it`];
    if (table.kind !== "r") return [];
    const dumpId = filled.get(table.oid);
    if (dumpId !== undefined && hasFile(dumpId)) return [];
    return [`the rows of ${tableName(table)} are not in it`];
  });
}

/** `app.orders`, for people. */
export function tableName({ schema, name }: Pick<BackedUpTable, "schema" | "name">): string {
  return `${schema}.${name}`;
}

/** Looks at the lines of a plain dump as they are written. */
export interface PlainCheck {
  line(text: string): void;
  /** What is wrong with what went by; empty: nothing is. */
  faults(): string[];
}

/** What the last lines of a plain file say when its program came to its end. */
export const completionMarks = {
  dump: "-- PostgreSQL database dump complete",
  globals: "-- PostgreSQL database cluster dump complete",
} as const;

/** @param tables those that have to be in it; none for globals */
export function checkPlain(
  mark: string,
  tables: readonly BackedUpTable[],
  { rows }: { readonly rows: boolean },
): PlainCheck {
  const wanted = new Map<string, string>();
  for (const table of tables) {
    const place = `${oneLine(table.name)}; Type: `;
    const kind = table.kind === "f" ? "FOREIGN TABLE" : "TABLE";
    const schema = `; Schema: ${oneLine(table.schema)};`;
    wanted.set(`-- Name: ${place}${kind}${schema}`, `table ${tableName(table)} is not in it`);
    if (rows && table.kind === "r") {
      wanted.set(
        `-- Data for Name: ${place}TABLE DATA${schema}`,
        `the rows of ${tableName(table)} are not in it`,
      );
    }
  }
  let isComplete = false;
  return {
    line(text) {
      isComplete = text === mark || (isComplete && afterMark.test(text));
      if (!text.startsWith("-- ")) return;
      const end = text.lastIndexOf("; Owner: ");
      if (end !== -1) wanted.delete(text.slice(0, end + 1));
    },
    faults: () => [...wanted.values(), ...(isComplete ? [] : ["it does not come to its end"])],
  };
}

/** Since August 2025 a dump ends with the key that it began with. */
const afterMark = /^(?:--|\\unrestrict \w+)?$/;

/** As pg_dump writes a name into a comment. */
function oneLine(name: string): string {
  return name.replace(/[\n\r]/g, " ");
}

/** What differs between the files that a manifest lists and those that are there; sizes first, as they cost nothing. */
export function compareFiles(expected: readonly BackupFile[], found: readonly BackupFile[]): string[] {
  const there = new Map(found.map((file) => [file.path, file]));
  const listed = new Set(expected.map(({ path }) => path));
  return [
    ...expected.flatMap((file) => describeFile(file, there.get(file.path))),
    ...found
      .filter(({ path }) => !listed.has(path))
      .map(({ path }) => `${path} is there, and is not part of it`),
  ];
}

function describeFile({ path, bytes, sha256 }: BackupFile, found: BackupFile | undefined): string[] {
  if (found === undefined) return [`${path} is missing`];
  if (found.bytes !== bytes) {
    return [`${path} has ${found.bytes} bytes and was written with ${bytes}`];
  }
  return found.sha256 === sha256 ? [] : [`${path} is not what was written: its checksum differs`];
}
