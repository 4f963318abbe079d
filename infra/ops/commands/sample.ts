import type { Finding } from "../../../components/core/finding";
import { ProblemError } from "../../../components/core/problem";
import { findVolume, takeSamples, type DatabaseSample } from "../../../components/io/samples/all";
import type { TakenSample } from "../../../components/io/samples/take";
import { LoginRefusedError, ServerUnreachableError } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";
import { lookInto } from "../sessions";
import { errorMessage } from "../../../components/core/error-message";

export interface SampleData {
  readonly databases: readonly (TakenSample & { readonly database: string })[];
  /** Free part of the volume of the data in bytes; null: it is not on this machine. */
  readonly volumeFreeBytes: number | null;
}

/** Takes a sample of statements and sizes, for stacks without an ops container: `cron` runs it. */
export const sampleCommand: OpsCommand<object, SampleData> = {
  name: "sample",
  summary: "take a sample of statements and sizes; the ops container does so every ten minutes",
  declare: (command) => {
    command.addHelpText("after", help);
  },
  run,
  render: ({ data }) => ({ output: `${data.databases.map(describe).join("\n")}\n` }),
};

const help = `
Needs pgstead:monitoring.samples, by which \`up\` makes the tables. One transaction a database, some tens of milliseconds.

JSON: data.volumeFreeBytes | null; data.databases [{ database, takenAt | null (another one takes them), statements | null,
without (no extension | not loaded) | null, isFirst, isReset, evictions, hasRelations }].

Example of a crontab:
  */10 * * * * cd /srv/pgstead && npm run -s ops -- sample --stack prod --json >/dev/null`;

async function run({ stack, config, outputs, progress }: CommandContext): Promise<Report<SampleData>> {
  const { administrator } = await outputs();
  // Only of a server on this machine: elsewhere a directory of that name would be another one.
  const volume = config.target === "embedded" ? await volumeOf(administrator) : undefined;
  const names = config.databases.map(({ name }) => name);
  const results = await progress("taking samples", takeSamples(administrator, names, { volume }));
  const lost = results.find(
    ({ failure }) => failure instanceof ServerUnreachableError || failure instanceof LoginRefusedError,
  );
  if (lost !== undefined) throw lost.failure;
  const findings = results.flatMap(({ database, failure }) =>
    failure === undefined ? [] : [findingOf(database, failure)],
  );
  const taken = results.flatMap(({ database, sample }) =>
    sample === undefined ? [] : [{ database, ...sample }],
  );
  return {
    command: "sample",
    stack,
    findings,
    data: { databases: taken, volumeFreeBytes: volume?.freeBytes ?? null },
  };
}

async function volumeOf(administrator: Parameters<typeof lookInto>[0]) {
  const [row] = await lookInto(administrator, "postgres", (session) =>
    session.query<{ directory: string }>("SELECT pg_catalog.current_setting('data_directory') AS directory"),
  );
  return row === undefined ? undefined : findVolume(row.directory);
}

function findingOf(database: string, failure: DatabaseSample["failure"]): Finding {
  const [problem] = failure instanceof ProblemError ? failure.problems : [];
  return {
    subject: `samples of ${database}`,
    message: problem?.message ?? errorMessage(failure),
    hint: problem?.hint ?? "run this again; the server's log may say more",
  };
}

function describe({
  database,
  takenAt,
  statements,
  without,
  isFirst,
  isReset,
}: SampleData["databases"][number]): string {
  if (takenAt === null) return `${database}: another one takes samples`;
  const what =
    statements === null ? `sizes alone: pg_stat_statements: ${without ?? ""}` : `${statements} statements`;
  const notes = [
    ...(isFirst ? ["the first one: the next one counts from here"] : []),
    ...(isReset ? ["the counters were reset"] : []),
  ];
  return [`${database}: ${what}`, ...notes].join("; ");
}
