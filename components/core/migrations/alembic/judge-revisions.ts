import { ProblemError, type Problem } from "../../problem";
import {
  judgeMigrations,
  type GateFinding,
  type JudgedMigration,
  type JudgedStatement,
  type PartName,
} from "../gate/judge";
import { rules } from "../gate/rules";
import { unusable, type Migration } from "../migration";
import type { SqlParser } from "../sql-parser";
import { acknowledgeStatements } from "./acknowledge-statements";
import type { OfflineSql, RevisionSql } from "./offline-sql";
import type { AlembicRevision } from "./revision";
import { readOffline, type OfflinePart } from "./read-offline";

/** What nobody is asked of a revision: Alembic's own files have their words in a docstring. */
const notes = { why: "", data: "", rollback: "", performance: "" };

/**
 * Judges revisions by the SQL that they would send, in the order in which they run. Positions are lines of their files.
 *
 * @throws ProblemError of what no migration may hold, and of acknowledgements that acknowledge nothing
 */
export function judgeRevisions(given: readonly RevisionSql[], parser: SqlParser): JudgedMigration[] {
  const problems: Problem[] = [];
  const read = given.map(({ revision, up, down }) => {
    const part = (sql: OfflineSql | undefined): OfflinePart | undefined =>
      sql === undefined ? undefined : readOffline(revision.path, sql, parser, problems);
    return { up: part(up), down: part(down), sql: { up, down }, revision };
  });
  const migrations = read.map(({ revision, up, down }) => migrationOf(revision, up, down));
  const judged = problems.length > 0 ? [] : judgeMigrations(migrations, parser);
  const complete = judged.map((one, index): JudgedMigration => {
    const source = read[index];
    const part = (name: PartName): readonly JudgedStatement[] => {
      const [sql, found] = [source?.sql[name], source?.[name]];
      if (sql === undefined || found === undefined) return one[name];
      const all = [...one[name], ...found.hidden.map((hidden) => opaque(one.migration, name, hidden))];
      return acknowledgeStatements(all, sql.comments, one.migration.path, problems);
    };
    return { ...one, up: part("up"), down: part("down") };
  });
  if (problems.length > 0) throw new ProblemError(unusable, problems);
  return complete;
}

function migrationOf(
  { revision, file, path, checksum }: AlembicRevision,
  up: OfflinePart | undefined,
  down: OfflinePart | undefined,
): Migration {
  const statements = up?.statements ?? [];
  const name = { file, kind: "revision", version: revision, name: file, path, checksum } as const;
  const lines = statements.map(({ firstLine }) => firstLine);
  return {
    ...name,
    notes,
    // The way that was asked about: nobody asks for both to run them.
    transactional: (up ?? down)?.transactional ?? true,
    upLines: { first: Math.min(1, ...lines), last: Math.max(1, ...lines) },
    up: statements,
    down: down?.statements ?? [],
  };
}

/** A revision by its file alone, for a run that is shown to nobody. */
export function unreadMigration(revision: AlembicRevision): Migration {
  return migrationOf(revision, undefined, undefined);
}

/** Stands for what cannot be shown. */
function opaque(
  { path }: Migration,
  part: PartName,
  { message, line }: { readonly message: string; readonly line: number },
): JudgedStatement {
  const rule = "needs-connection";
  const { class: of, hint } = rules[rule];
  const place = { file: path, part, line, acknowledged: null, blocks: true };
  const finding: GateFinding = { class: of, rule, message, hint, needs: "acknowledgement", ...place };
  const statement = { firstLine: line, lastLine: line, node: { String: {} }, acknowledgements: [] };
  return {
    statement: { ...statement, text: `-- ${message.replaceAll("\n", " ")}` },
    class: of,
    findings: [finding],
  };
}
