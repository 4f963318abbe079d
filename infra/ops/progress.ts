/** Where lines for people go while a command works: standard error. */
export type WriteLine = (line: string) => void;

/** A person starts to wonder after this time. */
const patienceMs = 2_000;

/** Waits for a work, and says what it is when it takes over two seconds. */
export async function withProgress<Result>(
  label: string,
  write: WriteLine,
  work: Promise<Result>,
  patience = patienceMs,
): Promise<Result> {
  const timer = setTimeout(() => {
    write(`${label} …`);
  }, patience);
  try {
    return await work;
  } finally {
    clearTimeout(timer);
  }
}
