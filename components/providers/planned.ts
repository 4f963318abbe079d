import { problemError } from "../core/problem";
import { isEmptyPlan, renderPlan, type Plan } from "../core/statement";
import { isPassing, withServerLock } from "../io/apply";
import { withDatabases, type UseDatabase } from "../io/databases";
import { assertSameServer } from "../io/identity";
import { outlastRestart } from "../io/outlast-restart";
import { previewLogin, refusePreviewLogin } from "../io/preview-login";
import {
  LoginRefusedError,
  maintenanceDatabase,
  ServerUnreachableError,
  withSession,
  type Session,
  type SessionOptions,
} from "../io/session";
import type {
  CheckFailure,
  CheckRequest,
  DeleteRequest,
  DiffRequest,
  PropertyDifference,
  ResourceRequest,
  ResourceType,
} from "./contract";
import { assertNoRefusals } from "./guard";
import { BoundedReads } from "./bounded-reads";
import { sameValue, type PropertyMap } from "./properties";
import { showPlan, showUnread } from "./show-plan";
import type { ServerConnection } from "./server-connection";
import { waitingOf } from "./waiting-of";

export type OpenDatabase = UseDatabase;

/** The ways of a run to its server while it holds the server's lock. */
export interface Way {
  /** In the maintenance database; it holds the lock. */
  readonly maintenance: Session;
  readonly open: OpenDatabase;
  readonly connection: ServerConnection;
  readonly request: ResourceRequest;
}

/** What one resource looks after on a server, and how: reading and deciding, then acting. */
export interface Planned {
  readonly id: string;
  /** Database that its statements run in where they name none; default the maintenance database. */
  readonly database?: string;
  /** Ways to the server: the declared one, then that of the state, where they differ. */
  readonly connections: readonly ServerConnection[];
  /** True where this run is to make the server: it has no identity yet. */
  readonly isServerNew: boolean;
  /** Reads the live server and decides. Changes nothing. */
  plan(maintenance: Session, open: OpenDatabase): Promise<Plan>;
  /** The plan against a server that has nothing yet. */
  planEmpty(): Plan | Promise<Plan>;
  /** What can be told without the server: nothing to do, and no loss that nobody allowed. */
  planUnread(): Plan | Promise<Plan>;
  /** What has to be done before anything of the plan is, such as a backup of what is lost. */
  saveFirst?(plan: Plan, way: Way): Promise<void>;
  /** Does what the plan says. */
  act(plan: Plan, way: Way): Promise<void>;
  /** True where `act` may end the maintenance session, by a restart: a new one is opened afterwards. */
  readonly mayRestart?: boolean;
  /**
   * `own`: acting may take long and takes a lock of its own, so the server's is left to others, who would wait for it in
   * vain.
   */
  readonly lock?: "own";
}

/** A type of own resources that compare what is declared with the live server at every preview. */
export interface PlannedKind {
  check(request: CheckRequest): readonly CheckFailure[];
  /** @param oldInputs what the last run declared; undefined for a new resource */
  read(inputs: PropertyMap, oldInputs: PropertyMap | undefined, request: ResourceRequest): Planned;
  /** Inputs that say what is to be there: a change of one is an update. */
  readonly compared: readonly string[];
  /** Inputs that say what the resource is about: a change of one makes another resource. */
  readonly replacing?: readonly string[];
  /**
   * What the id of an import says of the resource: what it is about. What is declared comes with the program, and the
   * next plan compares that with the server. Undefined: there is no such id; default: nothing can be imported.
   */
  imported?(id: string): PropertyMap | undefined;
  /** Takes back what was granted or set; default nothing. Drops no data. */
  delete?(request: DeleteRequest): Promise<void>;
}

/** Each question that a preview asks of a server ends within this time, or two seconds later where the server hangs. */
const previewTimeoutMs = 10_000;

