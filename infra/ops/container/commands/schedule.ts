import type { ContainerOpsContext } from "../../../../components/core/ops-context";
import type { OpsCommand } from "../../command";
import { ofContainer } from "../context";
import { describeError } from "../log";
import { startService, type Service } from "../service";
import type { ContainerContext } from "../surroundings";

/**
 * How long a job that is under way has for the file at hand. Docker kills a container that has not ended by its stop
 * time-out, which is a minute for this one: what is left of it is for writing the state.
 */
const patienceMs = 45_000;

/** The container's own program: runs until it is asked to end. */
export const scheduleCommand: OpsCommand<object, null, ContainerContext> = {
  name: "schedule",
  summary: "run all jobs by their schedules until SIGTERM; SIGHUP reads the context again",
  declare: (command) => {
    command.addHelpText("after", "\nIt serves /metrics and /health/live, and writes one JSON object a line.");
  },
  async run(container) {
    const { log } = container;
    const asked = container.listen();
    let context = ofContainer(await container.read(), "schedule");
    let service = await startService(context, container);
    for (;;) {
      const wish = await asked();
      const next = wish === "reload" ? await readAgain(container) : undefined;
      if (wish === "reload" && next === undefined) continue;
      log.info(next === undefined ? "is asked to end: no run begins any more" : "reads its context again");
      await service.stop(patienceMs);
      if (next === undefined) break;
      [context, service] = await startWith(next, context, container);
    }
    log.info("has ended");
    return { command: "schedule", stack: context.stack, data: null, findings: [] };
  },
  render: () => ({ output: "" }),
};

/** Undefined: what is written there now cannot be used, and all stays as it is. */
async function readAgain({ read, log }: ContainerContext): Promise<ContainerOpsContext | undefined> {
  try {
    return ofContainer(await read(), "schedule");
  } catch (error) {
    log.error(`the context stays as it was: ${describeError(error)}`);
    return undefined;
  }
}

/** With the new context; where nothing starts with it, such as on a port that is taken, with the one before. */
async function startWith(
  next: ContainerOpsContext,
  before: ContainerOpsContext,
  container: ContainerContext,
): Promise<[ContainerOpsContext, Service]> {
  try {
    return [next, await startService(next, container)];
  } catch (error) {
    container.log.error(`the context stays as it was: ${describeError(error)}`);
    return [before, await startService(before, container)];
  }
}
