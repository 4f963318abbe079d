import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { PassThrough, type Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import {
  checkPlain,
  completionMarks,
  findMissing,
  parseArchiveList,
  type PlainCheck,
} from "../../core/backup/content";
import type { BackedUpTable } from "../../core/backup/manifest";
import type { BackupFiles } from "../../core/backup/name";
import type { LogicalBackups } from "../../core/backup/plan";
import { ownSchema } from "../../core/born-with";
import { sampleTableNames } from "../../core/operations/sample-tables";
import { problemError, ProblemError, type Problem } from "../../core/problem";
import type { Progress } from "../progress";
import type { ClientProgram } from "./client-tools";
import { listFiles } from "./files";
import { runTool, streamTool, type ToolSurroundings } from "./run-tool";
import type { DatabaseSnapshot } from "./snapshot";

/** What is dumped, and where it goes. */
export interface DumpRequest extends ToolSurroundings {
  readonly database: string;
  readonly snapshot: DatabaseSnapshot;
  readonly directory: string;
  readonly files: BackupFiles;
  readonly plan: LogicalBackups;
  /** Processes of a dump in format directory. */
  readonly jobs: number;
  readonly progress: Progress;
}

/**
 * pg_dump waits for a lock only behind somebody who wants to change the table and waits for our snapshot to end: neither
 * would come to its end.
 */
const lockWait = "--lock-wait-timeout=3s";

/** Texts of statements leave the server with no backup, and a restored one begins with samples of its own. */
const withoutSamples = sampleTableNames.map((name) => `--exclude-table-data="${ownSchema}"."${name}"`);

/**
 * Dumps the rows and the schema of the snapshot, and the server's roles beside it, and looks whether each is whole.
 *
 * @returns what the programs warned of
 * @throws LockConflictError where somebody waits to change a table
 * @throws ProblemError where a program failed, or what it wrote lacks anything
 */
export async function dumpAll(request: DumpRequest): Promise<readonly string[]> {
  const { plan, files } = request;
  const dumps = plan.format === "directory" ? await dumpDirectory(request) : await dumpPlain(request);
  const globals = await request.progress("writing the roles of the server", dumpGlobals(request));
  return [...dumps, ...told(files.globals, globals)];
}

const told = (file: string, warnings: readonly string[]): string[] =>
  warnings.map((text) => `${file}: ${text}`);

async function dumpDirectory(request: DumpRequest): Promise<string[]> {
  const { files, plan, directory, database, progress } = request;
  const place = join(directory, files.dump);
  const warnings = await progress(`dumping ${database}`, dumpArchive(request, place));
  const schema = await progress(`looking at the dump of ${database}`, describeArchive(request, place));
  return [...told(files.dump, warnings), ...(plan.schemaOnly ? told(files.schema, schema) : [])];
}

/** Looks whether it is whole, and writes its schema apart where that is wanted. */
async function describeArchive(request: DumpRequest, place: string): Promise<readonly string[]> {
  const { files, plan, snapshot } = request;
  const faults = await checkArchive(request, place, snapshot.facts.tables);
  if (faults.length > 0) throw incomplete(files.dump, faults);
  if (!plan.schemaOnly) return [];
  // Of the archive, as another dump would need another lock on every table.
  const check = checkPlain(completionMarks.dump, snapshot.facts.tables, { rows: false });
  const args = ["--schema-only", "--create", "--file=-", place];
  return writePlain(request, "pg_restore", args, { file: files.schema, check });
}

/** Before 16 pg_dump has gzip alone; after that it has zstd unless it was built without. */
async function dumpArchive(request: DumpRequest, place: string): Promise<readonly string[]> {
  const { snapshot, tools, jobs } = request;
  const dump = async (compress: string): Promise<readonly string[]> => {
    const args = [
      "--no-password",
      "--format=directory",
      `--jobs=${jobs}`,
      `--compress=${compress}`,
      ...withoutSamples,
    ];
    const more = [`--snapshot=${snapshot.id}`, lockWait, `--file=${place}`];
    return (await runTool(request, "pg_dump", [...args, ...more])).warnings;
  };
  if (tools.major < 16) return dump(gzip);
  try {
    return await dump("zstd:3");
  } catch (error) {
    if (!lacksZstd(error)) throw error;
    return [...(await dump(gzip)), `${tools.directory} has no zstd: compressed with gzip`];
  }
}

/** Its usual level. */
const gzip = "6";

function lacksZstd(error: unknown): boolean {
  const isSaid = ({ message }: Problem): boolean => /does not support compression/i.test(message);
  return error instanceof ProblemError && error.problems.some(isSaid);
}

/** What of the tables is not in an archive. */
export async function checkArchive(
  surroundings: ToolSurroundings,
  place: string,
  tables: readonly BackedUpTable[],
): Promise<string[]> {
  const { value } = await runTool(surroundings, "pg_restore", ["--list", place]);
  const sizes = new Map((await listFiles(place)).map(({ path, bytes }) => [path, bytes]));
  return findMissing(parseArchiveList(value), tables, sizes);
}

/** The schema first: what somebody waits to change shows before the long part. */
async function dumpPlain(request: DumpRequest): Promise<string[]> {
  const { snapshot, files, plan } = request;
  const write = (file: string, more: readonly string[]): Promise<readonly string[]> => {
    const check = checkPlain(completionMarks.dump, snapshot.facts.tables, { rows: more.length === 0 });
    const args = [
      "--no-password",
      "--format=plain",
      "--create",
      `--snapshot=${snapshot.id}`,
      lockWait,
      ...withoutSamples,
      ...more,
    ];
    return writePlain(request, "pg_dump", args, { file, check });
  };
  const schema = plan.schemaOnly ? await write(files.schema, ["--schema-only"]) : [];
  const dump = await request.progress(`dumping ${request.database}`, write(files.dump, []));
  return [...told(files.schema, schema), ...told(files.dump, dump)];
}

async function dumpGlobals(request: DumpRequest): Promise<readonly string[]> {
  const { snapshot, files, database } = request;
  const check = checkPlain(completionMarks.globals, [], { rows: false });
  const args = [
    "--no-password",
    "--globals-only",
    ...(snapshot.readsPasswords ? [] : ["--no-role-passwords"]),
    // As libpq quotes a value: a name with `=` in it would be taken for settings of the connection.
    `--database=dbname='${database.replace(/[\\']/g, "\\$&")}'`,
  ];
  return writePlain(request, "pg_dumpall", args, { file: files.globals, check });
}

/** Writes what a program prints, compressed if the file's name says so, and looks at each line on the way. */
async function writePlain(
  request: DumpRequest,
  program: ClientProgram,
  args: readonly string[],
  { file, check }: { readonly file: string; readonly check: PlainCheck },
): Promise<readonly string[]> {
  const path = join(request.directory, file);
  const { warnings } = await streamTool(request, program, args, async (stdout: Readable) => {
    const target = createWriteStream(path, { mode: 0o600, flags: "wx" });
    const seen = new PassThrough();
    stdout.pipe(seen);
    const looked = lookAtLines(seen, check);
    await Promise.all([
      looked,
      file.endsWith(".gz") ? pipeline(stdout, createGzip(), target) : pipeline(stdout, target),
    ]);
  });
  const faults = check.faults();
  if (faults.length > 0) throw incomplete(file, faults);
  return warnings;
}

async function lookAtLines(stream: Readable, check: PlainCheck): Promise<void> {
  for await (const line of createInterface({ input: stream, crlfDelay: Infinity })) check.line(line);
}

/** So many are told. */
const shownFaults = 20;

function incomplete(file: string, faults: readonly string[]): Error {
  const more = faults.length > shownFaults ? `; and ${faults.length - shownFaults} more` : "";
  return problemError(
    file,
    `was written and is not whole: ${faults.slice(0, shownFaults).join("; ")}${more}`,
    "run this again; if it says the same, please report it with this text",
  );
}
