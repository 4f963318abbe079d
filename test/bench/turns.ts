import type { Subject } from "./engine";
import type { Figures } from "./figures";
import { say } from "./progress";

export const up = ["up", "--yes", "--non-interactive"];

/** What is measured of subjects that are up: commands that find nothing to change. */
export const steadyCommands: Readonly<Record<string, readonly string[]>> = {
  preview: ["preview", "--non-interactive", "--expect-no-changes"],
  "up without changes": [...up, "--expect-no-changes"],
};

/**
 * A stack from nothing, again and again; it stays up after the last run. The toolchain is there.
 *
 * @param afterFirst called once, while the first one is up
 */
export async function measureFresh(
  subject: Subject,
  command: string,
  runs: number,
  afterFirst: () => Promise<void> = () => Promise.resolve(),
): Promise<Figures> {
  const seconds: number[] = [];
  // The first one unpacks programs, builds images and bundles providers: once for a machine, so it does not count.
  for (let run = 0; run <= runs; run += 1) {
    say(run === 0 ? `${command}: warming up` : `${command}: run ${run} of ${runs}`);
    const taken = await subject.time(...up);
    if (run > 0) seconds.push(taken);
    else await afterFirst();
    if (run < runs) await subject.time("destroy", "--yes", "--non-interactive");
  }
  return { command, subject: subject.name, seconds };
}

/** Several commands with several subjects that take turns, so that noise hits all of them. */
export async function measureTurns(
  commands: Readonly<Record<string, readonly string[]>>,
  subjects: readonly Subject[],
  runs: number,
): Promise<Figures[]> {
  const figures = Object.keys(commands).flatMap((command) =>
    subjects.map(({ name }) => ({ command, subject: name, seconds: [] as number[] })),
  );
  const what = Object.keys(commands).join(" and ");
  for (let run = 0; run <= runs; run += 1) {
    say(run === 0 ? `${what}: warming up` : `… run ${run} of ${runs}`);
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

/** Resources of a stack and of its twin: another number would be another stack, and the comparison worth nothing. */
export async function countAlike(real: Subject, instant: Subject): Promise<Record<string, number>> {
  const resources = {
    [real.name]: await real.countResources(),
    [instant.name]: await instant.countResources(),
  };
  if (resources[real.name] === resources[instant.name]) return resources;
  throw new Error(`the instant providers made another stack: ${JSON.stringify(resources)}`);
}
