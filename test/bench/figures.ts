/** What several runs of one command took. */
export interface Figures {
  readonly command: string;
  readonly subject: string;
  readonly seconds: readonly number[];
}

/** How a figure stands to another one, or to a limit. */
export interface Comparison {
  readonly what: string;
  readonly value: number;
  /** `times` for a ratio, `s` for seconds, `MB` for memory, `% of a core` for processor time over time. */
  readonly unit: "times" | "s" | "MB" | "% of a core";
  /** Aimed at, at most, or at least where `more` is better; null where there is no aim. */
  readonly aim: number | null;
  readonly met: boolean | null;
  readonly more?: true;
}

/** The middle one, or between the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [low, high] = [sorted[sorted.length % 2 === 1 ? middle : middle - 1], sorted[middle]];
  if (low === undefined || high === undefined) throw new Error("there is no median of nothing");
  return (low + high) / 2;
}

export function compare(
  what: string,
  value: number,
  unit: Comparison["unit"],
  aim: number | null,
): Comparison {
  return { what, value, unit, aim, met: aim === null ? null : value <= aim };
}

/** The same for what is better the more it is. */
export function compareMore(what: string, value: number, unit: Comparison["unit"], aim: number): Comparison {
  return { what, value, unit, aim, met: value >= aim, more: true };
}

/** Median of one figure over that of another. */
export function ratio(
  figures: readonly Figures[],
  command: string,
  subject: string,
  reference: string,
): number {
  return medianOf(figures, command, subject) / medianOf(figures, command, reference);
}

export function medianOf(figures: readonly Figures[], command: string, subject: string): number {
  const found = figures.find((figure) => figure.command === command && figure.subject === subject);
  if (found === undefined) throw new Error(`${command} of ${subject} was not measured`);
  return median(found.seconds);
}
