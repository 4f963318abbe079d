import type { Problem } from "../../problem";
import type { Plan } from "../../statement";
import type { KnownHead } from "../head-notes";
import { planHistory, type HistoryPlace } from "../history-layout";
import type { JudgedFiles } from "../judged-files";
import { madeBy } from "../made-objects";
import { lossesOf, statementsOfStep, toRefusal, type DeclaredMigrations } from "../plan-migrations";
import { lossesOfUpgrade, refuseUpgrade } from "../refuse-run";
import { decideTarget } from "./decide-target";
import { appliedRevisions, type RevisionState } from "./decide-revisions";
import type { RevisionStep } from "./revision-step";

/** What a database has of an application's revisions, and what is to run. */
export interface FoundRevisions {
  readonly place: HistoryPlace;
  /** Absent: the application could not be asked. */
  readonly state?: RevisionState;
  readonly files: Pick<JudgedFiles, "judged">;
  readonly steps: readonly RevisionStep[];
  /** What keeps revisions from running. */
  readonly problems: readonly Problem[];
  /** Operations by which the models differ from the database, where they were compared. */
  readonly models: readonly string[];
  /** What people should know besides. */
  readonly notes: readonly string[];
}

/** The statements that bring a database to the revision that is declared, and what keeps them from running. */
export function planAlembic(
  declared: DeclaredMigrations,
  found: FoundRevisions,
  digest: (text: string) => string,
  known?: KnownHead,
): Plan {
  const { place, state, files, steps, problems, models, notes } = found;
  const statements = steps.flatMap((step) => statementsOfStep(step, files, declared.owner));
  const tables = statements.length > 0 || place.hasTables ? planHistory(place, declared.migrator) : [];
  const now = state === undefined ? known : headOf(state, digest);
  const differs = (["head", "applied", "digest"] as const).filter(
    (name) => known !== undefined && now?.[name] !== known[name],
  );
  const above = state === undefined ? [] : decideTarget(state, declared.target).above;
  return {
    statements: [...tables, ...statements],
    refusals: [...problems.map(toRefusal), ...refuseUpgrade(files, steps, declared)],
    ...lossesOf(lossesOfUpgrade(files, steps, declared)),
    notes: [
      ...notes,
      ...(above.length > 0
        ? [
            `${above.join(", ")} applied above the target ${declared.target ?? ""}; \`migrate downgrade\` takes it back`,
          ]
        : []),
      ...(differs.length > 0 ? [movedNote(known, now)] : []),
      ...models.map((operation) => `the models differ from the database: ${operation}`),
    ],
    outputs: {
      ...(now ?? { head: "", applied: 0, digest: "" }),
      pending: steps.map(({ migration }) => ({
        file: migration.path,
        makes: migration.up.flatMap(({ node }) => madeBy(node)),
      })),
    },
    differs,
  };
}

function movedNote(before: KnownHead | undefined, now: KnownHead | undefined): string {
  const name = (head = ""): string => (head === "" ? "no revision" : head);
  return `the last \`up\` left the database at ${name(before?.head)}; it is at ${name(now?.head)} now`;
}

/** What the state is to know. */
function headOf(state: RevisionState, digest: (text: string) => string): KnownHead {
  const applied = appliedRevisions(state);
  const heads = applied.filter(({ version }) => state.current.includes(version)).map(({ name }) => name);
  return {
    head: heads.join(", "),
    applied: applied.length,
    digest: digest(JSON.stringify(applied.map(({ version, checksum }) => [version, checksum]))),
  };
}
