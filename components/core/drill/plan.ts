/** What has to hold on a restored database, whatever its rows are. */
export interface DrillAssertion {
  readonly database: string;
  /** One query that gives one row, whose first column is true. */
  readonly sql: string;
}

/** Restore drills of a stack. */
export interface DrillPlan {
  readonly assertions: readonly DrillAssertion[];
  /** How old the last drill of a copy may be, in seconds. */
  readonly copyMaxAge: number;
}

/** Restore drills with when they are done, in cron's notation, in UTC. */
export interface ScheduledDrill extends DrillPlan {
  readonly schedule: string;
}

/** The drills without when they are done. */
export function pickDrill({ assertions, copyMaxAge }: DrillPlan): DrillPlan {
  return {
    copyMaxAge,
    assertions: assertions.map(({ database, sql }) => ({ database, sql })),
  };
}

/** Every Sunday, after the night's backups. */
export const usualDrillSchedule = "0 4 * * 0";

/** A quarter of a year: it takes a person with the key. */
export const usualCopyMaxAge = "90d";

export const drillKinds = ["logical", "physical", "physical-2"] as const;

/**
 * `logical`: the newest backup of each database; `physical`: the server at the newest moment; `physical-2`: the same from
 * the second repository.
 */
export type DrillKind = (typeof drillKinds)[number];
