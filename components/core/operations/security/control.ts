import type { SecurityFacts } from "./facts";

/** CIS's areas, in our words. */
export const securityAreas = [
  "installation",
  "files",
  "logging",
  "users",
  "connection",
  "settings",
  "replication",
  "special",
] as const;
export type SecurityArea = (typeof securityAreas)[number];

export type ControlStatus = "pass" | "fail" | "exception" | "cannot-tell" | "not-applicable";

/** What a look found, and what of it counts. */
export interface Verdict {
  readonly status: ControlStatus;
  /** The value that was seen. */
  readonly evidence: string;
  /** Why an exception of pgstead's own is one. */
  readonly reason?: string;
}

/** One recommendation. */
export interface Control {
  /** Ours: `logging.prefix`. */
  readonly id: string;
  readonly area: SecurityArea;
  /** What has to be so. */
  readonly title: string;
  /** Public page that says why. */
  readonly source: string;
  /** Number in the CIS PostgreSQL 17 Benchmark, where a public page shows it: that one. */
  readonly cis?: { readonly number: string; readonly source: string };
  /** What to do about a failure. */
  readonly mend: string;
  readonly judge: (facts: SecurityFacts) => Verdict;
}

/** A page of PostgreSQL's manual, of 17. */
export function manual(page: string): string {
  return `https://www.postgresql.org/docs/17/${page}`;
}

/** Lists recommendations of the benchmark's version 1.1.0 by number and title; not all of them could be read there. */
export const cisDatabase = "https://www.tenable.com/audits/CIS_PostgreSQL_17_v1.1.0_L1_Database_PostgreSQLDB";

export const pass = (evidence: string): Verdict => ({ status: "pass", evidence });
export const fail = (evidence: string): Verdict => ({ status: "fail", evidence });
export const cannotSay = (evidence: string): Verdict => ({ status: "cannot-tell", evidence });
export const notApplicable = (evidence: string): Verdict => ({ status: "not-applicable", evidence });
export const exception = (evidence: string, reason: string): Verdict => ({
  status: "exception",
  evidence,
  reason,
});

/** Passes where nothing of a list is wrong. */
export function none(wrong: readonly string[], good: string): Verdict {
  return wrong.length === 0 ? pass(good) : fail(wrong.join(", "));
}

/** A control that one setting decides. */
export function ofSetting(
  control: Omit<Control, "judge" | "mend"> & { readonly mend?: string },
  name: string,
  isGood: (value: string, facts: SecurityFacts) => boolean,
): Control {
  return {
    mend: `set ${name} in pgstead:server.settings, or remove it there and run \`up\``,
    ...control,
    judge: (facts) => {
      const value = facts.settings[name];
      if (value === undefined) return cannotSay(`${name} is not shown to this login`);
      return {
        status: isGood(value, facts) ? "pass" : "fail",
        evidence: `${name} = ${value === "" ? "''" : value}`,
      };
    },
  };
}
