import { byName } from "../lists";
import type { Machine, TuningOptions, TunedSetting } from "./machine";
import { budgetOf, fitBudget, renderWorstCase, worstCase } from "./budget";
import { deriveTerms, tuneMachine } from "./formulas";

export interface Tuning {
  /** By name; what the user gives is left out. */
  readonly settings: readonly TunedSetting[];
  /** What the values before the budget would take at worst, and what all take now: arithmetic for people. */
  readonly worstCase: string;
  /** The same, where the user's own values do not fit. */
  readonly overBudget?: string;
}

/**
 * Settings for a machine and its work: the formulas of PGTune, with the worst case of their memory within 90% of the
 * machine's. Formula values are lowered until it is; the user's own are never.
 */
export function resolveTuning(machine: Machine, options: TuningOptions): Tuning {
  const wanted = deriveTerms(machine, options.own);
  const fit = fitBudget(machine.memory, wanted, options.own);
  const settings = tuneMachine(machine, { ...options, terms: fit.terms, lowered: fit.reasons });
  const text = renderWorstCase(fit.terms, machine.memory);
  return {
    settings: byName(settings.filter(({ name }) => !options.ownNames.has(name))),
    worstCase: text,
    ...(worstCase(fit.terms) <= budgetOf(machine.memory) ? {} : { overBudget: text }),
  };
}
