import type { Finding } from "../../../components/core/finding";
import { compareSchemas } from "../../../components/core/schema/compare";
import type { SchemaDifference } from "../../../components/core/schema/difference";
import { describeDifference, subjectOf } from "../../../components/core/schema/describe";
import { withoutObjects } from "../../../components/core/schema/ignore";
import type { SchemaSnapshot } from "../../../components/core/schema/snapshot";
import type { JudgedFiles } from "../../../components/core/migrations/judged-files";
import type { JudgedMigration } from "../../../components/core/migrations/gate/judge";
import { ProblemError } from "../../../components/core/problem";
import { readScratch, repeatAll, runAll } from "../../../components/io/scratch/replay";
import { roundTrip, type RoundTrip } from "../../../components/io/scratch/round-trip";
import type { Scratch } from "../../../components/io/scratch/scratch";
import { madeByFiles } from "../drift/applied-files";
import { toFindings } from "./state";

/** What became of a test of migrations. */
export interface TestOutcome {
  /** Files whose up part ran. */
  readonly applied: readonly string[];
  /** Files that were taken back and applied again. */
  readonly reversed: readonly string[];
  /** The file that none before it could be taken back for; null: all were. */
  readonly irreversible: string | null;
  readonly findings: readonly Finding[];
  /** What could not be tested, and losses that a file acknowledges. */
  readonly remarks: readonly { readonly subject: string; readonly message: string }[];
  /** The schema after each file, with the one before the first, but for what repeatable files make: as far as they ran. */
  readonly schemas: readonly SchemaSnapshot[];
}

interface Notes {
  readonly findings: Finding[];
  readonly remarks: { subject: string; message: string }[];
}

/** What somebody looks at between the ways. */
export interface TestHooks {
  /** All that runs was applied for the first time. */
  readonly afterUp?: () => Promise<void>;
  /** All that can be was taken back. @param whole true where nothing of it is left */
  readonly afterDown?: (whole: boolean) => Promise<void>;
}

/**
 * Applies all, takes all back as far as they are reversible, and applies all again; each by itself with made-up rows as
 * well. What a file leaves behind, and what it loses, is told of that file.
 */
export async function testMigrations(
  scratch: Scratch,
  { judged, repeatables }: Pick<JudgedFiles, "judged" | "repeatables">,
  signal: AbortSignal,
  hooks: TestHooks = {},
): Promise<TestOutcome> {
  const notes: Notes = { findings: [], remarks: [] };
  // What is a repeatable file's is not a migration's to take back, also where one makes it first, to stand on it.
  const theirs = madeByFiles(repeatables);
  const read: Read = async () => withoutObjects(await readScratch(scratch), theirs);
  const schemas = [await read()];
  const applied: JudgedMigration[] = [];
  const told = (): Omit<TestOutcome, "reversed" | "irreversible"> => ({
    ...notes,
    applied: applied.map(({ migration }) => migration.path),
    schemas,
  });
  for (const one of judged) {
    signal.throwIfAborted();
    await testRows(scratch, one, notes);
    if (!(await ran(scratch, one, "up", signal, notes))) {
      await hooks.afterUp?.();
      return { ...told(), reversed: [], irreversible: null };
    }
    applied.push(one);
    schemas.push(await read());
  }
  await hooks.afterUp?.();
  const { reversed, irreversible } = await takeBack(scratch, { applied, schemas, read }, signal, notes);
  await hooks.afterDown?.(applied.length > 0 && reversed.length === applied.length);
  for (const one of reversed.toReversed()) {
    if (!(await ran(scratch, one, "up", signal, notes))) break;
  }
  const whole = reversed.length === 0 ? [] : differencesOf(schemas.at(-1), await read());
  notes.findings.push(
    ...toldOf(
      whole,
      "after all down and all up again",
      "look at what the down parts leave, and at IF NOT EXISTS",
    ),
  );
  if (applied.length === judged.length) {
    notes.findings.push(...(await failuresOf(repeatAll(scratch, repeatables), signal)));
  }
  return { ...told(), reversed: reversed.map(({ migration }) => migration.path), irreversible };
}

