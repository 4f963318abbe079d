import { renderApplication, type AlembicSetup } from "../../core/migrations/alembic/application";
import type { AlembicRevision } from "../../core/migrations/alembic/revision";
import { unreadMigration } from "../../core/migrations/alembic/judge-revisions";
import { emptyHistory } from "../../core/migrations/history";
import { problemError } from "../../core/problem";
import type { SchemaSnapshot } from "../../core/schema/snapshot";
import type { BridgeLogin } from "../alembic/bridge-connection";
import { ApplicationError } from "../alembic/bridge-failure";
import { exclusivelyWithAlembic, runRevisions, type AlembicOptions } from "../alembic/engine";
import { assertReaches } from "./application-network";
import { readScratch, runAll } from "./replay";
import { scratchLimits, withScratch, type Scratch, type ScratchOptions } from "./scratch";

/** An application whose Alembic migrates a scratch database. */
export interface ScratchApplication {
  readonly setup: AlembicSetup;
  /** Where it reaches the stack's own server, if not as this machine does. */
  readonly seenAt: BridgeLogin["seenAt"];
}

/**
 * The schema that the declaration and an application's revisions give, in their order.
 *
 * @throws ProblemError where one of them does not run there, or the application does not reach the scratch server
 */
export function replayRevisions(
  options: ScratchOptions,
  application: ScratchApplication,
  revisions: readonly AlembicRevision[],
): Promise<SchemaSnapshot> {
  return withMigratedScratch(options, application, async (scratch) => {
    await runAll(scratch, revisions.map(unreadMigration), "up");
    await scratch.grant();
    return readScratch(scratch);
  });
}

/**
 * Makes a scratch database that an application's Alembic migrates, uses it and removes it, whatever happens. Its version
 * table is there from the beginning: no way back takes it away.
 */
export async function withMigratedScratch<Result>(
  options: ScratchOptions,
  application: ScratchApplication,
  use: (scratch: Scratch) => Promise<Result>,
): Promise<Result> {
  const { place } = application.setup;
  await assertReaches(options.home.place, place);
  // A server in a container is where the application's own container is, or is to be.
  const network =
    place.kind === "container"
      ? { network: `container:${place.container}` }
      : place.kind === "image"
        ? { network: place.network }
        : {};
  return withScratch({ ...options, ...network }, async (scratch) => {
    const run = optionsOf(application, scratch, options);
    await exclusivelyWithAlembic(run, ({ bridge }) => bridge.ask("stamp", { revision: "base" })).catch(
      (error: unknown) => {
        throw unreached(application, error);
      },
    );
    return use(migratedBy(application, scratch, options));
  });
}

/** The same database, with the application's Alembic as its engine. */
function migratedBy(application: ScratchApplication, scratch: Scratch, options: ScratchOptions): Scratch {
  const { withCopy } = scratch;
  const run = optionsOf(application, scratch, options);
  return {
    ...scratch,
    engine: {
      ...scratch.engine,
      run: (decide) =>
        runRevisions(run, () => decide(emptyHistory).map((step) => ({ ...step, sent: null }))).catch(
          (error: unknown) => {
            throw unreached(application, error);
          },
        ),
    },
    ...(withCopy === undefined
      ? {}
      : { withCopy: (useCopy) => withCopy((copy) => useCopy(migratedBy(application, copy, options))) }),
  };
}

function optionsOf(
  application: ScratchApplication,
  scratch: Scratch,
  options: ScratchOptions,
): AlembicOptions {
  const { database, login, administrator: watcher } = scratch;
  const waiting = { ...options.waiting, say: () => Promise.resolve() };
  const { owner } = options;
  return {
    database,
    login,
    owner,
    watcher,
    limits: scratchLimits,
    waiting,
    ...wayTo(application, scratch, options),
  };
}

/** How the application gets there. */
function wayTo(
  { setup, seenAt }: ScratchApplication,
  { within }: Scratch,
  { home }: ScratchOptions,
): ScratchApplication {
  const { place } = setup;
  if (home.place === "same-server") return { setup, seenAt };
  if (within === undefined || place.kind === "machine") return { setup, seenAt: {} };
  const inside = place.kind === "image" ? { ...place, network: within.network } : place;
  return { setup: { ...setup, place: inside }, seenAt: { host: "127.0.0.1", port: within.port } };
}

/** An error without a code of the server's is one of the way there. */
function unreached({ setup: { place } }: ScratchApplication, error: unknown): unknown {
  if (!(error instanceof ApplicationError) || place.kind === "machine") return error;
  const { described, problems } = error;
  if (described === undefined || described.refused || described.code !== null) return error;
  return problemError(
    "scratch server",
    `${renderApplication(place)} does not migrate a database on it: ${problems[0]?.message ?? ""}`,
    `does it reach the server? --scratch same-server makes a scratch database where it reaches the stack's own; ${problems[0]?.hint ?? ""}`,
    { cause: error },
  );
}
