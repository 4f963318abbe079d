import type { Finding } from "../../finding";
import { connectionControls } from "./connection";
import type { Control, ControlStatus, SecurityArea } from "./control";
import type { SecurityFacts } from "./facts";
import { loggingControls } from "./logging";
import { laterControls, systemControls } from "./system";
import { usersControls } from "./users";

/** Every control, by area. */
export const securityControls: readonly Control[] = [
  ...systemControls,
  ...loggingControls,
  ...usersControls,
  ...connectionControls,
  ...laterControls,
];

/** What became of a control. */
export interface ControlResult {
  readonly id: string;
  readonly area: SecurityArea;
  readonly title: string;
  readonly status: ControlStatus;
  readonly evidence: string;
  /** Of an exception: why; null: it is none. */
  readonly reason: string | null;
  readonly source: string;
  /** Number in the CIS PostgreSQL 17 Benchmark, and the public page that shows it; null: none does. */
  readonly cis: { readonly number: string; readonly source: string } | null;
  readonly mend: string;
}

/** Holds the controls of some areas against what was seen; an exception counts where a control fails. */
export function judgeSecurity(
  facts: SecurityFacts,
  exceptions: Readonly<Record<string, string>>,
  areas: readonly SecurityArea[],
): ControlResult[] {
  return securityControls
    .filter(({ area }) => areas.includes(area))
    .map(({ judge, cis, ...control }) => {
      const verdict = judge(facts);
      const declared = verdict.status === "fail" ? exceptions[control.id] : undefined;
      return {
        ...control,
        cis: cis ?? null,
        evidence: verdict.evidence,
        status: declared === undefined ? verdict.status : "exception",
        reason: declared ?? verdict.reason ?? null,
      };
    });
}

export function securityFindings(results: readonly ControlResult[]): Finding[] {
  return results
    .filter(({ status }) => status === "fail")
    .map(({ id, title, evidence, mend }) => ({
      subject: id,
      message: `${title}: ${evidence}`,
      hint: `${mend}; what has to stay is declared with its reason: pgstead:security.exceptions`,
    }));
}
