/** More at once would take memory for their parts, and win little. */
const greatest = 4;

/** Does something with each, some of them at once; where one fails no other is begun, and what failed first is the error. */
export async function atOnce<Item>(
  items: readonly Item[],
  work: (item: Item, at: number) => Promise<void>,
): Promise<void> {
  const entries = items.entries();
  let failed = false;
  const worker = async (): Promise<void> => {
    for (const [at, item] of entries) {
      if (failed) return;
      await work(item, at).catch((error: unknown) => {
        failed = true;
        throw error;
      });
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: Math.min(greatest, items.length) }, worker));
  const failure = ended.find((one) => one.status === "rejected");
  if (failure !== undefined) throw failure.reason;
}
