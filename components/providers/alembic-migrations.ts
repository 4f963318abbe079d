import { resolve } from "node:path";
import {
  isInContainer,
  resolveSetup,
  type AlembicApplication,
  type ApplicationEngine,
} from "../core/migrations/alembic/application";
import { decideTarget } from "../core/migrations/alembic/decide-target";
import { planAlembic, type FoundRevisions } from "../core/migrations/alembic/plan-alembic";
import { shownRevisions } from "../core/migrations/alembic/shown-revisions";
import type { KnownHead } from "../core/migrations/head-notes";
import type { DeclaredMigrations } from "../core/migrations/plan-migrations";
import type { RunLimits } from "../core/migrations/retry";
import type { Plan } from "../core/statement";
import type { BridgeLogin } from "../io/alembic/bridge-connection";
import { runRevisions } from "../io/alembic/engine";
import { findNewRevisions, findRevisions } from "../io/alembic/find-revisions";
import { databaseExists } from "../io/catalog/database";
import { digestOf } from "../io/migrations/digest";
import { previewLogin } from "../io/preview-login";
import { assertDone, isPending, prepareRun } from "./migrations-run";
import { waitingOf } from "./waiting-of";
import type { Planned, Way } from "./planned";
import { hasUnknown, revealMap, type PropertyMap } from "./properties";
import type { ServerConnection } from "./server-connection";

/** What the resource takes besides what it takes of files of SQL. */
interface Inputs extends DeclaredMigrations {
  readonly login?: { readonly user: string; readonly password: string };
  /** For this process; in a container the application's own is in `alembic`. */
  readonly directory: string;
  readonly path: string;
  readonly limits: RunLimits;
  readonly alembic: AlembicApplication;
  readonly dockerEngine?: ApplicationEngine;
}

/** The same life as with files of SQL, where an application's Alembic applies them. */
export function alembicScope(
  given: PropertyMap,
  known: KnownHead | undefined,
  connections: readonly ServerConnection[],
): Omit<Planned, "connections" | "isServerNew"> {
  const inputs = revealMap(given) as unknown as Inputs;
  const { database, login, alembic, path, target } = inputs;
  const migrator = login === undefined ? {} : { migrator: login.user };
  const declared: DeclaredMigrations = { ...inputs, ...migrator, gated: given.gate !== undefined };
  const wanted = {
    setup: resolveSetup(alembic, resolve(inputs.directory), inputs.dockerEngine ?? {}),
    shown: isInContainer(alembic) ? (alembic.container ?? alembic.image ?? path) : path,
    ...(target === undefined ? {} : { target }),
    ...migrator,
  };
  let last: FoundRevisions | undefined;
  const planFound = (found: FoundRevisions): Plan => {
    last = found;
    return planAlembic(declared, found, digestOf, known);
  };
  const planNew = async (): Promise<Plan> => planFound(await findNewRevisions(wanted));
  return {
    id: `migrations/${database}`,
    database,
    lock: "own",
    mayRestart: true,
    async plan(maintenance, open) {
      const [connection] = connections;
      if (connection === undefined || !(await databaseExists(maintenance, database))) return planNew();
      const as = loginOf(inputs, given, previewLogin(connection));
      return open(database, async (session) => planFound(await findRevisions(wanted, as, session)));
    },
    planEmpty: planNew,
    // Only Alembic itself could tell what the files are against, and it has no server to ask.
    planUnread: () => ({ statements: [], refusals: [], outputs: { ...known, pending: [] } }),
    async act(plan, way) {
      await prepareRun(database, declared.migrator, way);
      if (last === undefined || !isPending(plan)) return;
      if (hasUnknown(given.login)) throw new Error("the migrator's password is not known");
      await runPending(inputs, wanted.setup, last, way);
    },
  };
}

/** As whom the application connects: a preview that must not change anything as its own role. */
function loginOf(
  { database, owner, login, alembic: { seenAt } }: Inputs,
  given: PropertyMap,
  connection: ServerConnection,
): BridgeLogin {
  const { systemIdentifier: _, ...target } = connection;
  const isPreviewRole = process.env.PGSTEAD_PREVIEW_ROLE !== undefined;
  const own = isPreviewRole || hasUnknown(given.login) ? {} : login;
  return { database, owner, login: { ...target, ...own }, seenAt };
}

/** Runs what was planned from, and nothing else. */
async function runPending(
  inputs: Inputs,
  setup: Parameters<typeof runRevisions>[0]["setup"],
  { steps }: FoundRevisions,
  { connection, request }: Way,
): Promise<void> {
  const { database, owner, login, limits, target, alembic } = inputs;
  const { systemIdentifier: _, ...watcher } = connection;
  const options = {
    ...{ database, owner, setup, watcher, limits, seenAt: alembic.seenAt, waiting: waitingOf(request) },
    login: { ...watcher, ...login },
  };
  assertDone(
    database,
    await runRevisions(options, (state) => shownRevisions(steps, decideTarget(state, target))),
  );
}