/** The common life of an own resource: plan against the live server; lock, act, and read again. */
export function plannedResource(kind: PlannedKind): ResourceType {
  const planned = new Map<string, Plan>();
  return {
    check(request) {
      const { oldInputs, newInputs } = request;
      const isImport =
        kind.imported !== undefined && !isDeclared(newInputs) && sameValue(oldInputs, newInputs);
      return Promise.resolve({ inputs: newInputs, failures: isImport ? [] : kind.check(request) });
    },
    async diff(request) {
      const scope = kind.read(request.inputs, lastDeclared(request), request);
      const plan = await planLive(request, scope);
      planned.set(request.urn, plan);
      await showPlan(request, plan, scope.database);
      return difference(kind, request, plan);
    },
    async create(request) {
      const scope = kind.read(request.inputs, undefined, request);
      if (!request.preview)
        return { id: scope.id, state: stateOf(request.inputs, await applyPlanned(request, scope)) };
      const plan = await planLive(request, scope);
      await showPlan(request, plan, scope.database);
      return { id: scope.id, state: stateOf(request.inputs, plan) };
    },
    async update(request) {
      const scope = kind.read(request.inputs, lastDeclared(request), request);
      if (!request.preview) return stateOf(request.inputs, await applyPlanned(request, scope));
      // The engine has just asked for the difference: the server is not read twice for one preview.
      return stateOf(request.inputs, planned.get(request.urn) ?? (await planLive(request, scope)));
    },
    read({ id, inputs, state }) {
      if (Object.keys(state).length > 0) return Promise.resolve({ id, inputs, state });
      const imported = kind.imported?.(id);
      if (imported !== undefined) {
        return Promise.resolve({ id, inputs: imported, state: { ...imported, refusals: [] } });
      }
      throw problemError(
        `import of ${id}`,
        "it holds no object of its own that could be imported",
        "declare it and run `pulumi up`: it takes what is on the server as it is, and mends only what differs.",
      );
    },
    async delete(request) {
      // What was imported and never declared has granted nothing.
      if (isDeclared(request.inputs)) await kind.delete?.(request);
    },
  };
}

/** Without a way to the server they are those of an import, which knows nothing else. */
function isDeclared(inputs: PropertyMap): boolean {
  return inputs.connection !== undefined;
}

/** What the last run declared; undefined after an import. */
function lastDeclared({ oldInputs }: DiffRequest): PropertyMap | undefined {
  return isDeclared(oldInputs) ? oldInputs : undefined;
}

/**
 * The plan against the live server; where it cannot be reached, what can be told without it, which is said. Reads only.
 */
async function planLive(request: ResourceRequest, scope: Planned): Promise<Plan> {
  let refused: LoginRefusedError | undefined;
  let reason = "its address is not known yet";
  for (const connection of scope.connections.map((connection) => previewLogin(connection))) {
    try {
      return await onServer(scope, connection, { readOnly: true, statementTimeoutMs: previewTimeoutMs });
    } catch (error) {
      // A rotation that was interrupted: the server may have the password of the state still.
      if (error instanceof LoginRefusedError) refused ??= error;
      else if (error instanceof ServerUnreachableError) reason = error.message;
      else throw error;
    }
  }
  // Where this run makes the server anew, nothing of what the state knows is on it; who answers there is another one,
  // and the server's own plan says whose the port is.
  if (scope.isServerNew) return await scope.planEmpty();
  if (refused !== undefined) throw explainRefusal(refused);
  await showUnread(request, reason);
  return await scope.planUnread();
}

function explainRefusal(refused: LoginRefusedError): Error {
  return problemError(
    "the server refuses the login that the state has",
    refused.message,
    "was its password or pg_hba.conf changed by hand? Set it back: `npm run pulumi -- stack output administratorUri --show-secrets` has the password. Does another server answer there? Stop it, or give this stack another port.",
    { cause: refused },
  );
}

async function onServer(
  scope: Planned,
  connection: ServerConnection,
  options: SessionOptions,
): Promise<Plan> {
  return withSession(connection, { ...options, connectTimeoutMs: 3_000 }, async (maintenance) => {
    await assertSame(maintenance, connection);
    return scope.plan(maintenance, (database, use) => withSession(connection, { ...options, database }, use));
  });
}

