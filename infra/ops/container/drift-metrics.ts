import { Gauge, type Registry } from "prom-client";
import { readFoundDrift, type FoundDrift } from "./found-drift";

const figures: readonly {
  readonly name: string;
  readonly help: string;
  readonly pick: (found: FoundDrift) => number;
}[] = [
  {
    name: "drift_objects",
    help: "Differences between the server and what the stack declares (roles, privileges, settings, pg_hba.conf, schemas, extensions, audit), at the last comparison",
    pick: ({ differences }) => differences.length,
  },
  {
    name: "drift_unseen_objects",
    help: "What could not be compared, as its database took no login, at the last comparison",
    pick: ({ unseen }) => unseen.length,
  },
  {
    name: "drift_last_check_timestamp_seconds",
    help: "When the server was last compared with what the stack declares",
    pick: ({ checkedAt }) => Date.parse(checkedAt) / 1_000,
  },
];

/** What the last comparison found, as its file has it; nothing before the first. */
export function measureDrift(file: string, registers: Registry[]): void {
  for (const { name, help, pick } of figures) {
    new Gauge({
      name: `pgstead_${name}`,
      help,
      registers,
      async collect() {
        this.remove();
        const found = await readFoundDrift(file).catch(() => undefined); // not known: no sample
        if (found !== undefined) this.set(pick(found));
      },
    });
  }
}
