import type { Figures } from "../figures";

/** Times of steps, by who took them. */
export class Stopwatch {
  readonly #figures = new Map<string, { command: string; subject: string; seconds: number[] }>();

  /** Waits for a work that has just begun, and keeps how long that took. */
  async time<Result>(command: string, subject: string, work: Promise<Result>): Promise<Result> {
    const started = process.hrtime.bigint();
    const result = await work;
    this.add(command, subject, Number(process.hrtime.bigint() - started) / 1e9);
    return result;
  }

  /** Keeps a time that somebody else took. */
  add(command: string, subject: string, seconds: number): void {
    const key = `${command}\0${subject}`;
    const figure = this.#figures.get(key) ?? { command, subject, seconds: [] };
    figure.seconds.push(seconds);
    this.#figures.set(key, figure);
  }

  figures(): Figures[] {
    return [...this.#figures.values()];
  }
}
