import { parseFileName } from "../../core/migrations/file-name";
import { emptyHistory, type AppliedMigration, type MigrationHistory } from "../../core/migrations/history";
import type { HistoryPlace } from "../../core/migrations/history-layout";
import { inOrder, type MigrationDirectory } from "../../core/migrations/migration-set";
import type { FoundMigrations } from "../../core/migrations/plan-migrations";
import { isSettled } from "../../core/migrations/settled";
import { decideRepeatables } from "../../core/repeatables/decide";
import { ProblemError } from "../../core/problem";
import { readMigrationDirectory, readRepeatableFiles, type MigrationPlace } from "../migration-files";
import type { Session } from "../session";
import { forecastReplacements } from "../repeatables/forecast";
import { digestOf } from "./digest";
import { readHistory, readHistoryPlace } from "./history";
import { judgeFiles } from "./judged-files";

/** Which migrations are asked about. */
export interface WantedMigrations {
  readonly place: MigrationPlace;
  /** The last one that is to be applied. */
  readonly target?: string;
  /** Login that keeps the history. */
  readonly migrator?: string;
  /** Role that the statements run as. */
  readonly owner: string;
}

/** What a database has of its migrations, and what the files are; files are parsed only where names do not tell all. */
export async function findMigrations(wanted: WantedMigrations, session: Session): Promise<FoundMigrations> {
  const [place, history] = [await readHistoryPlace(session, wanted.migrator), await readHistory(session)];
  const found = await withFiles(wanted, () => history, place);
  if (found.files === undefined) return found;
  const { repeatables, parser } = found.files;
  const { steps } = decideRepeatables(repeatables, history.repeatables ?? []);
  return {
    ...found,
    forecasts: await forecastReplacements(session, wanted.owner, { steps, repeatables, parser }),
  };
}

/** The same of a database that has nothing yet. */
export function findNewMigrations(wanted: WantedMigrations): Promise<FoundMigrations> {
  return withFiles(wanted, () => emptyHistory, nothingThere);
}

/**
 * The same of a database that does not answer: it has as many as the state knows.
 *
 * @returns undefined: the files are not those that the state knows, so that nothing can be told
 */
export async function findKnownMigrations(
  wanted: WantedMigrations,
  known: { readonly head: string; readonly applied: number },
): Promise<FoundMigrations | undefined> {
  const isKnown = { is: true };
  const found = await withFiles(
    wanted,
    (files) => {
      const rows = files.slice(0, known.applied);
      isKnown.is = rows.length === known.applied && (rows.at(-1)?.name ?? "") === known.head;
      return { applied: rows.flatMap(appliedFile) };
    },
    { ...nothingThere, hasSchema: true, hasTables: true, mayRead: true, mayWrite: true },
  );
  return isKnown.is ? found : undefined;
}

export const nothingThere: HistoryPlace = {
  hasSchema: false,
  hasTables: false,
  layout: undefined,
  mayRead: false,
  mayWrite: false,
};

type Files = MigrationDirectory["files"];

async function withFiles(
  { place: migrations, target }: WantedMigrations,
  historyOf: (files: Files) => MigrationHistory,
  place: HistoryPlace,
): Promise<FoundMigrations> {
  const { directory, shown } = migrations;
  const [read, beside] = await Promise.all([
    usable(() => readMigrationDirectory(directory, shown)),
    readRepeatableFiles(migrations),
  ]);
  const files = "problems" in read ? [] : inNumbers(read.files);
  const history = historyOf(files);
  const found = { place, history, names: files.map(({ name }) => name), digest: digestHistory(history) };
  if ("problems" in read) return { ...found, problems: read.problems };
  if (isSettled(read, history, target, beside)) return { ...found, problems: [] };
  const judged = await usable(() => judgeFiles(read, beside));
  return "problems" in judged
    ? { ...found, problems: judged.problems }
    : { ...found, files: judged, problems: [] };
}

/** What is wrong with files is told with everything else that is refused. */
export async function usable<Result extends object>(
  work: () => Promise<Result>,
): Promise<Result | Pick<ProblemError, "problems">> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const problems = error.problems.map((problem) =>
      problem.path === "" ? { ...problem, path: error.title } : problem,
    );
    return { problems };
  }
}

/** In their order, those without a number aside. */
function inNumbers(files: Files): Files {
  const numbered = files.flatMap((file) => {
    const name = parseFileName(file.name);
    return "kind" in name ? [{ file, name }] : [];
  });
  return numbered.toSorted((a, b) => inOrder(a.name, b.name)).map(({ file }) => file);
}

function appliedFile({ name: file, checksum }: Files[number]): AppliedMigration[] {
  const parsed = parseFileName(file);
  if (!("kind" in parsed)) return [];
  const { version, name } = parsed;
  const unknown = {
    transactional: true,
    origin: "applied",
    appliedAt: "",
    appliedBy: "",
    durationMs: null,
  } as const;
  return [{ version, name, checksum, ...unknown }];
}

function digestHistory({ applied }: MigrationHistory): string {
  return digestOf(JSON.stringify(applied.map(({ version, name, checksum }) => [version, name, checksum])));
}
