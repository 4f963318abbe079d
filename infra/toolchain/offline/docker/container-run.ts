import { setTimeout as sleep } from "node:timers/promises";
import { ProblemError, problemError } from "../../../../components/core/problem";
import { withoutSecrets } from "../shared/secret-texts";
import type { Work } from "../shared/resource";
import { lastLines } from "./container-log";
import type { Inspected } from "./container-outputs";
import type { ContainerValues } from "./container-values";
import type { Engine } from "./engine";
import { statusOf } from "./failure";

/** Milliseconds between two looks at a container that is coming up. */
const interval = 250;

/** Milliseconds in which a program that cannot run usually ends. */
const settles = 300;

/** Starts a container and looks at what becomes of it. */
export async function startContainer(
  engine: Engine,
  id: string,
  values: ContainerValues,
  work: Work,
): Promise<void> {
  await engine
    .ask(work.signal, (docker, bound) => docker.getContainer(id).start(bound))
    .catch((error: unknown) => {
      if (statusOf(error) !== 304) throw error; // it runs already
    });
  await sleep(settles, undefined, { signal: work.signal }).catch(() => undefined);
  if (values.wait === true) await untilHealthy(engine, id, values, work);
  else if (values.mustRun !== false) await untilRunning(engine, id, values, work);
}

export async function inspectContainer(
  engine: Engine,
  id: string,
  signal: AbortSignal,
): Promise<Inspected | undefined> {
  return engine.find(signal, async (docker, bound) => {
    return await docker.getContainer(id).inspect(bound);
  });
}

/** A container that cannot become what it has to be. */
export class NotRunningError extends ProblemError {
  constructor(container: string, message: string, hint: string) {
    super(`container "${container}"`, [{ path: "", message, hint }]);
  }
}

async function untilRunning(engine: Engine, id: string, values: ContainerValues, work: Work): Promise<void> {
  const within = values.containerReadRefreshTimeoutMilliseconds ?? 15_000;
  const deadline = Date.now() + within;
  for (;;) {
    const found = await lookAt(engine, id, values, work);
    if (found.State.Running) return;
    if (Date.now() >= deadline) throw await ended(engine, found, values, work);
    // One that restarts is not done; any other has ended for good.
    if (!found.State.Restarting) throw await ended(engine, found, values, work);
    await sleep(interval, undefined, { signal: work.signal }).catch(() => undefined);
  }
}

async function untilHealthy(engine: Engine, id: string, values: ContainerValues, work: Work): Promise<void> {
  const seconds = values.waitTimeout ?? 60;
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const found = await lookAt(engine, id, values, work);
    const { Health: health, Running: isRunning, Restarting: isRestarting } = found.State;
    if (health === undefined || health.Status === "none") throw withoutHealthcheck(values);
    if (health.Status === "healthy") return;
    if (!isRunning && !isRestarting) throw await ended(engine, found, values, work);
    if (Date.now() >= deadline) throw await unhealthy(engine, found, values, work);
    await sleep(interval, undefined, { signal: work.signal }).catch(() => undefined);
  }
}

async function lookAt(engine: Engine, id: string, { name }: ContainerValues, work: Work): Promise<Inspected> {
  const found = await inspectContainer(engine, id, work.signal);
  if (found !== undefined) return found;
  const hint = "is somebody else removing it? then run the same command again.";
  throw new NotRunningError(name, "is gone again right after its start", hint);
}

async function ended(
  engine: Engine,
  { Id, State }: Inspected,
  { name }: ContainerValues,
  { secrets }: Work,
): Promise<Error> {
  const memory = State.OOMKilled ? " (it was out of memory: give it more)" : "";
  const log = await lastLines(engine, Id, secrets);
  const hint = "mend what it says. It was removed; for a container that may end, set mustRun to false.";
  const message = `ended right after its start with exit code ${State.ExitCode}${memory}${log}`;
  return new NotRunningError(name, message, hint);
}

/** It stays: whoever looks for the reason needs it. */
async function unhealthy(
  engine: Engine,
  { Id, State }: Inspected,
  { name, waitTimeout }: ContainerValues,
  { secrets }: Work,
): Promise<Error> {
  const probe = State.Health?.Log.at(-1);
  const said = withoutSecrets(probe?.Output.trim() ?? "", secrets);
  const answer =
    probe === undefined
      ? "no check has come to its end"
      : `its last check ended with ${probe.ExitCode}${said === "" ? "" : `: ${said}`}`;
  const log = await lastLines(engine, Id, secrets);
  return problemError(
    `container "${name}"`,
    `was not healthy within ${waitTimeout ?? 60} s; ${answer}${log}`,
    "it is left as it is: `docker logs` tells more. The next run waits for it again; waitTimeout says how long.",
  );
}

function withoutHealthcheck({ name }: ContainerValues): Error {
  const hint = "declare healthcheck, or remove wait.";
  const message =
    "has no healthcheck that `wait` could wait for, neither of its own nor of its image; it was removed";
  return new NotRunningError(name, message, hint);
}
