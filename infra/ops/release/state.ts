import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { problemError } from "../../../components/core/problem";
import { createFile } from "../../../components/io/replace-file";
import type { CommandContext } from "../command";
import { cannotTell } from "../failure";
import { assertDone, type ExportedState } from "../state";

type Place = Pick<CommandContext, "stack" | "pulumi" | "progress">;

/**
 * The state without a resource, and without operations that did not come to their end: what they were about is left as it
 * is, like everything else. Who encrypts its secrets stays.
 */
export function emptyState(text: string): string {
  const { deployment = {}, ...document } = JSON.parse(text) as {
    readonly deployment?: Readonly<Record<string, unknown>>;
  };
  const { pending_operations: _pending, ...rest } = deployment;
  return `${JSON.stringify({ ...document, deployment: { ...rest, resources: [] } }, null, 2)}\n`;
}

/** Writes the state to a file that is not there yet, for this account alone. */
export async function keepState(path: string, text: string): Promise<void> {
  if (await createFile(path, text, 0o600)) return;
  throw problemError(path, "is there already", "name another file with --state-file");
}

/**
 * Replaces the state by another one, in the one step that `pulumi stack import` is.
 *
 * @throws CannotTellError with what Pulumi said: the state is as it was
 */
export async function replaceState({ stack, pulumi, progress }: Place, text: string): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "pgstead-release-"));
  try {
    const file = join(directory, "state.json");
    await writeFile(file, text, { mode: 0o600 });
    // With a signal that never comes Pulumi does not hear of Ctrl-C: the step is not to be left in its middle.
    const { signal } = new AbortController();
    const replacing = pulumi(["stack", "import", "--stack", stack, "--file", file], { signal });
    const answer = await progress(`replacing the state of stack ${stack}`, replacing);
    assertDone(answer, stack, `the state of stack ${stack} was not replaced: it is as it was`);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** What was shown to a person is what leaves. */
export function assertUnchanged(before: ExportedState, now: ExportedState, stack: string): void {
  if (before.text === now.text) return;
  throw cannotTell(
    `the state of stack ${stack} has changed since it was shown`,
    "another run of Pulumi was at work",
    "look at its outcome, then run this again",
  );
}
