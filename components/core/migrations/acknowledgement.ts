import { nearest } from "../nearest";
import type { Problem } from "../problem";
import { findingClasses, ruleIds, type FindingClass, type RuleId } from "./gate/rules";

/** What somebody has looked at and wants: `-- pgstead:allow drop-column reason="nobody reads it since 4.2"`. */
export interface Acknowledgement {
  /** The class or the rule of the findings that it stands for, on the statement after it. */
  readonly target: FindingClass | RuleId;
  readonly reason: string;
  readonly line: number;
}

const form = '-- pgstead:allow <class or rule> reason="…"';

/** What somebody writes into a file who allows something there. */
export function allowing(file: string, rule: RuleId): string {
  return `${file.endsWith(".py") ? "#" : "--"} pgstead:allow ${rule} reason="…"`;
}

/** True for a comment that speaks to this program. */
export function isDirective(comment: string): boolean {
  return /^(?:--|\/\*)\s*pgstead\s*:/i.test(comment);
}

/** Reads such a comment; what is wrong with it otherwise. */
export function parseAcknowledgement(comment: string, line: number): Acknowledgement | Omit<Problem, "path"> {
  const [, word, rest = ""] = /^--\s*pgstead:([a-z-]+)(?:\s+(.*?))?\s*$/.exec(comment) ?? [];
  if (word !== "allow") {
    return { message: `"${comment.trim()}" is no directive`, hint: `write \`${form}\` on a line of its own` };
  }
  const [, target = "", reason] = /^([a-z-]+)(?:\s+reason="([^"]*)")?$/.exec(rest) ?? [];
  const targets: readonly (FindingClass | RuleId)[] = [...findingClasses, ...ruleIds];
  const known = targets.find((candidate) => candidate === target);
  if (target === "" || (known !== undefined && reason === undefined)) {
    return { message: "allows without a reason, or in other words", hint: `write \`${form}\`` };
  }
  if (known === undefined) {
    const meant = nearest(target, targets);
    const hint =
      meant === undefined
        ? `the classes are ${findingClasses.join(", ")}; \`npm run ops -- migrate lint\` names the rules`
        : `is ${meant} meant?`;
    return { message: `${target} is no class and no rule`, hint };
  }
  const words = reason?.match(/\p{L}[\p{L}\p{N}'’-]*/gu) ?? [];
  if (reason === undefined || words.length < 2) {
    const hint = `say in a few words why this may happen: \`-- pgstead:allow ${target} reason="…"\``;
    return { message: `the reason "${reason ?? ""}" tells nobody anything`, hint };
  }
  return { target: known, reason, line };
}
