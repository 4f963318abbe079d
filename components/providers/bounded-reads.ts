/** What plans after it has read. */
interface Reading<Ways extends readonly unknown[], Plan> {
  plan(...ways: Ways): Promise<Plan>;
}

/**
 * A server that owes an answer to a read of a run for so long hangs, or somebody holds a lock on what is read. What a run
 * changes has no bound: building an index, or waiting for others, is silent for long.
 */
const readSilenceMs = 60_000;

/** Bounds the reads of a run, as those of previews are, and nothing else: the option of its sessions. */
export class BoundedReads {
  private reading = 0;

  readonly silenceTimeoutMs = (): number | undefined => (this.reading > 0 ? readSilenceMs : undefined);

  /** The same scope, whose plans are what is bounded. */
  of<Ways extends readonly unknown[], Plan, Scope extends Reading<Ways, Plan>>(
    scope: Scope & Reading<Ways, Plan>,
  ): Scope {
    return {
      ...scope,
      plan: async (...ways: Ways) => {
        this.reading += 1;
        try {
          return await scope.plan(...ways);
        } finally {
          this.reading -= 1;
        }
      },
    };
  }
}