type Read = () => Promise<SchemaSnapshot>;

/** The way up, with the schema before each file. */
interface Gone {
  readonly applied: readonly JudgedMigration[];
  readonly schemas: readonly SchemaSnapshot[];
  readonly read: Read;
}

/** From the last one to the first, or to one that is irreversible. */
async function takeBack(
  scratch: Scratch,
  { applied, schemas, read }: Gone,
  signal: AbortSignal,
  notes: Notes,
): Promise<{ readonly reversed: readonly JudgedMigration[]; readonly irreversible: string | null }> {
  const reversed: JudgedMigration[] = [];
  for (const [place, one] of [...applied.entries()].toReversed()) {
    const { migration } = one;
    if (migration.irreversible !== undefined) return { reversed, irreversible: migration.path };
    if (!(await ran(scratch, one, "down", signal, notes))) return { reversed, irreversible: migration.path };
    reversed.push(one);
    const left = differencesOf(schemas[place], await read());
    const where = `after ${migration.path} and its down part`;
    notes.findings.push(...toldOf(left, where, "have its down part take back all that its up part makes"));
  }
  return { reversed, irreversible: null };
}

async function ran(
  scratch: Scratch,
  { migration }: JudgedMigration,
  direction: "up" | "down",
  signal: AbortSignal,
  { findings }: Notes,
): Promise<boolean> {
  const failures = await failuresOf(runAll(scratch, [migration], direction), signal);
  findings.push(
    ...failures.map((one) => ({ ...one, message: `its ${direction} part fails: ${one.message}` })),
  );
  return failures.length === 0;
}

/** What of it fails on the scratch database. */
async function failuresOf(run: Promise<void>, signal: AbortSignal): Promise<Finding[]> {
  try {
    await run;
    return [];
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ProblemError)) throw error;
    return toFindings(error.problems);
  }
}

function differencesOf(
  expected: SchemaSnapshot | undefined,
  actual: SchemaSnapshot,
): readonly SchemaDifference[] {
  return expected === undefined ? [] : compareSchemas(expected, actual).differences;
}

function toldOf(differences: readonly SchemaDifference[], where: string, hint: string): Finding[] {
  return differences.map((difference) => {
    const words = difference.what === "extra" ? "is left behind" : describeDifference(difference);
    return { subject: subjectOf(difference), message: `${where}: ${words}`, hint };
  });
}

/** On a copy, so that made-up rows are in nobody's way. */
async function testRows(scratch: Scratch, one: JudgedMigration, { findings, remarks }: Notes): Promise<void> {
  const { migration, up } = one;
  if (scratch.withCopy === undefined || migration.irreversible !== undefined) return;
  const found: RoundTrip = await scratch.withCopy((copy) => roundTrip(copy, migration));
  const subject = migration.path;
  if (found.kind === "rows refused") {
    remarks.push({
      subject,
      message: `not tested with rows, as it does not take made-up ones: ${found.why}`,
    });
  } else if (found.kind === "down failed") {
    const hint = "where it cannot be taken back with rows, say `-- irreversible: <reason>` in its header";
    findings.push({ subject, message: `its down part fails where there are rows: ${found.why}`, hint });
  } else if (found.kind === "done" && found.changed.length > 0) {
    const message = `its down part does not bring back the rows of ${found.changed.join(", ")}`;
    const hint = "keep what it takes away, or say `-- irreversible: <reason>` in its header";
    const isAcknowledged = up.some((statement) => statement.findings.some((of) => of.class === "data-loss"));
    if (isAcknowledged) remarks.push({ subject, message: `${message}, as its up part says` });
    else findings.push({ subject, message, hint });
  }
}
