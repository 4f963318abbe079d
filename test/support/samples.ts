/** Set by `npm run test:full`: random sets run whole. */
const isFull = process.env.PGSTEAD_TEST_FULL === "1";

/**
 * How much of a random set runs, and from which seed, which is printed: `PGSTEAD_TEST_SEED` has it run again.
 *
 * @param sample as many in an ordinary run
 * @param whole as many in `npm run test:full`
 */
export function sampleOf(what: string, sample: number, whole: number): { numRuns: number; seed: number } {
  const numRuns = isFull ? whole : sample;
  const seed = Number(process.env.PGSTEAD_TEST_SEED ?? Date.now() % 2 ** 31);
  console.log(`${what}: ${numRuns} of ${whole}, seed ${seed}`);
  return { numRuns, seed };
}
