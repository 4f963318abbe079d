import { resolve } from "node:path";
import type { ArchiveUnit } from "../../../components/core/archive/archive";
import { parseTableName } from "../../../components/core/conventions/new-table";
import type { Finding } from "../../../components/core/finding";
import { defaultLimits } from "../../../components/core/migrations/retry";
import { ProblemError } from "../../../components/core/problem";
import { renderSize } from "../../../components/core/size";
import type { ArchivedUnit } from "../../../components/io/archive/archive";
import { runArchive } from "../../../components/io/archive/run";
import { findUnits, type ArchiveRequest } from "../../../components/io/archive/units";
import { refusePreviewLogin } from "../../../components/io/preview-login";
import type { CommandContext, OpsCommand } from "../command";
import { confirm } from "../migrate/run-steps";
import { chooseDatabase, findDatabase, lookAs, type StackDatabase } from "../migrate/stack-database";
import { toFindings } from "../migrate/state";
import { parseDate } from "../moment";
import type { Report } from "../report";
import { untilInterrupted } from "../interrupt";
import { plural } from "../text";

interface ArchiveArgs {
  readonly database?: string;
  readonly table?: string;
  readonly before?: Date;
  readonly to?: string;
  readonly column?: string;
  readonly drop?: boolean;
  readonly yes?: boolean;
}

export interface ArchiveData {
  readonly database: string;
  readonly archived: readonly {
    readonly path: string;
    readonly relation: string;
    readonly rows: number;
    readonly bytes: number;
    readonly sha256: string;
    readonly wasThere: boolean;
    readonly dropped: boolean;
  }[];
}

/** Takes old rows out of a database into files. */
export const archiveCommand: OpsCommand<ArchiveArgs, ArchiveData> = {
  name: "archive",
  summary: "write old rows or partitions into compressed files that are verified, and drop them if told to",
  declare: (command) => {
    command
      .option("-d, --database <name>", "database, where the stack has several")
      .option("--table <name>", "table with its schema, such as app.events")
      .option(
        "--before <moment>",
        "what is older, such as 2026-01-01 (UTC) or 2026-01-01T00:00:00Z",
        parseDate,
      )
      .option("--to <directory>", "where the files go")
      .option(
        "--column <name>",
        "of a table without partitions: what says how old a row is (default: created_at)",
      )
      .option("--drop", "take away what is in a verified file: drop partitions, delete rows")
      .option("-y, --yes", "do not ask before anything is dropped")
      .addHelpText("after", help);
  },
  run: archive,
  render: ({ data: { archived } }) => ({
    output:
      archived.length === 0
        ? "there is nothing to archive\n"
        : archived
            .map(({ path, relation, rows, bytes, dropped }) => {
              const end = dropped ? ", and dropped" : "";
              return `${relation}: ${plural(rows, "row")} in ${path} (${renderSize(bytes)})${end}\n`;
            })
            .join(""),
  }),
};

const help = `
Of a partitioned table each partition that is wholly before the moment is a file; of another table its rows are one. A
file holds what COPY gives, in gzip, beside it a manifest with its SHA-256, the number of rows, a sum over their content
and the way back. It is written under another name, read back through the server into a temporary table, and compared
before it counts.

Without --drop nothing changes in the database. With it rows are taken away only in the transaction that finds them as
they are in the file: where somebody changed one meanwhile nothing is dropped. Where others use the table they go first,
and it is tried again for up to 10 minutes. Ended anywhere, run it again: it goes on with the files that are there. Ctrl-C
ends the running statement on the server, and the command with 130.

JSON: data.database; data.archived [{ path, relation, rows, bytes, sha256, wasThere, dropped }].

Examples:
  npm run ops -- archive --table app.events --before 2026-01-01 --to /srv/archive
  npm run ops -- archive --table app.events --before 2026-01-01 --to /srv/archive --drop`;

async function archive(context: CommandContext, args: ArchiveArgs): Promise<Report<ArchiveData>> {
  const { table: wanted, before, to, column, drop = false } = args;
  if (wanted === undefined || before === undefined || to === undefined) throw missing(args);
  refusePreviewLogin();
  const request = { table: parseTableName(wanted), before, ...(column === undefined ? {} : { column }) };
  const database = await findDatabase(context, chooseDatabase(context.config, args.database));
  const look = lookAs(database, (session) => findUnits(session, request));
  const units = await context.progress(`looking at ${wanted}`, look);
  const what = units[0]?.partitionOf === undefined ? "delete its rows" : `drop ${names(units)}`;
  const question = `Archive ${wanted} of ${database.name} before ${before.toISOString()} into ${to}, and ${what}?`;
  const mayGoOn = units.length > 0 && (!drop || (await confirm(context, question, args.yes)));
  const ended = mayGoOn
    ? await run(context, database, { ...request, directory: resolve(to), drop })
    : ({ done: [], findings: [] } satisfies Ended as Ended);
  return {
    command: "archive",
    stack: context.stack,
    data: { database: database.name, archived: ended.done.map(describe) },
    findings: ended.findings,
    ...(ended.cancelled === undefined ? {} : { cancelled: true }),
  };
}

interface Ended {
  readonly done: readonly ArchivedUnit[];
  readonly findings: readonly Finding[];
  readonly cancelled?: true;
}

/** What is refused half-way may be done for others already: both are told. */
async function run(
  context: CommandContext,
  { login, owner, name: database }: StackDatabase,
  request: ArchiveRequest & { readonly directory: string; readonly drop: boolean },
): Promise<Ended> {
  const done: ArchivedUnit[] = [];
  const { lockTimeoutMs, retryForMs } = defaultLimits;
  const table = `${request.table.schema}.${request.table.name}`;
  const end: { signal?: AbortSignal } = {};
  const work = untilInterrupted(context.write, (waiting) => {
    end.signal = waiting.signal;
    return runArchive(
      {
        ...request,
        ...{ login, owner, database, lockTimeoutMs, retryForMs, now: () => new Date(), waiting },
      },
      (unit) => {
        done.push(unit);
      },
    );
  });
  try {
    await context.progress(`archiving ${table}`, work);
    return { done, findings: [] };
  } catch (error) {
    if (end.signal?.aborted === true) {
      const message = "was cancelled: nothing is half done, and what is listed as archived is";
      const hint = "run this again, which goes on with the files that are there";
      return { done, findings: [{ subject: table, message, hint }], cancelled: true };
    }
    if (!(error instanceof ProblemError)) throw error;
    const problems = error.problems.map((one) => ({ ...one, path: one.path || error.title }));
    return { done, findings: toFindings(problems) };
  }
}

function names(units: readonly ArchiveUnit[]): string {
  return units.map(({ relation: { schema, name } }) => `${schema}.${name}`).join(", ");
}

function describe({ manifest, path, wasThere, dropped }: ArchivedUnit): ArchiveData["archived"][number] {
  const { relation, rows, bytes, sha256 } = manifest;
  return {
    path,
    relation: `${relation.schema}.${relation.name}`,
    rows: Number(rows),
    bytes,
    sha256,
    wasThere,
    dropped,
  };
}

function missing({ table, before, to }: ArchiveArgs): ProblemError {
  const hints = { table: "app.events", before: "2026-01-01", to: "/srv/archive" };
  const asked = Object.entries({ table, before, to }).filter(([, value]) => value === undefined);
  return new ProblemError(
    "what to archive is not said",
    asked.map(([key]) => ({
      path: `--${key}`,
      message: "is missing",
      hint: `such as --${key} ${hints[key as keyof typeof hints]}`,
    })),
  );
}
