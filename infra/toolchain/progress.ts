/** Milliseconds between two lines of progress. */
const interval = 5000;

/**
 * Does something that takes long, and tells so: what is being done at once, and then every few seconds how long it has
 * taken. Whole lines only, so that a log file reads like a terminal.
 */
export async function withProgress<Value>(
  say: (line: string) => void,
  doing: string,
  work: () => Promise<Value>,
  every: number = interval,
): Promise<Value> {
  const started = Date.now();
  const elapsed = () => `${Math.round((Date.now() - started) / 1000)} s`;
  say(`${doing} …`);
  const timer = setInterval(() => {
    say(`${doing} … ${elapsed()}`);
  }, every);
  try {
    const value = await work();
    say(`${doing}: done in ${elapsed()}`);
    return value;
  } finally {
    clearInterval(timer);
  }
}
