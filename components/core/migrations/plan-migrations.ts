import type { Problem } from "../problem";
import type { Loss, Plan, Refusal, Statement } from "../statement";
import type { MigrationStep } from "./decide";
import { decideDeclared, type DeclaredTarget } from "./decide-declared";
import { changesSince, headOf, noteSteps, type FoundHead, type KnownHead } from "./head-notes";
import { planHistory, type HistoryPlace } from "./history-layout";
import { inputOf, statementsOf, type JudgedFiles } from "./judged-files";
import { madeBy, type PendingFile } from "./made-objects";
import { planRepeatables } from "../repeatables/plan-repeatables";
import type { Forecast } from "../repeatables/replacement";
import { classRisks, reasonOf } from "./planned-statement";
import { lossesOfDowngrade, lossesOfUpgrade, refuseDeclaredDowngrade, refuseUpgrade } from "./refuse-run";

/** Migrations of a database, as a stack declares them. */
export interface DeclaredMigrations extends DeclaredTarget {
  readonly database: string;
  /** Role that the statements run as. */
  readonly owner: string;
  /** Login that applies them and keeps the history; absent: the administrator. */
  readonly migrator?: string;
  readonly allowDataLoss: readonly string[];
  /** True: a backup that counts is asked for before anything is lost. */
  readonly gated?: boolean;
}

/** What a database has, and what the files are. */
export interface FoundMigrations extends FoundHead {
  readonly place: HistoryPlace;
  /** Absent: names and checksums alone have told that there is nothing to do, or the files are not usable. */
  readonly files?: JudgedFiles;
  /** What makes the files not usable. */
  readonly problems: readonly Problem[];
  /** What CREATE OR REPLACE could not change, as far as a look at the database tells. */
  readonly forecasts?: readonly Forecast[];
}

/** The statements that bring a database to the head that is declared, and what keeps them from running. */
export function planMigrations(
  declared: DeclaredMigrations,
  found: FoundMigrations,
  known?: KnownHead,
): Plan {
  const { place, files, problems } = found;
  const change = changesSince(known, found, declared);
  const planned = files === undefined ? settled : planFiles(declared, found, files);
  const tables =
    planned.statements.length > 0 || place.hasTables ? planHistory(place, declared.migrator) : [];
  return {
    statements: [...tables, ...planned.statements],
    refusals: [...problems.map(toRefusal), ...planned.refusals],
    ...(planned.losses === undefined ? {} : { losses: planned.losses }),
    notes: [...planned.notes, ...change.notes],
    outputs: { ...headOf(found), pending: planned.pending },
    differs: change.differs,
  };
}

interface PlannedFiles extends Plan {
  readonly notes: readonly string[];
  readonly pending: readonly PendingFile[];
}

const settled: PlannedFiles = { statements: [], refusals: [], notes: [], pending: [] };

function planFiles(declared: DeclaredMigrations, found: FoundMigrations, files: JudgedFiles): PlannedFiles {
  const { history } = found;
  const decision = decideDeclared(inputOf(files, history), declared);
  const { steps, problems } = decision;
  const up = steps.filter(({ direction }) => direction === "up");
  const down = steps.filter(({ direction }) => direction === "down");
  const repeats = planRepeatables(found, files, { steps, owner: declared.owner });
  return {
    statements: [
      ...steps.flatMap((step) => statementsOfStep(step, files, declared.owner)),
      ...repeats.statements,
    ],
    refusals: [
      ...problems.map(toRefusal),
      ...refuseUpgrade(files, up, declared),
      ...refuseDeclaredDowngrade(files, down, declared),
      ...repeats.refusals,
    ],
    ...lossesOf([...lossesOfUpgrade(files, up, declared), ...lossesOfDowngrade(files, down, declared)]),
    notes: [...noteSteps(decision, declared), ...repeats.notes],
    pending: [
      ...up.map(({ migration }) => ({
        file: migration.path,
        makes: migration.up.flatMap(({ node }) => madeBy(node)),
      })),
      ...repeats.pending,
    ],
  };
}

/** None are left out. */
export function lossesOf(losses: readonly Loss[]): Pick<Plan, "losses"> {
  return losses.length === 0 ? {} : { losses };
}

export function toRefusal({ path, message, hint }: Problem): Refusal {
  return { subject: path, message, hint };
}

/** All statements of a file that are to run: of one that stopped half-way those that are left. */
export function statementsOfStep(
  step: MigrationStep,
  files: Pick<JudgedFiles, "judged">,
  owner: string,
): Statement[] {
  const { migration, direction, resume } = step;
  const { path, version, name, checksum, transactional } = migration;
  const left = statementsOf(files, step).slice(resume?.done ?? 0);
  return left.map((judged): Statement => {
    const line = judged.statement.firstLine;
    const origin = { file: path, line, owner, direction, transactional, version, name, checksum };
    return {
      sql: judged.statement.text,
      reason: reasonOf(judged, origin),
      risk: classRisks[judged.class],
      kind: "migration",
      transactional,
      migration: origin,
    };
  });
}
