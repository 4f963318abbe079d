import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { parseArchiveList, type ArchiveEntry } from "../../core/backup/content";
import { partOf } from "../../core/restore/dump-statements";
import { statementsOf } from "../../core/restore/script";
import { runTool, streamTool, type ToolSurroundings } from "../backup/run-tool";
import { withTemporaryDirectory } from "../temporary-directory";
import type { DatabaseScript } from "./database-script";

/** Every entry of an archive, those of the database itself included. */
export async function listArchive(surroundings: ToolSurroundings, place: string): Promise<ArchiveEntry[]> {
  const { value } = await runTool(surroundings, "pg_restore", ["--list", "--create", place]);
  return parseArchiveList(value);
}

/** What an archive says of the database itself. */
export async function readArchiveScript(
  surroundings: ToolSurroundings,
  place: string,
): Promise<DatabaseScript> {
  const own = (await listArchive(surroundings, place)).filter(({ rest }) => isOfDatabase(rest));
  const { value } = await withList(own, (list) =>
    streamTool(surroundings, "pg_restore", ["--create", `--use-list=${list}`, "--file=-", place], buffer),
  );
  const statements = statementsOf(value.toString("latin1"), place);
  return {
    create: statements.find((text) => partOf(text) === "create"),
    statements: statements.filter((text) => ["database", "encoding", "authorization"].includes(partOf(text))),
  };
}

/** What some entries of an archive would run, without their values; one character a byte. */
export async function readEntries(
  surroundings: ToolSurroundings,
  place: string,
  isWanted: (entry: ArchiveEntry) => boolean,
): Promise<readonly string[]> {
  const entries = (await listArchive(surroundings, place)).filter(isWanted);
  if (entries.length === 0) return [];
  const { value } = await withList(entries, (list) =>
    streamTool(surroundings, "pg_restore", [`--use-list=${list}`, "--file=-", place], buffer),
  );
  return statementsOf(value.toString("latin1"), place);
}

/** Of the second column: `-` stands where the schema of others is. */
function isOfDatabase(rest: string): boolean {
  return /^(?:DATABASE|DATABASE PROPERTIES) - |^(?:ACL|COMMENT|SECURITY LABEL) - DATABASE /.test(rest);
}

function isEventTrigger(rest: string): boolean {
  return /^EVENT TRIGGER - |^(?:COMMENT|SECURITY LABEL) - EVENT TRIGGER /.test(rest);
}

/** How an archive is restored. */
export interface ArchiveRestore {
  /** Of the database to restore into, which is empty. */
  readonly surroundings: ToolSurroundings;
  readonly database: string;
  readonly place: string;
  readonly jobs: number;
  readonly more: readonly string[];
}

/**
 * Restores all of an archive but what is of the database itself. Event triggers come after everything else: one that always
 * fires would record the rest, or refuse it.
 *
 * @returns warnings
 */
export async function restoreArchive(
  request: ArchiveRestore,
  isWanted: (entry: ArchiveEntry) => boolean = () => true,
): Promise<readonly string[]> {
  const entries = await listArchive(request.surroundings, request.place);
  const content = entries.filter((entry) => !isOfDatabase(entry.rest) && isWanted(entry));
  const last = content.filter(({ rest }) => isEventTrigger(rest));
  const first = content.filter(({ rest }) => !isEventTrigger(rest));
  const warnings = await restoreEntries(request, first);
  return last.length === 0
    ? warnings
    : [...warnings, ...(await restoreEntries({ ...request, jobs: 1 }, last))];
}

/** Restores some entries of an archive, and nothing else. @returns warnings */
export async function restoreEntries(
  { surroundings, database, place, jobs, more }: ArchiveRestore,
  entries: readonly ArchiveEntry[],
): Promise<readonly string[]> {
  const { warnings } = await withList(entries, (list) =>
    runTool(surroundings, "pg_restore", [
      "--no-password",
      "--exit-on-error",
      `--jobs=${jobs}`,
      `--use-list=${list}`,
      // As libpq quotes a value: a name with `=` in it would be taken for settings of the connection.
      `--dbname=dbname='${database.replace(/[\\']/g, "\\$&")}'`,
      ...more,
      place,
    ]),
  );
  return warnings;
}

/** Runs something with a list of entries in a file, which is gone afterwards. */
async function withList<Result>(
  entries: readonly ArchiveEntry[],
  use: (file: string) => Promise<Result>,
): Promise<Result> {
  return withTemporaryDirectory("list", async (directory) => {
    const file = join(directory, "entries");
    const lines = entries.map(({ dumpId, catalog, oid, rest }) => `${dumpId}; ${catalog} ${oid} ${rest}\n`);
    await writeFile(file, lines.join(""), { mode: 0o600 });
    return use(file);
  });
}
