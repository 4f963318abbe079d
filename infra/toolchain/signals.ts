const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
export type Signal = (typeof signals)[number];

const exitCodes: Readonly<Record<Signal, number>> = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 };

let receiver: ((signal: Signal) => void) | undefined;

/**
 * From now on a signal ends this process, and with it the programs that it started (process.ts), unless it is being
 * passed on.
 */
export function endOnSignals(): void {
  for (const signal of signals) {
    process.on(signal, () => {
      if (receiver === undefined) process.exit(exitCodes[signal]);
      else receiver(signal);
    });
  }
}

/** While the work goes on, signals are its own affair. */
export async function passSignals<Value>(
  receive: (signal: Signal) => void,
  work: Promise<Value>,
): Promise<Value> {
  receiver = receive;
  try {
    return await work;
  } finally {
    receiver = undefined;
  }
}
