/**
 * `npm run bench`: what pgstead costs above Pulumi itself, measured in one run on one machine.
 *
 * A figure alone says more of the machine than of the program, so there are two references: an empty program with the
 * same engine, and the same program with providers that answer at once. They take turns, so that noise hits all.
 */
import { cpus } from "node:os";
import type Docker from "dockerode";
import { Command, InvalidArgumentError, Option } from "commander";
import { measureAudit } from "./audit/measure";
import { measureAccess } from "./access/measure";
import { measureBackups } from "./backup/measure";
import { measureDev } from "./dev";
import { findEngine, measureDocker } from "./docker/measure";
import { endOnInterrupt, type Subject } from "./engine";
import { median, type Figures } from "./figures";
import { measureMonitoring } from "./monitoring/measure";
import { measureMigrations } from "./migrations/measure";
import { say } from "./progress";
import { partNames, type BenchResult, type PartName } from "./result";
import { renderResult } from "./render";
import { measureSchema } from "./schema/measure";
import { makeEmpty, makeReal } from "./subjects";
import { up } from "./turns";
import { errorMessage } from "../../components/core/error-message";

/** What one part adds to the result. */
type PartResult = Partial<Omit<BenchResult, "figures">> & { readonly figures?: readonly Figures[] };

/** A part makes its subjects by `keep`, which removes them afterwards, the last one first. */
type Part = (runs: number, keep: (subject: Subject) => Subject) => Promise<PartResult>;

interface Options {
  readonly runs: number;
  readonly json: boolean;
  readonly only?: PartName;
}

async function main(): Promise<void> {
  const program = new Command("bench")
    .description("Measures stacks against an empty program and against providers that answer at once.")
    .option("--runs <count>", "runs of each command, whose median counts", parseRuns, 5)
    .addOption(new Option("--only <part>", "measure one part alone").choices(partNames))
    .option("--json", "print JSON on standard output, and the table on standard error", false)
    .parse();
  const { runs, json, only } = program.opts<Options>();
  const result = await bench(runs, only === undefined ? partNames : [only]);
  const table = renderResult(result);
  if (json) {
    process.stderr.write(table);
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    process.stdout.write(table);
  }
}

async function bench(runs: number, names: readonly PartName[]): Promise<BenchResult> {
  endOnInterrupt();
  const found: PartResult[] = [];
  for (const name of names) found.push(await runPart(parts[name], runs));
  return {
    ...found.reduce<PartResult>((all, one) => ({ ...all, ...one }), {}),
    schemaVersion: 1,
    runs,
    machine: { cores: cpus().length, node: process.version },
    resources: Object.fromEntries(found.flatMap(({ resources = {} }) => Object.entries(resources))),
    figures: found.flatMap(({ figures = [] }) => figures).map(withMedian),
    comparisons: found.flatMap(({ comparisons = [] }) => comparisons),
    leftOut: found.flatMap(({ leftOut = [] }) => leftOut),
  };
}

async function runPart(part: Part, runs: number): Promise<PartResult> {
  const made: Subject[] = [];
  try {
    return await part(runs, (subject) => {
      made.push(subject);
      return subject;
    });
  } finally {
    if (made.length > 0) say("removing what was made");
    // An empty program lies beside a stack's checkout, so the checkout goes last.
    for (const subject of made.toReversed()) await subject.remove();
  }
}

const parts: Readonly<Record<PartName, Part>> = {
  dev: measureDev,

  async access(runs, keep) {
    say("privileges: 20 schemas, 5 roles");
    const { subject, engine } = await makeReal();
    keep(subject);
    const empty = keep(await makeEmpty(engine));
    await empty.time(...up);
    return measureAccess(empty, runs, keep);
  },

  migrations: measureMigrations,

  audit: measureAudit,

  schema: (runs) => measureSchema(runs),

  backup: (runs) => measureBackups(runs),

  docker: (runs, keep) => onEngine("docker", (docker) => measureDocker(docker, runs, keep)),

  monitoring: (runs, keep) => onEngine("monitoring", (docker) => measureMonitoring(docker, runs, keep)),
};

/** A part that needs a Docker engine is left out where none answers. */
async function onEngine(
  part: PartName,
  measure: (docker: Docker) => Promise<PartResult>,
): Promise<PartResult> {
  const docker = await findEngine();
  if (typeof docker !== "string") return measure(docker);
  say(`${part} is left out: ${docker}`);
  return { leftOut: [{ part, reason: docker }] };
}

function withMedian(figure: Figures): BenchResult["figures"][number] {
  return { ...figure, median: median(figure.seconds) };
}

function parseRuns(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 1 to 999; medians of fewer than 5 say little.");
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${errorMessage(error)}\n`);
  process.exitCode = 1;
});
