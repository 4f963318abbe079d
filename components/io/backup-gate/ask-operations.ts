import type { GateFacts } from "../../core/backup-gate/facts";
import { problemError, ProblemError, type Problem } from "../../core/problem";
import type { DockerEndpoint } from "../docker/engine";
import type { JobProgramPlace } from "../host/job-program";
import type { Waiting } from "../waiting";
import { errorMessage } from "../../core/error-message";
import { renderWayHop } from "../../core/ssh/way";

/** The ops container of a stack. */
export interface OpsContainer {
  readonly container: string;
  readonly engine: DockerEndpoint;
}

/** Where the operations code runs that has the backups: in a container, or on the server's host. */
export type OperationsPlace = OpsContainer | JobProgramPlace;

const program = ["node", "/usr/lib/pgstead/ops.cjs", "--json"];
const lookMs = 10_000;
const takeMs = 24 * 3_600_000;

/** What the operations code knows of the backups of a database. It never throws: what cannot be read is said. */
export async function askGateFacts(place: OperationsPlace, database: string): Promise<GateFacts> {
  try {
    const { data } = await run<{ readonly facts: Readonly<Record<string, GateFacts>> }>(
      place,
      ["backup", "gate"],
      { timeoutMs: lookMs },
    );
    return data.facts[database] ?? { backups: [], drills: [] };
  } catch (error) {
    return { backups: [], drills: [], unread: describe(error) };
  }
}

/**
 * Has it take and verify a backup of a database.
 *
 * @throws ProblemError: there is none, and nothing may be lost
 */
export async function askForBackup(
  place: OperationsPlace,
  database: string,
  { signal }: Pick<Waiting, "signal">,
): Promise<string> {
  const words = ["backup", "--database", database];
  const { data, findings } = await run<{ readonly taken: readonly { readonly name: string }[] }>(
    place,
    words,
    {
      timeoutMs: takeMs,
      signal,
    },
  );
  // What else was found, such as of a copy that could not be sent, is no fault of the backup.
  const [taken] = data.taken;
  if (taken !== undefined) return taken.name;
  const problems = findings.map(({ subject, message, hint }) => ({ path: subject, message, hint }));
  throw new ProblemError(`the backup of ${database} before a loss`, problems);
}

interface Answer<Data> {
  readonly data: Data;
  readonly findings: readonly { readonly subject: string; readonly message: string; readonly hint: string }[];
}

async function run<Data>(
  place: OperationsPlace,
  words: readonly string[],
  options: RunOptions,
): Promise<Answer<Data>> {
  const { stdout, stderr, exitCode } = await start(place, words, options);
  const answer = parse<Data>(stdout);
  if (answer === undefined) {
    const said = stderr.trim().split("\n").at(-1) ?? "";
    throw problemError(
      "container" in place ? `container ${place.container}` : `host ${renderWayHop(place.host.ssh)}`,
      `ended with ${exitCode ?? "a signal"}: ${said}`,
      "is it of this version of pgstead?",
    );
  }
  if ("error" in answer) throw new ProblemError(answer.error.title, answer.error.problems);
  return answer;
}

interface RunOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** What speaks to an engine, or to a host, is loaded where there is one. */
async function start(
  place: OperationsPlace,
  words: readonly string[],
  { timeoutMs, signal }: RunOptions,
): Promise<{ readonly stdout: string; readonly stderr: string; readonly exitCode: number | null }> {
  if ("container" in place) {
    const { runInContainer } = await import("../physical/run-in-container.js");
    const options = { timeoutMs, ...(signal === undefined ? {} : { signal }) };
    return runInContainer(place.engine, place.container)([...program, ...words], options);
  }
  const { runJobProgram } = await import("../host/job-program.js");
  const bound = AbortSignal.timeout(timeoutMs);
  const both = signal === undefined ? bound : AbortSignal.any([signal, bound]);
  return runJobProgram(place, ["--json", ...words], { signal: both });
}

function parse<Data>(
  text: string,
):
  | Answer<Data>
  | { readonly error: { readonly title: string; readonly problems: readonly Problem[] } }
  | undefined {
  try {
    return JSON.parse(text) as Answer<Data>;
  } catch {
    return undefined;
  }
}

function describe(error: unknown): string {
  if (error instanceof ProblemError)
    return `${error.title}: ${error.problems.map(({ message }) => message).join("; ")}`;
  return errorMessage(error);
}
