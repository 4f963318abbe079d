import { expect, test } from "vitest";
import { ProblemError } from "../../../components/core/problem";
import { parseConfig } from "../../../infra/config";

/** A mistake: what it changes in a configuration that is right, and every problem that it has to give. */
export interface Case {
  readonly what: string;
  readonly change: Readonly<Record<string, unknown>>;
  /** Each as `path: message / hint`. */
  readonly says: readonly string[];
}

export const good = { "pgstead:database": { name: "shop", schemas: { app: {} } } };

export const database = (more: Record<string, unknown>): Record<string, unknown> => ({
  "pgstead:database": { name: "shop", schemas: { app: {} }, ...more },
});
export const roles = (written: unknown): Record<string, unknown> => ({ "pgstead:roles": written });
export const server = (written: unknown): Record<string, unknown> => ({ "pgstead:server": written });
export const letters = (count: number): string => "x".repeat(count);

export const nameHint = "start with a letter or _, and go on with letters, digits, _, $ and -";
export const reservedHint = "choose another name, without pg_ in front";

/** The problems as `path: message / hint`, in their order. */
export function problemsOf(raw: Readonly<Record<string, unknown>>): string[] {
  try {
    parseConfig(raw, { stack: "dev" });
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    expect(error.title).toBe("the configuration of stack dev is not usable");
    return error.problems.map(({ path, message, hint }) => `${path}: ${message} / ${hint}`);
  }
  return [];
}

/** One test a mistake. */
export function testCases(cases: readonly Case[]): void {
  for (const { what, change, says } of cases) {
    test(what, () => {
      expect(problemsOf({ ...good, ...change })).toEqual(says);
    });
  }
}
