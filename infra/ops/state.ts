import type { CommandContext } from "./command";
import { cannotTell } from "./failure";
import { explainFailure } from "./pulumi-outputs";
import type { Answer } from "./pulumi";

/** A resource in a stack's state. Secrets in it are encrypted. */
export interface StateResource {
  readonly urn: string;
  readonly type: string;
  readonly outputs?: Readonly<Record<string, unknown>>;
}

/** A stack's state as Pulumi exports it, and what is in it. Secrets are encrypted. */
export interface ExportedState {
  readonly text: string;
  readonly resources: readonly StateResource[];
}

type Place = Pick<CommandContext, "stack" | "pulumi" | "progress">;

export async function exportState({ stack, pulumi, progress }: Place): Promise<ExportedState> {
  const exported = pulumi(["stack", "export", "--stack", stack]);
  const answer = await progress(`reading the state of stack ${stack}`, exported);
  assertDone(answer, stack, `the state of stack ${stack} cannot be read`);
  const { deployment } = JSON.parse(answer.stdout) as {
    readonly deployment?: { readonly resources?: readonly StateResource[] };
  };
  return { text: answer.stdout, resources: deployment?.resources ?? [] };
}

/** The resources of a stack as its state has them now. */
export async function readState(place: Place): Promise<readonly StateResource[]> {
  return (await exportState(place)).resources;
}

/** The resource's name in the program. */
export function nameOf({ urn }: Pick<StateResource, "urn">): string {
  return urn.split("::").at(-1) ?? "";
}

/** @throws CannotTellError with what Pulumi said, where a command of it failed */
export function assertDone(answer: Answer, stack: string, title: string): void {
  if (answer.exitCode === 0) return;
  const text = `${answer.stdout}\n${answer.stderr}`;
  const { reason, hint } = explainFailure(text, stack);
  throw cannotTell(title, errorsIn(text) || reason || `Pulumi ended with ${answer.exitCode}`, hint);
}

/** What resources say is wrong: the end of the output is a summary of how many there are. */
function errorsIn(text: string): string {
  const errors = [...text.matchAll(/^\s*error: (.+)$/gm)].map(([, message = ""]) => message.trim());
  const told = errors.filter(
    (message) => !/^(?:preview|update) failed$|^\w+ errors? occurred/i.test(message),
  );
  return [...new Set(told)].slice(0, 3).join("; ");
}
