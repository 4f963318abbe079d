import type Docker from "dockerode";
import { socketDirectory, queryOverSocket } from "../../../components/io/docker/server";
import { median } from "../figures";
import { say } from "../progress";
import {
  execute,
  readServer,
  readSettings,
  useSettings,
  type ServerUnderLoad,
  type SettingsName,
} from "./settings";

/** What pgbench counted with one kind of transactions and one kind of settings. */
export interface Throughput {
  readonly mode: string;
  readonly settings: SettingsName;
  /** Transactions per second of each run. */
  readonly tps: readonly number[];
  readonly median: number;
}

/** How the tuned server stands to the stock one. */
export interface ThroughputRatio {
  readonly mode: string;
  /** Of the two runs that were next to each other, so that what else the machine does hits both. */
  readonly ratios: readonly number[];
  readonly median: number;
}

export interface PgbenchResult {
  readonly throughput: readonly Throughput[];
  /** Tuned over stock. */
  readonly ratios: readonly ThroughputRatio[];
  /** How the two servers differ, in short. */
  readonly settings: Readonly<Record<SettingsName, Readonly<Record<string, string>>>>;
}

/** 100,000 rows each, 15 MB: 375 MB do not fit into stock shared buffers of 128MB, and do into the tuned ones. */
const scale = 25;
/** Seconds that count, and seconds before that fill the memory. */
const [measured, warming] = [12, 4];

const modes: readonly { readonly mode: string; readonly options: readonly string[] }[] = [
  { mode: "select-only", options: ["-S"] },
  { mode: "TPC-B", options: [] },
];

/**
 * The server with its settings against the same container with the image's own, on the same data. The settings take
 * turns, and whoever begins changes, so that what grows with time hits both.
 */
export async function measurePgbench(docker: Docker, name: string, rounds: number): Promise<PgbenchResult> {
  const server = await readServer(docker, `${name}-server`);
  say(`pgbench: making ${scale * 15} MB of data`);
  await makeTables(server);
  const tps = modes.map(() => ({ tuned: [] as number[], stock: [] as number[] }));
  const settings: Record<SettingsName, Record<string, string>> = { tuned: {}, stock: {} };
  for (let round = 1; round <= rounds; round += 1) {
    const order: readonly SettingsName[] = round % 2 === 1 ? ["tuned", "stock"] : ["stock", "tuned"];
    for (const which of order) {
      say(`pgbench: ${which} settings, run ${round} of ${rounds}`);
      await useSettings(server, which);
      settings[which] = await readSettings(server);
      for (const [index, { options }] of modes.entries()) {
        tps[index]?.[which].push(await measureMode(server, options));
      }
    }
  }
  const counted = modes.map(({ mode }, index) => ({ mode, ...(tps[index] ?? { tuned: [], stock: [] }) }));
  return {
    throughput: counted.flatMap(({ mode, ...both }) =>
      (["tuned", "stock"] as const).map((which) => {
        return { mode, settings: which, tps: both[which], median: median(both[which]) };
      }),
    ),
    ratios: counted.map(({ mode, tuned, stock }) => {
      const ratios = tuned.map((value, index) => value / (stock[index] ?? Number.NaN));
      return { mode, ratios, median: median(ratios) };
    }),
    settings,
  };
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
