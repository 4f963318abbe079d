import { planDockerServer, type ActualDockerServer } from "../core/docker/server";
import { quoteIdentifier, quoteLiteral } from "../core/identifier";
import { problemError } from "../core/problem";
import type { Plan } from "../core/statement";
import { silence } from "../io/apply";
import { readContainer } from "../io/docker/container";
import { connectDocker, type DockerEndpoint } from "../io/docker/engine";
import { EngineUnreachableError } from "../io/docker/failure";
import { queryOverSocket, startServerContainer, stopServerContainer } from "../io/docker/server";
import { assertSameServer, readSystemIdentifier } from "../io/identity";
import { LoginRefusedError, openSession, type Session } from "../io/session";
import type { DiffRequest, ResourceRequest, ResourceType } from "./contract";
import { assertNoRefusals } from "./guard";
import { InputCheck } from "./inputs";
import { isUnknown, revealMap, sameValue, unknown, type PropertyMap } from "./properties";
import { showPlan, showUnreachable } from "./show-plan";
import { waitingOf } from "./waiting-of";

/**
 * The server in its container: started where it is stopped, waited for by its own protocol, with the administrator's
 * password as the state has it. When it goes, it stops the server with a checkpoint: the container's removal kills.
 */
export const dockerServer: ResourceType = {
  check({ newInputs }) {
    const check = new InputCheck(newInputs)
      .known(...properties, "password", "verifier")
      .text("container")
      .text("containerId")
      .text("host")
      .integer("port", 1, 65_535)
      .text("administrator")
      .text("password")
      .text("verifier");
    return Promise.resolve({ inputs: newInputs, failures: check.failures });
  },

  async diff(request) {
    const plan = await look(request, request.state, request.oldInputs);
    const changed = [...properties, "password"].filter(
      (name) => !sameValue(request.oldInputs[name], request.inputs[name]),
    );
    const detailed = Object.fromEntries(changed.map((name) => [name, "update" as const]));
    const isLive = changed.length === 0 && (plan.statements.length > 0 || plan.refusals.length > 0);
    const all = isLive ? { running: "update" as const } : detailed;
    return { changed: Object.keys(all).length > 0, detailed: all, ofOutputs: ["running"] };
  },

  async create(request) {
    const id = declared(request.inputs).container;
    if (request.preview) return { id, state: stateOf(request.inputs, nothingLive, emptyPlan) };
    return { id, state: await bringUp(request, {}) };
  },

  async update(request) {
    const plan = await look(request, request.state, request.oldInputs);
    if (request.preview) return stateOf(request.inputs, request.state, plan);
    assertNoRefusals(plan.refusals);
    return bringUp(request, request.state);
  },

  async read(request) {
    // Another server in its place is refused until somebody has asked for this.
    const { systemIdentifier: _known, ...state } = request.state;
    const session = await openSession(loginOf(request.inputs)).catch(() => undefined);
    if (session === undefined) return { id: request.id, inputs: request.inputs, state: request.state };
    const live = await describe(session).finally(() => session.close());
    return { id: request.id, inputs: request.inputs, state: { ...state, ...live } };
  },

  async delete({ inputs, log }) {
    const { engine, container } = declared(inputs);
    await log("info", `stopping the server in ${container} with a checkpoint`);
    await stopServerContainer(connectDocker(engine), container);
  },
};

const properties = ["engine", "container", "containerId", "host", "port", "administrator", "tls"] as const;
const emptyPlan: Plan = { statements: [], refusals: [] };
const nothingLive: PropertyMap = { version: unknown, systemIdentifier: unknown };

interface Declared {
  readonly engine: DockerEndpoint;
  readonly container: string;
  readonly containerId: string;
  readonly administrator: string;
  readonly password: string;
  readonly verifier: string;
}

function declared(inputs: PropertyMap): Declared {
  return revealMap(inputs) as unknown as Declared;
}

