/** What of a database takes part in logical replication, which no dump brings back. */
export interface ReplicationFacts {
  readonly subscriptions: readonly {
    readonly name: string;
    readonly isEnabled: boolean;
    /** At the publisher; null: it has none. */
    readonly slot: string | null;
  }[];
  /** Of this server, for whoever subscribes to the database. */
  readonly slots: readonly string[];
}

/** What happens to the replication of a database in whose place another one comes. */
export function replicationLosses({ subscriptions, slots }: ReplicationFacts): string[] {
  return [
    ...subscriptions
      .filter(({ isEnabled }) => isEnabled)
      .map(
        ({ name, slot }) =>
          `subscription ${name} ends with the database that is kept${slot === null ? "" : `: its slot ${slot} at the publisher keeps the log there until somebody drops it`}`,
      ),
    ...slots.map(
      (slot) =>
        `replication slot ${slot} stays with the database that is kept: whoever subscribes has to make the subscription anew`,
    ),
  ];
}

/** What of a restored database replicates nothing until somebody has it do so. */
export function replicationLeft({ subscriptions }: Pick<ReplicationFacts, "subscriptions">): string[] {
  return subscriptions.map(
    ({ name }) =>
      `subscription ${name} came back disabled, and what was published since the backup is not in it: drop it and create it anew where it is wanted (ALTER SUBSCRIPTION ${name} SET (slot_name = NONE) comes first)`,
  );
}
