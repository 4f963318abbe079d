import { decideRepeatables, type RepeatableStep } from "../../core/repeatables/decide";
import type { RepeatableRow } from "../../core/migrations/history";
import { madeBy, type Repeatable } from "../../core/repeatables/repeatable";
import { readRepeatableRows } from "../migrations/history";
import { writeTrail } from "../migrations/record";
import { cleanSession, withRetries, type RunContext } from "../migrations/run-context";
import { MigrationFailure } from "../migrations/statement-failure";
import { begin, commit, leaveOwner } from "../migrations/transaction";
import { applyFile, type Application } from "./apply";
import { findObjects } from "./catalog";
import { forgetRepeatable, recordRepeatable, type AppliedRepeatable } from "./record";

/** What of the files is to be applied, as the database is after the migrations; throws for what must not run. */
export type DecideRepeatables = (rows: readonly RepeatableRow[]) => readonly RepeatableStep[];

/** A file that is applied. */
export interface DoneRepeatable {
  readonly file: string;
  readonly path: string;
  readonly durationMs: number;
}

/**
 * Applies all files that need it in one transaction with their records: all are done and written down, or none.
 *
 * @param repeatables all of them, in their order
 */
export async function runRepeatables(
  context: RunContext,
  repeatables: readonly Repeatable[],
  decide: DecideRepeatables = (rows) => decideRepeatables(repeatables, rows).steps,
): Promise<DoneRepeatable[]> {
  const { session, waiting } = context;
  const rows = await readRepeatableRows(session);
  const steps = decide(rows);
  const settled = forgotten(repeatables, rows);
  if (steps.length === 0 && settled.length === 0) return [];
  let at: Repeatable | undefined;
  try {
    waiting.signal.throwIfAborted();
    const done = await withRetries(context, async () => {
      await begin(context);
      try {
        const applied = await applyAll(context, { repeatables, rows, steps, reached: (file) => (at = file) });
        await leaveOwner(context, { migration: { path: repeatables[0]?.path ?? "" } });
        for (const row of applied) await writeDown(context, row);
        for (const { path } of settled) await forgetRepeatable(session, path);
        waiting.signal.throwIfAborted();
        await commit(context, { migration: { path: at?.path ?? "" } });
        return applied;
      } catch (error) {
        await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
        throw error;
      }
    });
    await cleanSession(session);
    return done.map(({ path: file, durationMs }) => ({
      file,
      path: repeatables.find(({ name }) => name === file)?.path ?? file,
      durationMs,
    }));
  } catch (error) {
    if (at !== undefined) await noteFailure(context, at, error);
    throw error;
  }
}

interface Run {
  readonly repeatables: readonly Repeatable[];
  readonly rows: readonly RepeatableRow[];
  readonly steps: readonly RepeatableStep[];
  readonly reached: (file: Repeatable) => void;
}

/** Applies the files in their order, those included that turn out to stand on what is made anew. */
async function applyAll(
  context: RunContext,
  { repeatables, rows, steps, reached }: Run,
): Promise<readonly AppliedRepeatable[]> {
  const durations = new Map<Repeatable, number>();
  const application: Application = {
    repeatables,
    pending: new Set(steps.map(({ repeatable }) => repeatable)),
    replaced: new Set(),
    privileges: new Map(),
  };
  for (;;) {
    const file = repeatables.find((one) => application.pending.has(one));
    if (file === undefined) break;
    reached(file);
    application.pending.delete(file);
    const since = performance.now();
    await applyFile(context, application, file);
    durations.set(file, (durations.get(file) ?? 0) + performance.now() - since);
  }
  const files = [...durations.keys()];
  const made = await Promise.all(
    files.map(async (file) =>
      (await findObjects(context.session, madeBy(file))).flatMap((found) => found?.object ?? []),
    ),
  );
  const others = rows.filter(
    ({ path }) => repeatables.some(({ name }) => name === path) && !files.some(({ name }) => name === path),
  );
  const taken = new Set([...made.flat(), ...others.flatMap(({ objects }) => objects)]);
  return files.map((file, index) => {
    const row = rows.find(({ path }) => path === file.name);
    const had =
      row === undefined
        ? []
        : [...row.objects, ...row.left].filter((object) => !row.missing.includes(object));
    const left = [...new Set(had)].filter((object) => !taken.has(object));
    const durationMs = Math.round(durations.get(file) ?? 0);
    return { path: file.name, checksum: file.checksum, objects: made[index] ?? [], left, durationMs };
  });
}

/** Records of files that are gone, and whose objects are gone as well or another file's. */
function forgotten(
  repeatables: readonly Repeatable[],
  rows: readonly RepeatableRow[],
): readonly RepeatableRow[] {
  const names = new Set(repeatables.map(({ name }) => name));
  const made = new Set(rows.filter(({ path }) => names.has(path)).flatMap(({ objects }) => objects));
  return rows.filter(
    ({ path, objects, left, missing }) =>
      !names.has(path) &&
      [...objects, ...left].every((object) => missing.includes(object) || made.has(object)),
  );
}

async function writeDown({ session }: RunContext, row: AppliedRepeatable): Promise<void> {
  await recordRepeatable(session, row);
  const { path: name, checksum, durationMs } = row;
  await writeTrail(
    session,
    { version: "", name, checksum },
    { action: "repeat", outcome: "done", durationMs },
  );
}

async function noteFailure(
  { session, waiting }: RunContext,
  file: Repeatable,
  error: unknown,
): Promise<void> {
  const outcome = waiting.signal.aborted ? "cancelled" : "failed";
  const note = error instanceof MigrationFailure ? error.note : "the run was ended";
  const { name, checksum } = file;
  await writeTrail(session, { version: "", name, checksum }, { action: "repeat", outcome, note }).catch(
    async (lost: unknown) => {
      await waiting.say(`the trail has no word of this failure: ${(lost as Error).message}`);
    },
  );
}
