import { distance } from "fastest-levenshtein";

/** The name that was meant, if one is near. */
export function nearest(name: string, known: Iterable<string>): string | undefined {
  const near = [...known]
    .map((candidate) => ({ candidate, steps: distance(name.toLowerCase(), candidate.toLowerCase()) }))
    // Two letters that changed places are two steps: too many for a name of three letters.
    .filter(({ steps }) => steps <= (name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3))))
    .toSorted((a, b) => a.steps - b.steps);
  return near[0]?.candidate;
}