/** Lock, read, refuse or act, read again: what is left then is an error. */
export async function applyPlanned(request: ResourceRequest, scope: Planned): Promise<Plan> {
  refusePreviewLogin();
  const [connection] = scope.connections;
  if (connection === undefined) throw new Error("the connection is not known");
  const waiting = waitingOf(request);
  const soon = [maintenanceDatabase, ...(scope.database === undefined ? [] : [scope.database])];
  const attempt = (began: () => void, reads = new BoundedReads()): Promise<Plan> =>
    withDatabases(
      connection,
      soon,
      (open) =>
        open(maintenanceDatabase, async (maintenance) => {
          await assertSame(maintenance, connection);
          const way = { maintenance, open, connection, request };
          // Not with the lock: a server that is about to end may still have given it, as its holder's session went first.
          const work = (): Promise<Plan> => converge(reads.of(scope), way, began);
          return scope.lock === "own" ? work() : withServerLock(maintenance, work, waiting);
        }),
      reads,
    );
  return outlastRestart(attempt, waiting);
}

/** Rounds of reading and acting before a server that others change all the time is given up. */
const maxRounds = 10;

/**
 * Acts until a read finds nothing to do. One round is the rule; another one follows where somebody else's DDL got in
 * between: an object that vanished or appeared, a catalogue row that two transactions changed.
 */
async function converge(scope: Planned, way: Way, began: () => void): Promise<Plan> {
  let last = "";
  let failure: Error | undefined;
  for (let round = 1; ; round++) {
    const plan = await readAgain(scope, way, round > 1);
    assertNoRefusals(plan.refusals);
    await scope.saveFirst?.(plan, way);
    // What an official resource was to make is there by now; what is not, was dropped again meanwhile.
    if (plan.statements.length === 0) return plan;
    const text = renderPlan(plan, { full: true });
    if (failure !== undefined && (round > maxRounds || !isPassing(failure, text !== last))) throw failure;
    if (failure === undefined && (round > maxRounds || text === last)) throw stillDiffers(scope, plan);
    last = text;
    await showPlan(way.request, plan, scope.database);
    way.request.signal.throwIfAborted();
    began();
    failure = await failureOf(() => scope.act(plan, way));
    if (failure !== undefined && !isPassing(failure, true)) throw failure;
  }
}

async function readAgain(
  scope: Planned,
  { maintenance, open, connection }: Way,
  acted: boolean,
): Promise<Plan> {
  if (acted && scope.mayRestart === true) return onServer(scope, connection, {});
  return scope.plan(maintenance, open);
}

async function failureOf(work: () => Promise<void>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

function stillDiffers(scope: Planned, plan: Plan): Error {
  return problemError(
    scope.id,
    `the server still differs after the change: ${renderPlan(plan)}`,
    "does another program change it at the same time? Run this again.",
  );
}

async function assertSame(session: Session, connection: ServerConnection): Promise<void> {
  await assertSameServer(session, connection.systemIdentifier, `${connection.host}:${connection.port}`);
}

/**
 * What says how to get there (the connection) or what is allowed (`allowDataLoss`, `protect`) is never a difference: only
 * what is declared to be there.
 */
function difference(kind: PlannedKind, request: DiffRequest, plan: Plan) {
  const detailed: Record<string, PropertyDifference> = {};
  const differs = (name: string): boolean => !sameValue(request.oldInputs[name], request.inputs[name]);
  for (const name of (kind.replacing ?? []).filter(differs)) detailed[name] = "update-replace";
  // After an import there is nothing that was declared before: only the server can differ.
  const compared = lastDeclared(request) === undefined ? [] : kind.compared.filter(differs);
  for (const name of compared) detailed[name] = "update";
  const { differs: outputs = [] } = plan;
  for (const name of outputs) detailed[name] = "update";
  const live = !isEmptyPlan(plan) && kind.compared.every((name) => detailed[name] === undefined);
  if (live) detailed.live = "update";
  return { changed: Object.keys(detailed).length > 0, detailed, ofOutputs: ["live", ...outputs] };
}

function stateOf(inputs: PropertyMap, plan: Plan): PropertyMap {
  // Plain values, as the contract of a plan has it.
  const outputs = (plan.outputs ?? {}) as PropertyMap;
  return { ...inputs, ...outputs, refusals: plan.refusals.map((refusal) => ({ ...refusal })) };
}
