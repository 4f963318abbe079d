import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { replaceFile } from "../../../components/io/replace-file";
import type { CommandContext } from "../command";
import { describeFailure } from "../failure";
import { CancelledError, cancelOnSignals } from "../interrupt";
import { assertDone, nameOf, readState } from "../state";
import type { Subject } from "./choose";
import { editStackFile } from "./edit-file";
import { areShutOut } from "./prove";

/** How far it came. `begun`: the state has new numbers already, so that the file keeps them. */
export type Applied =
  | { readonly is: "done" | "declined" }
  | { readonly is: "begun"; readonly reason: string; readonly isCancelled: boolean };

/** A file of a stack, before and after. */
interface Change {
  readonly path: string;
  readonly old: string;
  readonly new: string;
}

/**
 * Shows what `up` would run with the new numbers, asks, writes them and runs it.
 *
 * The file has them only while Pulumi runs: a question that nobody answers leaves nothing behind. Where `up` fails they
 * go again, unless the state has them, as a number never goes back.
 *
 * @throws CannotTellError, CancelledError: nothing has changed
 */
export async function applyNumbers(
  context: CommandContext,
  subjects: readonly Subject[],
  { ask, dryRun }: { readonly ask: (() => Promise<boolean>) | undefined; readonly dryRun: boolean },
): Promise<Applied> {
  const { stack, pulumi, write, progress } = context;
  const change = await prepare(context, subjects);
  const stop = new AbortController();
  const release = cancelOnSignals(() => {
    write("cancelling …");
    stop.abort(new Error("this run was cancelled"));
  });
  const options = { show: write, signal: stop.signal };
  try {
    await withFile(change, async () => {
      const plan = pulumi(["preview", "--stack", stack], { ...options, plan: "full" });
      const answer = await progress(`planning stack ${stack}`, plan);
      if (stop.signal.aborted) throw new CancelledError("this run was cancelled");
      assertDone(answer, stack, "the passwords cannot be changed");
    });
    if (dryRun || (ask !== undefined && !(await ask()))) return { is: "declined" };
    await put(change, change.new);
    return await bringUp(context, subjects, change, stop.signal);
  } finally {
    release();
  }
}

async function bringUp(
  context: CommandContext,
  subjects: readonly Subject[],
  change: Change,
  signal: AbortSignal,
): Promise<Applied> {
  const { stack, pulumi, write } = context;
  const answer = await pulumi(["up", "--yes", "--skip-preview", "--stack", stack], { show: write, signal });
  if (answer.exitCode === 0) return { is: "done" };
  // Where not even the state can be read, the number stays: it is true as soon as `up` has run.
  const isBegun = await hasBegun(context, subjects).catch(() => true);
  if (!isBegun) await put(change, change.old);
  const title = "the passwords were not changed";
  if (!isBegun && signal.aborted) throw new CancelledError(title);
  try {
    assertDone(answer, stack, title);
  } catch (error) {
    if (!isBegun) throw error;
    const reason = describeFailure(error, stack)
      .problems.map(({ message }) => message)
      .join("; ");
    return { is: "begun", reason, isCancelled: signal.aborted };
  }
  return { is: "done" };
}

/** Whether a password of a new number was made, or somebody was shut out. */
async function hasBegun(context: CommandContext, subjects: readonly Subject[]): Promise<boolean> {
  const credentials = (await readState(context)).filter(({ type }) => type === "pgstead:index:Credential");
  const numbers = new Map(
    credentials.map((resource) => [nameOf(resource), Number(resource.outputs?.passwordVersion)] as const),
  );
  const isMade = subjects.some(({ kind, login, from, to }) => {
    const name = kind === "administrator" ? "server-administrator" : login;
    return to > from && (numbers.get(name) ?? 0) >= to;
  });
  const leaving = subjects.filter(({ from, to }) => from === to).map(({ before }) => before);
  return isMade || (leaving.length > 0 && (await areShutOut(await context.outputs(), leaving)));
}

async function prepare({ root, config }: CommandContext, subjects: readonly Subject[]): Promise<Change> {
  const file = `Pulumi.${config.stack}.yaml`;
  const path = join(root, file);
  const old = await readFile(path, "utf8");
  const edits = subjects.flatMap(({ edit }) => edit ?? []);
  return { path, old, new: edits.length === 0 ? old : editStackFile(old, { ...config, file }, edits) };
}

async function withFile(change: Change, work: () => Promise<void>): Promise<void> {
  await put(change, change.new);
  try {
    await work();
  } finally {
    await put(change, change.old);
  }
}

/** What somebody wrote into it meanwhile stays. */
async function put({ path, ...texts }: Change, text: string): Promise<void> {
  const now = await readFile(path, "utf8");
  if (now === text || (now !== texts.old && now !== texts.new)) return;
  await replaceFile(path, text, (await stat(path)).mode & 0o777);
}
