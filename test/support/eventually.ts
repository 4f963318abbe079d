import { setTimeout } from "node:timers/promises";

/** Asks again until the answer is not undefined; then gives it. Fails with the question after 30 seconds. */
export async function eventually<Answer>(
  question: string,
  ask: () => Promise<Answer | undefined> | Answer | undefined,
): Promise<Answer> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    if (Date.now() > deadline) throw new Error(`${question}: it did not happen within 30 s`);
    await setTimeout(20);
  }
}
