import { completeRules } from "./check";
import { defaultRules, type HbaDatabase } from "./defaults";
import type { DesiredHba } from "./plan";
import type { HbaRule } from "./rule";

/** pg_hba.conf as a user declares it. */
export interface HbaDeclaration {
  /** Rules in their order; the closing rejection is added. Default: see `defaultRules`. */
  readonly rules?: readonly HbaRule[];
  /** Databases and who logs in to them. */
  readonly logins: readonly HbaDatabase[];
  /** Logins that stream the write-ahead log. */
  readonly replicators?: readonly string[];
}

/** Everything that `HostBasedAccess` looks after. */
export function resolveHba({ rules, logins, replicators }: HbaDeclaration, managing: string): DesiredHba {
  return { rules: completeRules(rules ?? defaultRules(managing, logins, replicators)), logins, managing };
}
