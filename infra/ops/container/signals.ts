import type { Asked } from "./surroundings";

const meanings = { SIGTERM: "end", SIGINT: "end", SIGHUP: "reload" } as const;

/** What the container is asked by signals: each is given once, in its order, whenever it came. */
export function listenToSignals(from: NodeJS.EventEmitter = process): Asked {
  const waiting: ("end" | "reload")[] = [];
  let wake: () => void = () => undefined;
  for (const [signal, meaning] of Object.entries(meanings)) {
    from.on(signal, () => {
      waiting.push(meaning);
      wake();
    });
  }
  return async () => {
    for (;;) {
      const next = waiting.shift();
      if (next !== undefined) return next;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  };
}
