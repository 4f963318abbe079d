import { setTimeout } from "node:timers/promises";

/** Asks again until the answer is not undefined; then gives it. Fails with the question after 30 seconds, or its own patience. */
export async function eventually<Answer>(
  question: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
  patienceMs = 30_000,
): Promise<Answer> {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline)
      throw new Error(`${question}: it did not happen within ${patienceMs / 1_000} s`);
    await setTimeout(20);
  }
}
