import { toRules } from "../../../components/core/move/masking";
import type { MaskingRule } from "../../../components/core/move/masking";
import { problemError } from "../../../components/core/problem";
import type { DatabaseConfig, StackConfig } from "../../config";

/** Two stacks, as they were named. */
export interface MovePair {
  readonly from: StackConfig;
  readonly to: StackConfig;
}

/**
 * Refuses a target that holds what nobody wants to lose: the same stack, a protected one, one whose data is masked for
 * others, as that is real.
 *
 * @throws ProblemError
 */
export function assertMovable({ from, to }: MovePair): void {
  const target = `stack ${to.stack}`;
  if (from.stack === to.stack) {
    throw problemError(target, "is the stack that the data comes from", "name another one with --to");
  }
  if (to.protect) {
    const hint = `if its data may go, set pgstead:protect: false in Pulumi.${to.stack}.yaml`;
    throw problemError(target, "is protected, and a copy replaces its data", hint);
  }
  const real = to.databases.find(({ masking }) => masking !== undefined);
  if (real === undefined) return;
  throw problemError(
    target,
    `declares masking for ${real.name}: what it holds is real, and is no copy`,
    "name another stack with --to; where it holds none, remove masking from it",
  );
}

/** The database that is copied, of both stacks: by its name, or the only one of each. */
export function chooseMoved(
  { from, to }: MovePair,
  wanted: string | undefined,
): [DatabaseConfig, DatabaseConfig] {
  const source = one(from, wanted);
  // One of several is the one with the same name; the only one may be called otherwise there.
  return [source, to.databases.length === 1 ? one(to, undefined) : one(to, source.name)];
}

function one({ stack, databases }: StackConfig, wanted: string | undefined): DatabaseConfig {
  const names = databases.map(({ name }) => name).join(", ");
  const found = wanted === undefined ? databases : databases.filter(({ name }) => name === wanted);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  if (only === undefined)
    throw problemError(
      "--database",
      `${wanted ?? ""} is not declared in stack ${stack}`,
      `known there: ${names}`,
    );
  throw problemError("--database", `is missing: stack ${stack} has several`, `say which: ${names}`);
}

/** What is masked; nothing is only by its own word. @throws ProblemError */
export function rulesOf({ name, masking }: DatabaseConfig, unmasked: boolean, stack: string): MaskingRule[] {
  if (unmasked) return [];
  if (masking !== undefined) return toRules(masking);
  throw problemError(
    `database ${name} of stack ${stack}`,
    "declares no masking: everything in it would be copied as it is",
    'declare what is masked, such as `masking: { app.users.email: "NULL" }`, or say --unmasked',
  );
}
