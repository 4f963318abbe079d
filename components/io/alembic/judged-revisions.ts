import type { RevisionDecision, RevisionState } from "../../core/migrations/alembic/decide-revisions";
import { judgeRevisions } from "../../core/migrations/alembic/judge-revisions";
import type { RevisionSql } from "../../core/migrations/alembic/offline-sql";
import type { RevisionStep } from "../../core/migrations/alembic/revision-step";
import type { JudgedMigration, PartName } from "../../core/migrations/gate/judge";
import type { JudgedFiles } from "../../core/migrations/judged-files";
import { loadSqlParser } from "../../core/migrations/sql-parser";
import { digestOf } from "../migrations/digest";
import type { Bridge } from "./bridge";
import { readRevisionSql } from "./look";

/** Revisions that are to run, judged by the SQL that they would send. */
export interface JudgedRevisions {
  readonly files: JudgedFiles;
  readonly steps: readonly RevisionStep[];
}

/**
 * Has Alembic show the SQL of what is to run, and judges it.
 *
 * @param directory as people are told
 * @throws ProblemError of what no migration may hold
 */
export async function readJudgedRevisions(
  bridge: Bridge,
  { steps: revisions }: RevisionDecision,
  direction: PartName,
  { current }: RevisionState,
  directory: string,
): Promise<JudgedRevisions> {
  const sql = await readRevisionSql(bridge, revisions, direction, current);
  const parser = await loadSqlParser();
  const judged = judgeRevisions(sql, parser);
  return {
    files: { directory, judged, repeatables: [], parser, digest: digestOf },
    steps: judged.map((one, index) => stepOf(one, sql[index], direction)),
  };
}

function stepOf(
  { migration, ...judged }: JudgedMigration,
  sql: RevisionSql | undefined,
  direction: PartName,
): RevisionStep {
  const isHidden = judged[direction].some(({ findings }) =>
    findings.some(({ rule }) => rule === "needs-connection"),
  );
  return { migration, direction, sent: isHidden ? null : (sql?.[direction]?.statements ?? []) };
}
