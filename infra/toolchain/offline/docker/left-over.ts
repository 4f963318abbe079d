import type Docker from "dockerode";
import { stackLabel } from "../../../../components/core/docker/host";
import type { Work } from "../shared/resource";
import type { Bound, Engine } from "./engine";
import { statusOf } from "./failure";
import type { Labels } from "./labels";

/** Something of a name, as the engine has it. */
interface Found {
  readonly Id: string;
  readonly labels: Labels;
}

interface Making<Result> {
  /** What it is, such as `container shop-server`. */
  readonly what: string;
  readonly labels: Labels;
  make(): Promise<Result>;
  find(docker: Docker, bound: Bound): Promise<Found>;
  remove(docker: Docker, id: string, bound: Bound): Promise<unknown>;
}

/**
 * Makes something; where its name is taken by what an earlier run of the same stack was making when it was killed, that
 * goes first: it is in no state, and would be in the way of every run. The label of the stack says whose it is, and the
 * engine of Pulumi runs one update of a stack at a time. What has not that label is never touched.
 *
 * The official plugin leaves it, and fails.
 */
export async function makeInPlace<Result>(
  engine: Engine,
  making: Making<Result>,
  work: Work,
): Promise<Result> {
  try {
    return await making.make();
  } catch (error) {
    if (statusOf(error) !== 409) throw error;
    const found = await engine.find(work.signal, (docker, bound) => making.find(docker, bound));
    const stack = making.labels[stackLabel];
    if (found === undefined || stack === undefined || found.labels[stackLabel] !== stack) throw error;
    await work.log("info", `${making.what} was left by a run that was killed: making it anew`);
    await engine.ask(work.signal, (docker, bound) => making.remove(docker, found.Id, bound));
    return making.make();
  }
}
