import type { RepositoryNumber } from "./configuration";

/** A restore of a server, as it is written down beside the generation that it made. */
export interface RestoreRecord {
  /** Number of the generation. */
  readonly generation: number;
  /** The one that was in use. */
  readonly from: number;
  /** Whether it was made from a backup, or is an older one that is taken again. */
  readonly kind: "restore" | "undo";
  /** Milliseconds since 1970; null: all of the log. */
  readonly target: number | null;
  /** Number of the line of the log that it goes along; undefined: its own, to its end. */
  readonly timeline?: number;
  /** Name of the backup that it was made from. */
  readonly backup?: string;
  /** Number of the repository that it came from; absent: the first. */
  readonly repository?: RepositoryNumber;
  /** Whether it is only there, is being put in the place of the other one, or was. */
  readonly step: "made" | "swapping" | "done";
  /** Milliseconds since 1970. */
  readonly madeAt: number;
}

/** A whole data directory on the data volume. */
export interface Generation {
  readonly number: number;
  readonly bytes: number;
  readonly restore?: RestoreRecord;
}

/** What is on a data volume. */
export interface DataVolume {
  /** The generation that `current` leads to; undefined: there is no such link. */
  readonly current: number | undefined;
  /** By number. */
  readonly generations: readonly Generation[];
  /** Names of what a killed run has left half made. */
  readonly halves: readonly string[];
  readonly freeBytes: number;
}

/** Reads what the listing of a data volume prints: `current 1`, `free 123`, `generation 1 456`, `half 2.partial`, `record {…}`. */
export function parseDataVolume(text: string): DataVolume {
  const lines = text.split("\n").map((line): [string, string] => {
    const at = line.indexOf(" ");
    return [line.slice(0, Math.max(0, at)), line.slice(at + 1)];
  });
  const all = (kind: string): string[] => lines.filter(([found]) => found === kind).map(([, rest]) => rest);
  const records = all("record").flatMap(parseRecord);
  const current = Number(all("current")[0]);
  return {
    current: Number.isInteger(current) && current > 0 ? current : undefined,
    freeBytes: Number(all("free")[0] ?? 0),
    halves: all("half"),
    generations: all("generation")
      .map((rest): Generation => {
        const [number, bytes] = rest.split(" ").map(Number) as [number, number];
        const restore = records.find(({ generation }) => generation === number);
        return { number, bytes, ...(restore === undefined ? {} : { restore }) };
      })
      .toSorted((one, other) => one.number - other.number),
  };
}

/** A record that was cut off by the end of a disk is none. */
function parseRecord(text: string): RestoreRecord[] {
  try {
    return [JSON.parse(text) as RestoreRecord];
  } catch {
    return [];
  }
}

/** The number of the next generation. */
export function nextGeneration({ generations, halves }: DataVolume): number {
  const taken = [
    ...generations.map(({ number }) => number),
    ...halves.map((name) => Number.parseInt(name, 10)),
  ];
  return Math.max(0, ...taken.filter(Number.isInteger)) + 1;
}

/** What is left to do of runs that did not come to their end. */
export interface Settling {
  /** Names of what is half made, and of generations that nobody put in place. */
  readonly remove: readonly string[];
  /** Older generations that were to be taken again and were not: they stay as they were. */
  readonly leave: readonly number[];
  /** The generation that was put in place, and whose restore is to be brought to its end. */
  readonly finish?: RestoreRecord;
  /** The server was to be stopped for a swap that did not happen: it may be down. */
  readonly start: boolean;
}

/**
 * What an earlier run has left, whichever step it was killed at: until `current` was led to another generation everything
 * is as before, and from then on the restore is brought to its end.
 *
 * @param isKept true: what was restored last stays, as somebody looks into it
 */
export function planSettling({ current, generations, halves }: DataVolume, isKept: boolean): Settling {
  const records = generations.flatMap(({ restore }) => (restore === undefined ? [] : [restore]));
  const open = records.filter(({ step }) => step !== "done");
  const finish = open.find(({ generation, step }) => generation === current && step === "swapping");
  const dropped = open.filter(
    ({ generation, step }) => generation !== current && !(isKept && step === "made"),
  );
  const made = dropped.filter(({ kind }) => kind === "restore").map(({ generation }) => String(generation));
  return {
    remove: [...halves, ...made],
    leave: dropped.filter(({ kind }) => kind === "undo").map(({ generation }) => generation),
    ...(finish === undefined ? {} : { finish }),
    start: dropped.some(({ step }) => step === "swapping"),
  };
}

/** The generation that `--undo` takes again: the one that the last restore took the place of. */
export function findPrevious({ current, generations }: DataVolume): Generation | undefined {
  const from = generations.find(({ number }) => number === current)?.restore?.from;
  return generations.find(({ number }) => number === from);
}

/** Generations that are not in use, and that nobody is about to use. */
export function oldGenerations({ current, generations }: DataVolume): readonly Generation[] {
  return generations.filter(({ number }) => number !== current);
}

/** Bytes that a restore needs: the server's files, and room for the log that is replayed and what grows meanwhile. */
export function neededBytes(backupBytes: number): number {
  return Math.ceil(backupBytes * 1.1) + 256 * 1024 ** 2;
}
