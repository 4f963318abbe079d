import { resolve } from "node:path";
import type { Decision } from "../core/migrations/decide";
import { decideDeclared } from "../core/migrations/decide-declared";
import { decideShown } from "../core/migrations/decide-shown";
import type { KnownHead } from "../core/migrations/head-notes";
import type { MigrationHistory } from "../core/migrations/history";
import { inputOf, type JudgedFiles } from "../core/migrations/judged-files";
import {
  planMigrations,
  type DeclaredMigrations,
  type FoundMigrations,
} from "../core/migrations/plan-migrations";
import type { RunLimits } from "../core/migrations/retry";
import { decideRepeatables, decideShownRepeats } from "../core/repeatables/decide";
import { reachesEnd } from "../core/repeatables/plan-repeatables";
import type { Plan } from "../core/statement";
import { databaseExists } from "../io/catalog/database";
import { createEngine, type MigrationEngine } from "../io/migrations/engine";
import { findKnownMigrations, findMigrations, findNewMigrations } from "../io/migrations/find-migrations";
import type { CheckFailure, ResourceRequest } from "./contract";
import { alembicScope } from "./alembic-migrations";
import { InputCheck } from "./inputs";
import { assertDone, isPending, prepareRun } from "./migrations-run";
import { gated } from "./loss-gate";
import { waitingOf } from "./waiting-of";
import { plannedResource, type Planned, type Way } from "./planned";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import { readConnections } from "./server-connection";

/**
 * Keeps the migrations of a database applied up to the declared one: it compares names and checksums with the history at
 * every preview, shows the SQL of what is pending, and applies it. What was applied stays when it goes, with its history.
 */
export const migrations = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs, request) => ({
    ...readConnections(inputs, oldInputs),
    ...gated(scopeOf(inputs, oldInputs, knownHead(request)), inputs),
  }),
  compared: [],
  replacing: ["database"],
});

function scopeOf(
  inputs: PropertyMap,
  oldInputs: PropertyMap | undefined,
  known: KnownHead | undefined,
): Omit<Planned, "connections" | "isServerNew"> {
  return inputs.engine === "alembic"
    ? alembicScope(inputs, known, readConnections(inputs, oldInputs).connections)
    : migrationsScope(inputs, known);
}

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  return new InputCheck(inputs)
    .known(
      "connection",
      "login",
      "database",
      "owner",
      "engine",
      "alembic",
      "dockerEngine",
      "directory",
      "path",
      "target",
      "downgrade",
      "limits",
      "allowDataLoss",
      "gate",
    )
    .text("database")
    .text("owner")
    .oneOf("engine", "sql", "alembic")
    .text("directory")
    .text("path")
    .oneOf("downgrade", "allow", "refuse")
    .list("allowDataLoss").failures;
}

/** What the resource takes, as the program has it. */
interface Inputs {
  readonly login?: { readonly user: string; readonly password: string };
  readonly database: string;
  readonly owner: string;
  /** For this process. */
  readonly directory: string;
  /** For people: of the project. */
  readonly path: string;
  readonly target?: string;
  readonly downgrade: DeclaredMigrations["downgrade"];
  readonly limits: RunLimits;
  readonly allowDataLoss: readonly string[];
}

function migrationsScope(
  given: PropertyMap,
  known: KnownHead | undefined,
): Omit<Planned, "connections" | "isServerNew"> {
  const inputs = revealMap(given) as unknown as Inputs;
  const { database, login, directory, path, target } = inputs;
  const declared: DeclaredMigrations = {
    ...inputs,
    gated: given.gate !== undefined,
    ...(login === undefined ? {} : { migrator: login.user }),
  };
  const wanted = {
    place: { directory: resolve(directory), shown: path },
    owner: inputs.owner,
    ...(target === undefined ? {} : { target }),
    ...(login === undefined ? {} : { migrator: login.user }),
  };
  let last: FoundMigrations | undefined;
  const planFound = (found: FoundMigrations): Plan => {
    last = found;
    return planMigrations(declared, found, known);
  };
  const planNew = async (): Promise<Plan> => planFound(await findNewMigrations(wanted));
  return {
    id: `migrations/${database}`,
    database,
    lock: "own",
    // What runs for hours may outlast a session that waits beside it.
    mayRestart: true,
    async plan(maintenance, open) {
      if (!(await databaseExists(maintenance, database))) return planNew();
      return open(database, async (session) => planFound(await findMigrations(wanted, session)));
    },
    planEmpty: planNew,
    async planUnread() {
      const found = known === undefined ? undefined : await findKnownMigrations(wanted, known);
      return found === undefined ? { statements: [], refusals: [] } : planFound(found);
    },
    async act(plan, way) {
      await prepareRun(database, declared.migrator, way);
      if (last === undefined || !isPending(plan)) return;
      if (hasUnknown(given.login)) throw new Error("the migrator's password is not known");
      await runPending(inputs, declared, last, way);
    },
  };
}

/** Runs what was planned from, and nothing else. */
async function runPending(
  inputs: Inputs,
  declared: DeclaredMigrations,
  { files, history: planned }: FoundMigrations,
  way: Way,
): Promise<void> {
  if (files === undefined) throw new Error("files that were not read are not planned");
  const decide = (history: MigrationHistory): Decision => decideDeclared(inputOf(files, history), declared);
  const { steps } = decide(planned);
  const engine = engineOf(inputs, files, way);
  const { repeatables } = files;
  const repeats = reachesEnd(planned.applied.length, steps, files.judged.length)
    ? decideRepeatables(repeatables, planned.repeatables ?? []).steps
    : undefined;
  const outcome = await engine.run(
    (history) => decideShown(steps, decide(history)),
    repeats && { repeatables, decide: (rows) => decideShownRepeats(repeats, repeatables, rows) },
  );
  assertDone(inputs.database, outcome);
}

function engineOf(
  { database, owner, login, limits }: Inputs,
  { parser }: JudgedFiles,
  { connection, request }: Way,
): MigrationEngine {
  const waiting = waitingOf(request);
  const target = { ...connection, ...login };
  return createEngine({ database, owner, login: target, watcher: connection, limits, waiting, parser });
}

/** What the state knows; undefined before the first run, and after one that failed. */
function knownHead(request: ResourceRequest & { readonly state?: PropertyMap }): KnownHead | undefined {
  const { head, applied, digest } = revealMap(request.state ?? {});
  if (typeof head !== "string" || typeof applied !== "number" || typeof digest !== "string") return undefined;
  return { head, applied, digest };
}
