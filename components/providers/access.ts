import { isEmptyPlan, renderPlan, type Plan } from "../core/statement";
import { applyStatements, withServerLock } from "../io/apply";
import { assertSameServer } from "../io/identity";
import {
  LoginRefusedError,
  ServerUnreachableError,
  withSession,
  type Session,
  type SessionOptions,
} from "../io/session";
import { problemError } from "../core/problem";
import type { DiffRequest, PropertyDifference, ResourceRequest, ResourceType } from "./contract";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { readScope, type AccessScope, type ServerConnection } from "./access-scope";
import { sameValue, type PropertyMap } from "./properties";

/** Everything that a preview asks of a server ends within this time. */
const previewTimeoutMs = 10_000;

/**
 * Keeps the objects of a server, or of one database, as declared: it compares them with the live catalogue at every
 * preview and mends them in one transaction.
 */
export const access: ResourceType = {
  check({ newInputs }) {
    const check = new InputCheck(newInputs).oneOf("scope", "server", "database");
    if (newInputs.scope === "server") {
      check
        .known("scope", "connection", "roles", "databases", "allowDataLoss", "protect")
        .list("roles")
        .list("databases");
    } else {
      check.known("scope", "connection", "database", "schemas", "extensions", "allowDataLoss");
      check.text("database").list("schemas").list("extensions");
    }
    check.list("allowDataLoss").names("roles", "databases", "schemas");
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const scope = readScope(request.inputs, request.oldInputs);
    const plan = await planLive(request, scope);
    await showPlan(request, plan);
    return difference(request, plan);
  },

  async create(request) {
    const scope = readScope(request.inputs, undefined);
    if (request.preview) {
      const plan = await planLive(request, scope);
      await showPlan(request, plan);
      return { id: scope.id, state: stateOf(request.inputs, plan) };
    }
    return { id: scope.id, state: stateOf(request.inputs, await apply(request, scope)) };
  },

  async update(request) {
    const scope = readScope(request.inputs, request.oldInputs);
    if (!request.preview) return stateOf(request.inputs, await apply(request, scope));
    return stateOf(request.inputs, await planLive(request, scope));
  },

  read({ id, inputs, state }) {
    if (state.scope !== undefined) return Promise.resolve({ id, inputs, state });
    throw problemError(
      `import of Access ${id}`,
      "it holds no object of its own that could be imported",
      "declare it and run `pulumi up`: it takes what is on the server as it is, and mends only what differs.",
    );
  },

  // What it mended stays: the objects themselves belong to their own resources.
  delete: () => Promise.resolve(),
};

/**
 * The plan against the live server; where it cannot be reached, what can be told without it, which is said. Reads only.
 */
async function planLive(request: ResourceRequest, scope: AccessScope): Promise<Plan> {
  let refused: LoginRefusedError | undefined;
  let reason = "its address is not known yet";
  for (const connection of scope.connections) {
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
  if (scope.isServerNew) return scope.planEmpty();
  if (refused !== undefined) throw explainRefusal(refused);
  await showOnce(request, `plan: compared with the state only: ${reason}`);
  return scope.planUnread();
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
  scope: AccessScope,
  connection: ServerConnection,
  options: SessionOptions,
): Promise<Plan> {
  return withSession(connection, { ...options, connectTimeoutMs: 3_000 }, async (maintenance) => {
    await assertSame(maintenance, connection);
    return scope.plan(maintenance, (database, use) => withSession(connection, { ...options, database }, use));
  });
}

/** Lock, read, refuse or send, read again: what is left then is an error. */
async function apply(request: ResourceRequest, scope: AccessScope): Promise<Plan> {
  const [connection] = scope.connections;
  if (connection === undefined) throw new Error("the connection is not known");
  return withSession(connection, {}, async (maintenance) => {
    await assertSame(maintenance, connection);
    const { signal } = request;
    const work = async (): Promise<Plan> => {
      const open = <Result>(database: string, use: (session: Session) => Promise<Result>) =>
        withSession(connection, { database }, use);
      const plan = await scope.plan(maintenance, open);
      assertNoRefusals(plan.refusals);
      // What an official resource was to make is there by now; what is not, was dropped again meanwhile.
      const statements = plan.statements;
      if (statements.length === 0) return plan;
      await showPlan(request, plan);
      signal.throwIfAborted();
      await scope.send(maintenance, open, (session) => applyStatements(session, statements));
      const rest = await scope.plan(maintenance, open);
      if (rest.statements.length === 0) return rest;
      throw problemError(
        scope.id,
        `the server still differs after the change: ${renderPlan(rest)}`,
        "does another program change it at the same time? Run this again.",
      );
    };
    return withServerLock(maintenance, work, { signal });
  });
}

async function assertSame(session: Session, connection: ServerConnection): Promise<void> {
  await assertSameServer(session, connection.systemIdentifier, `${connection.host}:${connection.port}`);
}

/**
 * What says how to get there (the connection) or what is allowed (`allowDataLoss`, `protect`) is never a difference: only
 * what is declared to be there.
 */
function difference(request: DiffRequest, plan: Plan) {
  const detailed: Record<string, PropertyDifference> = {};
  const names = ["roles", "databases", "schemas", "extensions"];
  for (const name of ["scope", "database"]) {
    if (!sameValue(request.oldInputs[name], request.inputs[name])) detailed[name] = "update-replace";
  }
  for (const name of names) {
    if (!sameValue(request.oldInputs[name], request.inputs[name])) detailed[name] = "update";
  }
  const live = !isEmptyPlan(plan) && names.every((name) => detailed[name] === undefined);
  if (live) detailed.live = "update";
  return { changed: Object.keys(detailed).length > 0, detailed, ofOutputs: ["live"] };
}

function stateOf(inputs: PropertyMap, plan: Plan): PropertyMap {
  return { ...inputs, refusals: plan.refusals.map((refusal) => ({ ...refusal })) };
}

const lastShown = new Map<string, string>();

/** Writes the plan under the resource; an update does not repeat what its diff has just shown. */
async function showPlan(request: ResourceRequest, plan: Plan): Promise<void> {
  if (plan.statements.length === 0 && plan.refusals.length === 0) return;
  await showOnce(request, renderPlan(plan, { full: process.env.PGSTEAD_PLAN === "full" }));
}

async function showOnce(request: ResourceRequest, text: string): Promise<void> {
  if (lastShown.get(request.urn) === text) return;
  lastShown.set(request.urn, text);
  await request.log("info", text);
}
