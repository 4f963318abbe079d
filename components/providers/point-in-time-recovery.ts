import { bornLibraries } from "../core/born-with";
import type { RepositoryNumber } from "../core/physical/configuration";
import { planRecovery, type ActualSecond, type DesiredRecovery } from "../core/physical/plan";
import { RepositoryUnreachableError, type PhysicalRepository } from "../core/physical/repository";
import { ProblemError } from "../core/problem";
import { newServerSettings } from "../core/settings/catalog";
import type { Plan } from "../core/statement";
import { withServerLock } from "../io/apply";
import { readArchiver } from "../io/catalog/archiver";
import { readSettingsCatalog } from "../io/catalog/settings";
import type { DockerEndpoint } from "../io/docker/engine";
import { EngineUnreachableError } from "../io/docker/failure";
import { readSystemIdentifier } from "../io/identity";
import type { PitrBackend } from "../io/physical/backend";
import { bringRecoveryAbout } from "../io/physical/bring-about";
import { stopArchiving } from "../io/physical/stop-archiving";
import { backRest } from "../io/physical/pgbackrest";
import { runInContainer } from "../io/physical/run-in-container";
import { serverControl } from "../io/server-control";
import { withSession } from "../io/session";
import type { CheckFailure, DeleteRequest } from "./contract";
import { InputCheck } from "./inputs";
import { plannedResource, type Planned } from "./planned";
import { revealMap, type PropertyMap } from "./properties";
import type { SecondPlace } from "./recovery-resource";
import { readConnections } from "./server-connection";

/**
 * Makes every moment of a server one that can be restored, and looks at every preview whether it still is: its repository,
 * its archiving and its backups, as they are. When it goes the server sends nothing any more; the repository stays.
 */
export const pointInTimeRecovery = plannedResource({
  check: ({ newInputs }) => checkInputs(newInputs),
  read: (inputs, oldInputs, request) => ({
    ...readConnections(inputs, oldInputs),
    ...recoveryScope(inputs, {
      isRun: "preview" in request && request.preview === false,
      isSecondNew: isSecondNew(inputs, oldInputs),
    }),
  }),
  compared: ["settings", "second"],
  delete: removeRecovery,
});

function checkInputs(inputs: PropertyMap): readonly CheckFailure[] {
  return new InputCheck(inputs)
    .known("connection", "settings", "restart", "control", "configuration", "second")
    .oneOf("restart", "allow", "refuse")
    .text("configuration").failures;
}

interface Declared extends DesiredRecovery {
  readonly control: { readonly kind: "docker"; readonly engine: DockerEndpoint; readonly container: string };
  readonly configuration: string;
  readonly second?: SecondPlace;
}

function declaredOf(inputs: PropertyMap): Declared {
  return revealMap(inputs) as unknown as Declared;
}

function backendOf({ control, configuration }: Declared, repository?: RepositoryNumber): PitrBackend {
  return backRest(runInContainer(control.engine, control.container), configuration, repository);
}

/** Whether the container's configuration has another one, or none, as long as nothing was done. */
function isSecondNew(inputs: PropertyMap, oldInputs: PropertyMap | undefined): boolean {
  const placeOf = (map: PropertyMap): string => {
    const { second } = revealMap(map) as unknown as Partial<Declared>;
    return second === undefined ? "" : JSON.stringify([second.bucket, second.prefix]);
  };
  return oldInputs === undefined || placeOf(inputs) !== placeOf(oldInputs);
}

interface ScopeRun {
  /** Whether something is to be done, and not only shown. */
  readonly isRun: boolean;
  readonly isSecondNew: boolean;
}

function recoveryScope(inputs: PropertyMap, run: ScopeRun): Omit<Planned, "connections" | "isServerNew"> {
  const declared = declaredOf(inputs);
  return {
    id: "recovery",
    async plan(maintenance) {
      const { failure } = await readArchiver(maintenance);
      const [repository, second] = await Promise.all([
        readRepository(backendOf(declared), run.isRun),
        readSecond(declared, run),
      ]);
      if ("refusals" in repository) return repository;
      if (second !== undefined && "refusals" in second) return second;
      return planRecovery(declared, {
        catalog: await readSettingsCatalog(maintenance, declared.settings),
        repository,
        systemIdentifier: await readSystemIdentifier(maintenance),
        ...(failure === undefined ? {} : { archiveFailure: failure }),
        ...(second === undefined ? {} : { second }),
      });
    },
    planEmpty: () =>
      planRecovery(declared, {
        catalog: newServerSettings(bornLibraries),
        repository: { kind: "absent" },
        ...absentSecond(declared),
      }),
    // Nothing is lost by a repository that cannot be looked at.
    planUnread: () => ({ statements: [], refusals: [] }),
    mayRestart: true,
    // A backup of a large server takes hours, and pgBackRest has a lock of its own.
    lock: "own",
    async act({ statements }, { connection, request }) {
      const waiting = { say: (text: string) => request.log("info", text), signal: request.signal };
      await bringRecoveryAbout(statements, {
        backend: backendOf(declared),
        second: backendOf(declared, 2),
        waiting,
        settings: {
          open: (use) =>
            withSession(connection, {}, (session) => withServerLock(session, () => use(session), waiting)),
          control: await serverControl(declared.control),
        },
      });
    },
  };
}

/** One that cannot be read is refused with everything else that is: a preview does not end at it. */
async function readRepository(backend: PitrBackend, isRun: boolean): Promise<PhysicalRepository | Plan> {
  try {
    return await backend.read();
  } catch (error) {
    // Those that are about the engine miss it as well: a preview says so once, and goes on.
    if (error instanceof EngineUnreachableError && !isRun) return { statements: [], refusals: [] };
    if (!(error instanceof ProblemError) || error instanceof RepositoryUnreachableError) throw error;
    const { title, problems } = error;
    return {
      statements: [],
      refusals: problems.map(({ message, hint }) => ({ subject: title, message, hint })),
    };
  }
}

function absentSecond({ second }: Declared): { second?: ActualSecond } {
  return second === undefined ? {} : { second: { where: second.where, repository: { kind: "absent" } } };
}

/**
 * The second repository as it is. A service that does not answer keeps nothing else from being done, but its own first
 * backup; what is there and cannot be read, or is not this stack's, is refused.
 */
async function readSecond(
  declared: Declared,
  { isRun, isSecondNew: isNew }: ScopeRun,
): Promise<ActualSecond | Plan | undefined> {
  const { second } = declared;
  if (second === undefined) return undefined;
  const { where } = second;
  // The container has the configuration of before, until this run writes it.
  if (isNew && !isRun) return { where, repository: { kind: "absent" } };
  try {
    const repository = await readRepository(backendOf(declared, 2), isRun);
    return "refusals" in repository ? repository : { where, repository };
  } catch (error) {
    if (!(error instanceof RepositoryUnreachableError)) throw error;
    // `prepare` then says what is wrong with it.
    if (isNew) return { where, repository: { kind: "absent" } };
    const [problem] = error.problems;
    return { where, repository: { kind: "unread", reason: problem?.message ?? error.title } };
  }
}

async function removeRecovery({ inputs, log }: DeleteRequest): Promise<void> {
  const [connection] = readConnections(inputs, undefined).connections;
  if (connection === undefined) return;
  await log("info", "archiving ends; the backups stay on the volume of the repository");
  await withSession(connection, {}, stopArchiving);
}
