/** A line of progress; standard output is for the result. */
export function say(line: string): void {
  process.stderr.write(`bench: ${line}\n`);
}
