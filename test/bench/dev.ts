import type { Subject } from "./engine";
import { compare, medianOf, ratio, type Comparison, type Figures } from "./figures";
import { say } from "./progress";
import { makeEmpty, makeInstant, makeReal } from "./subjects";
import { countAlike, measureFresh, measureTurns, steadyCommands, up } from "./turns";

interface Subjects {
  readonly real: Subject;
  readonly instant: Subject;
  readonly empty: Subject;
}

const freshUp = "up from nothing";

/** The stack of `npm start`. */
export async function measureDev(
  runs: number,
  keep: (subject: Subject) => Subject,
): Promise<{
  readonly resources: Readonly<Record<string, number>>;
  readonly figures: readonly Figures[];
  readonly comparisons: readonly Comparison[];
}> {
  say("preparing checkouts, toolchain and stacks of their own");
  const { subject, engine } = await makeReal();
  const real = keep(subject);
  const instant = keep(await makeInstant());
  const empty = keep(await makeEmpty(engine));
  const fresh = await measureFresh(real, freshUp, runs);
  say("bringing up the references");
  await instant.time(...up);
  await empty.time(...up);
  const steady = await measureTurns(steadyCommands, [real, instant, empty], runs);
  const resources = await countAlike(real, instant);
  const figures = [fresh, ...steady];
  return { resources, figures, comparisons: compareAll(figures, { real, instant, empty }) };
}

/** Only the preview has aims: `up` ends with writes to the state, which take as long as the disk wants. */
const aims: Readonly<Record<string, { readonly instant: number; readonly empty: number }>> = {
  preview: { instant: 1.3, empty: 2 },
};

function compareAll(figures: readonly Figures[], { real, instant, empty }: Subjects): Comparison[] {
  const ratios = Object.keys(steadyCommands).flatMap((command) => {
    const versus = ({ name }: Subject, aim: number | undefined): Comparison => {
      const what = `${command}: ${real.name} / ${name}`;
      return compare(what, ratio(figures, command, real.name, name), "times", aim ?? null);
    };
    return [versus(instant, aims[command]?.instant), versus(empty, aims[command]?.empty)];
  });
  return [...ratios, compare(`${freshUp}: ${real.name}`, medianOf(figures, freshUp, real.name), "s", 10)];
}