function loginOf(inputs: PropertyMap): Parameters<typeof openSession>[0] {
  const { host, port, administrator, password, tls } = revealMap(inputs);
  return { host, port, user: administrator, password, tls } as unknown as Parameters<typeof openSession>[0];
}

async function look(request: DiffRequest, state: PropertyMap, oldInputs: PropertyMap): Promise<Plan> {
  const { engine, container, containerId } = declared(request.inputs);
  const isReplaced = isUnknown(containerId) || !sameValue(oldInputs.containerId, containerId);
  const newPassword = !sameValue(state.password, request.inputs.password);
  try {
    const actual = await readActual(engine, container, containerId);
    const plan = planDockerServer({ container, isReplaced, newPassword }, actual);
    await showPlan(request, plan, null);
    return plan;
  } catch (error) {
    if (!(error instanceof EngineUnreachableError)) throw error;
    await showUnreachable(request, error);
    return emptyPlan;
  }
}

async function readActual(
  engine: DockerEndpoint,
  container: string,
  containerId: string,
): Promise<ActualDockerServer> {
  const status = await readContainer(connectDocker(engine), container);
  if (status.kind === "absent") return { container: "absent", isKnown: false };
  return { container: status.running ? "running" : "stopped", isKnown: status.id === containerId };
}

/** Starts and waits, then proves the password; where the server has another one, ours is set over its socket. */
async function bringUp(
  request: ResourceRequest & { readonly inputs: PropertyMap },
  state: PropertyMap,
): Promise<PropertyMap> {
  const inputs = declared(request.inputs);
  const docker = connectDocker(inputs.engine);
  const waiting = waitingOf(request);
  await startServerContainer(docker, inputs.container, waiting);
  const expected = knownIdentifier(state);
  const session = await openSession(loginOf(request.inputs)).catch(async (error: unknown) => {
    if (!(error instanceof LoginRefusedError)) throw error;
    await assertSameOverSocket(inputs, expected);
    const { administrator, verifier } = inputs;
    const sql = `ALTER ROLE ${quoteIdentifier(administrator)} PASSWORD ${quoteLiteral(verifier)};\n`;
    const quiet = silence.map(([name, value]) => `SET ${name} = '${value}';\n`).join("");
    await queryOverSocket(docker, inputs.container, `${quiet}${sql}`);
    return openSession(loginOf(request.inputs));
  });
  try {
    await assertSameServer(session, expected, inputs.container);
    return stateOf(request.inputs, await describe(session), emptyPlan);
  } finally {
    await session.close();
  }
}

/** Nobody gets our password by taking the place of our server. */
async function assertSameOverSocket(
  { engine, container }: Declared,
  expected: string | undefined,
): Promise<void> {
  if (expected === undefined) return;
  const sql = "SELECT system_identifier FROM pg_catalog.pg_control_system();\n";
  const found = await queryOverSocket(connectDocker(engine), container, sql);
  if (found === expected) return;
  throw problemError(
    `container ${container}`,
    `another server is in it: its system identifier is ${found}, the state knows ${expected}`,
    "was its volume exchanged? Put it back; after a planned change run `pulumi refresh`.",
  );
}

function knownIdentifier({ systemIdentifier }: PropertyMap): string | undefined {
  return typeof systemIdentifier === "string" && !isUnknown(systemIdentifier) ? systemIdentifier : undefined;
}

async function describe(session: Session): Promise<PropertyMap> {
  const [row] = await session.query<{ version: string }>(
    // Debian adds the version of its package.
    "SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version",
  );
  return { version: row?.version ?? "", systemIdentifier: await readSystemIdentifier(session) };
}

/** What dependants need is known in a preview as well: a replaced container has the same server. */
function stateOf(inputs: PropertyMap, live: PropertyMap, plan: Plan): PropertyMap {
  return {
    ...inputs,
    version: live.version ?? unknown,
    systemIdentifier: live.systemIdentifier ?? unknown,
    refusals: plan.refusals.map((refusal) => ({ ...refusal })),
  };
}
