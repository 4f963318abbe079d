/**
 * `npm run bench`: what the stack dev costs above Pulumi itself, measured in one run on one machine.
 *
 * A figure alone says more of the machine than of the program, so there are two references: an empty program with the
 * same engine, and the same program with providers that answer at once. They take turns, so that noise hits all.
 */
import { cpus } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { endOnInterrupt, type Subject } from "./engine";
import { measureAccess } from "./access/measure";
import { compare, median, medianOf, ratio, type Comparison, type Figures } from "./figures";
import { renderResult } from "./render";
import { makeEmpty, makeInstant, makeReal } from "./subjects";

export interface BenchResult {
  readonly schemaVersion: 1;
  readonly runs: number;
  readonly machine: { readonly cores: number; readonly node: string };
  /** Resources in each state: those of the stack and of its instant twin have to be as many. */
  readonly resources: Readonly<Record<string, number>>;
  readonly figures: readonly (Figures & { readonly median: number })[];
  readonly comparisons: readonly Comparison[];
  /** Privileges in the database that the figures of privileges are about. */
  readonly privileges: number;
}

interface Subjects {
  readonly real: Subject;
  readonly instant: Subject;
  readonly empty: Subject;
}

const up = ["up", "--yes", "--non-interactive"];
const commands = {
  preview: ["preview", "--non-interactive", "--expect-no-changes"],
  "up without changes": [...up, "--expect-no-changes"],
} as const;
const freshUp = "up from nothing";

async function main(): Promise<void> {
  const program = new Command("bench")
    .description("Measures stack dev against an empty program and against providers that answer at once.")
    .option("--runs <count>", "runs of each command, whose median counts", parseRuns, 5)
    .option("--json", "print JSON on standard output, and the table on standard error", false)
    .parse();
  const { runs, json } = program.opts<{ runs: number; json: boolean }>();
  const result = await bench(runs);
  const table = renderResult(result);
  if (json) {
    process.stderr.write(table);
    process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
  } else {
    process.stdout.write(table);
  }
}

async function bench(runs: number): Promise<BenchResult> {
  endOnInterrupt();
  const made: Subject[] = [];
  const keep = (subject: Subject): Subject => {
    made.push(subject);
    return subject;
  };
  try {
    say("preparing checkouts, toolchain and stacks of their own");
    const { subject, engine } = await makeReal();
    const real = keep(subject);
    const instant = keep(await makeInstant());
    const empty = keep(await makeEmpty(engine));
    const result = await measure({ real, instant, empty }, runs);
    say("privileges: 20 schemas, 5 roles");
    const access = await measureAccess(empty, runs, keep);
    return {
      ...result,
      privileges: access.privileges,
      figures: [...result.figures, ...withMedians(access.figures)],
      comparisons: [...result.comparisons, ...access.comparisons],
    };
  } finally {
    say("removing what was made");
    // The empty program lies beside the stack's checkout, so the checkout goes last.
    for (const subject of made.toReversed()) await subject.remove();
  }
}

async function measure(subjects: Subjects, runs: number): Promise<Omit<BenchResult, "privileges">> {
  const { real, instant, empty } = subjects;
  const fresh = await measureFresh(real, runs);
  say("bringing up the references");
  await instant.time(...up);
  await empty.time(...up);
  const steady = await measureSteady([real, instant, empty], runs);
  const resources = {
    [real.name]: await real.countResources(),
    [instant.name]: await instant.countResources(),
  };
  if (resources[real.name] !== resources[instant.name]) {
    throw new Error(`the instant providers made another stack: ${JSON.stringify(resources)}`);
  }
  const figures = [fresh, ...steady];
  return {
    schemaVersion: 1,
    runs,
    machine: { cores: cpus().length, node: process.version },
    resources,
    figures: withMedians(figures),
    comparisons: compareAll(figures, subjects),
  };
}

function withMedians(figures: readonly Figures[]): BenchResult["figures"] {
  return figures.map((figure) => ({ ...figure, median: median(figure.seconds) }));
}

/** The whole stack from nothing, server included; the toolchain is there. */
async function measureFresh(real: Subject, runs: number): Promise<Figures> {
  const seconds: number[] = [];
  // The first one unpacks the server's programs and bundles the providers: once for a machine, so it does not count.
  for (let run = 0; run <= runs; run += 1) {
    say(run === 0 ? `${freshUp}: warming up` : `${freshUp}: run ${run} of ${runs}`);
    const taken = await real.time(...up);
    if (run > 0) seconds.push(taken);
    if (run < runs) await real.time("destroy", "--yes", "--non-interactive");
  }
  return { command: freshUp, subject: real.name, seconds };
}

async function measureSteady(subjects: readonly Subject[], runs: number): Promise<Figures[]> {
  const figures = Object.keys(commands).flatMap((command) =>
    subjects.map(({ name }) => ({ command, subject: name, seconds: [] as number[] })),
  );
  for (let run = 0; run <= runs; run += 1) {
    say(run === 0 ? "preview and up without changes: warming up" : `… run ${run} of ${runs}`);
    for (const [command, args] of Object.entries(commands)) {
      for (const subject of subjects) {
        const taken = await subject.time(...args);
        const figure = figures.find((one) => one.command === command && one.subject === subject.name);
        if (run > 0) figure?.seconds.push(taken);
      }
    }
  }
  return figures;
}

/** Only the preview has aims: `up` ends with writes to the state, which take as long as the disk wants. */
const aims: Readonly<Record<string, { readonly instant: number; readonly empty: number }>> = {
  preview: { instant: 1.3, empty: 2 },
};

function compareAll(figures: readonly Figures[], { real, instant, empty }: Subjects): Comparison[] {
  const ratios = Object.keys(commands).flatMap((command) => {
    const versus = ({ name }: Subject, aim: number | undefined): Comparison => {
      const what = `${command}: ${real.name} / ${name}`;
      return compare(what, ratio(figures, command, real.name, name), "times", aim ?? null);
    };
    return [versus(instant, aims[command]?.instant), versus(empty, aims[command]?.empty)];
  });
  return [...ratios, compare(`${freshUp}: ${real.name}`, medianOf(figures, freshUp, real.name), "s", 10)];
}

function parseRuns(text: string): number {
  if (/^[1-9]\d{0,2}$/.test(text)) return Number(text);
  throw new InvalidArgumentError("It is a whole number from 1 to 999; medians of fewer than 5 say little.");
}

function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}

main().catch((error: unknown) => {
  process.stderr.write(`bench: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
