import { socketDirectory, queryOverSocket } from "../../../components/io/docker/server";
import { median } from "../figures";
import { say } from "../progress";
import { execute, type ServerUnderLoad } from "./load";

/** What pgbench counted with one kind of transactions, of one of the two that take turns. */
export interface Throughput {
  readonly mode: string;
  readonly subject: string;
  /** Transactions per second of each run. */
  readonly tps: readonly number[];
  readonly median: number;
}

/** How the first stands to the second. */
export interface ThroughputRatio {
  readonly mode: string;
  /** Of the two runs that were next to each other, so that what else the machine does hits both. */
  readonly ratios: readonly number[];
  readonly median: number;
}

/** Two ways to have one server, under the same transactions. */
export interface PgbenchResult {
  /** First and second, as they are called. */
  readonly subjects: readonly [string, string];
  readonly throughput: readonly Throughput[];
  /** First over second. */
  readonly ratios: readonly ThroughputRatio[];
}

/** What takes turns on one server. */
export interface Contest {
  readonly subjects: readonly [string, string];
  readonly rounds: number;
  /** Makes the server what the subject says. */
  readonly use: (subject: string) => Promise<void>;
  /**
   * `dear`: changing the server costs more than a run, so it is done once in a round for all modes. `cheap`: each mode
   * has its own turns, one after the other and back again, so that what drifts in a minute hits both alike.
   */
  readonly change: "dear" | "cheap";
}

/** 100,000 rows each, 15 MB: 375 MB do not fit into stock shared buffers of 128MB, and do into the tuned ones. */
const scale = 25;
/** Seconds that count: one interval of a stack's scrapes (15 s), so that each run has its share; and seconds before. */
const [measured, warming] = [15, 4];

const modes: readonly { readonly mode: string; readonly options: readonly string[] }[] = [
  { mode: "select-only", options: ["-S"] },
  { mode: "TPC-B", options: [] },
];

/**
 * One server in two ways, on the same data. They take turns, and whoever begins changes, so that what grows with time
 * hits both. A round has one pair of runs in each mode, or two where the change is cheap.
 */
export async function measurePgbench(
  server: ServerUnderLoad,
  { subjects, rounds, use, change }: Contest,
): Promise<PgbenchResult> {
  say(`pgbench: making ${scale * 15} MB of data`);
  await makeTables(server);
  const tps = modes.map(() => new Map(subjects.map((subject) => [subject, [] as number[]])));
  for (let round = 1; round <= rounds; round += 1) {
    const pair = round % 2 === 1 ? subjects : subjects.toReversed();
    for (const { subject, modes: indexes } of turnsOf(pair, change)) {
      say(`pgbench: ${subject}, round ${round} of ${rounds}`);
      await use(subject);
      for (const index of indexes) {
        const runs = tps[index]?.get(subject) ?? [];
        runs.push(await measureMode(server, modes[index]?.options ?? []));
      }
    }
  }
  const of = (index: number, subject: string): readonly number[] => tps[index]?.get(subject) ?? [];
  return {
    subjects,
    throughput: modes.flatMap(({ mode }, index) =>
      subjects.map((subject) => {
        const counted = of(index, subject);
        return { mode, subject, tps: counted, median: median(counted) };
      }),
    ),
    ratios: modes.map(({ mode }, index) => {
      const [first, second] = [of(index, subjects[0]), of(index, subjects[1])];
      const ratios = first.map((value, run) => value / (second[run] ?? Number.NaN));
      return { mode, ratios, median: median(ratios) };
    }),
  };
}

/** Who is measured in which modes, in this order. */
function turnsOf(
  pair: readonly string[],
  change: Contest["change"],
): readonly { readonly subject: string; readonly modes: readonly number[] }[] {
  const all = modes.map((_, index) => index);
  if (change === "dear") return pair.map((subject) => ({ subject, modes: all }));
  return all.flatMap((index) =>
    [...pair, ...pair.toReversed()].map((subject) => ({ subject, modes: [index] })),
  );
}

const database = "pgbench";

async function makeTables(server: ServerUnderLoad): Promise<void> {
  await queryOverSocket(server.docker, server.container, `CREATE DATABASE ${database};\n`);
  await pgbench(server, ["-i", "-q", "-s", String(scale)]);
}

/** A checkpoint begins it, so that no run pays for the writes of the one before. */
async function measureMode(server: ServerUnderLoad, options: readonly string[]): Promise<number> {
  const load = [...options, "-n", "-c", "4", "-j", "2", "-M", "prepared"];
  await pgbench(server, [...load, "-T", String(warming)]);
  await queryOverSocket(server.docker, server.container, "CHECKPOINT;\n");
  return parseTps(await pgbench(server, [...load, "-T", String(measured)]));
}

/** Over the socket, within the limits of the server's container. */
function pgbench(server: ServerUnderLoad, args: readonly string[]): Promise<string> {
  // The stack's own limit of a statement is for its clients.
  const options = ["env", "PGOPTIONS=-c statement_timeout=0"];
  return execute(server, [...options, "pgbench", "-h", socketDirectory, ...args, database]);
}

function parseTps(output: string): number {
  const text = /^tps = ([\d.]+) /m.exec(output)?.[1];
  if (text === undefined) throw new Error(`pgbench told no rate:\n${output}`);
  return Number(text);
}
