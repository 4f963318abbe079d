import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import { measurePgbench, type PgbenchResult } from "../docker/pgbench";
import { makeProd } from "../docker/prod-stack";
import { assertGoing, type Subject } from "../engine";
import { compare, compareMore, type Comparison } from "../figures";
import { say } from "../progress";
import { up } from "../turns";
import {
  prepareStatements,
  processesBetween,
  readProcesses,
  readStatements,
  statementsBetween,
  type ProcessUsage,
  type StatementUsage,
} from "./usage";

/** What looking at a server costs it and its host. */
export interface MonitoringResult {
  /** Length of the measurement without load. */
  readonly seconds: number;
  /** Processor time of each container, and of the server with monitoring above that without it. */
  readonly processes: readonly ProcessUsage[];
  readonly statements: readonly StatementUsage[];
  readonly pgbench: PgbenchResult;
}

/** What looks at the server, and beside it. Prometheus and Alertmanager may as well be on another host. */
const lookers = ["exporter", "node-exporter", "ops"];
const keepers = ["prometheus", "alertmanager"];
const watchers = [...lookers, ...keepers];

/** Seconds of each look at an idle server: twelve scrapes at the interval of a stack that says none (15 s). */
const quiet = 180;
/** Seconds until those that were stopped have caught up with what they missed. */
const settling = 30;
/** Rounds of pgbench at least, of two pairs each: fewer say nothing about a few per cent. */
const leastRounds = 10;
const subjects = ["with monitoring", "without"] as const;
const additional = "server, with monitoring less without";

/** The stack of Pulumi.prod.yaml at its own intervals: an idle server, and one that does all it can. */
export async function measureMonitoring(
  docker: Docker,
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<{ readonly comparisons: readonly Comparison[]; readonly monitoring: MonitoringResult }> {
  say("monitoring: a stack of its own");
  const { subject, name } = await makeProd(docker);
  await keep(subject).time(...up);
  await prepareStatements(docker, `${name}-server`);
  const load = await measureQuiet(docker, name);
  const pgbench = await measurePgbench(
    { docker, container: `${name}-server` },
    {
      subjects,
      change: "cheap",
      rounds: Math.max(runs, leastRounds),
      use: (which) => use(docker, name, which === subjects[0]),
    },
  );
  const monitoring = { ...load, pgbench };
  return { comparisons: compareLoad(monitoring), monitoring };
}

/** The same time with all that looks, and with all of it stopped in its tracks. */
async function measureQuiet(docker: Docker, name: string): Promise<Window> {
  await use(docker, name, false);
  const alone = await measureWindow(docker, name, "without monitoring");
  await use(docker, name, true);
  const watched = await measureWindow(docker, name, "with monitoring");
  const ofServer = ({ processes }: Window): number =>
    processes.find((one) => one.name === "server")?.seconds ?? Number.NaN;
  return {
    seconds: watched.seconds,
    processes: [
      ...watched.processes.filter((one) => one.name !== "server"),
      { name: additional, seconds: ofServer(watched) - (ofServer(alone) * watched.seconds) / alone.seconds },
    ],
    statements: watched.statements,
  };
}

type Window = Omit<MonitoringResult, "pgbench">;

async function measureWindow(docker: Docker, name: string, what: string): Promise<Window> {
  say(`an idle server ${what}: ${settling + quiet} s`);
  await setTimeout(settling * 1000);
  const kinds = [...watchers, "server"];
  const read = () =>
    Promise.all([readProcesses(docker, name, kinds), readStatements(docker, `${name}-server`)] as const);
  const started = process.hrtime.bigint();
  const [processes, statements] = await read();
  await setTimeout(quiet * 1000);
  assertGoing();
  const after = await read();
  return {
    seconds: Number(process.hrtime.bigint() - started) / 1e9,
    processes: processesBetween(processes, after[0]),
    statements: statementsBetween(statements, after[1]),
  };
}

/** Pauses what looks, or lets it go on: nothing of it has to start again, which would be load of its own. */
async function use(docker: Docker, name: string, going: boolean): Promise<void> {
  for (const kind of watchers) {
    const container = docker.getContainer(`${name}-${kind}`);
    const { State } = await container.inspect();
    if (State.Paused === going) await (going ? container.unpause() : container.pause());
  }
}

/** What monitoring is to cost at most, of one core; and what pgbench is to keep. */
const [mostOfCore, leastThroughput] = [1, 0.95];

function compareLoad({ seconds, processes, statements, pgbench }: MonitoringResult): Comparison[] {
  const unit = "% of a core";
  const used = (names: readonly string[]): number =>
    (100 * sum(processes.filter(({ name }) => names.includes(name)).map((one) => one.seconds))) / seconds;
  const ofStatements = (100 * sum(statements.map((one) => one.seconds))) / seconds;
  return [
    compare(
      "monitoring: statements on the server and exporters",
      ofStatements + used(["exporter", "node-exporter"]),
      unit,
      mostOfCore,
    ),
    compare(
      "monitoring: all that it takes of the server and its host",
      used([additional, ...lookers]),
      unit,
      null,
    ),
    compare("monitoring: Prometheus and Alertmanager", used(keepers), unit, null),
    ...pgbench.ratios.map(({ mode, median }) =>
      compareMore(`pgbench ${mode}: ${subjects.join(" / ")}`, median, "times", leastThroughput),
    ),
  ];
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
