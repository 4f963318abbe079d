import type { Finding } from "../../../../components/core/finding";
import type { OpsCommand } from "../../command";
import { ofContainer } from "../context";
import type { ContainerContext } from "../surroundings";

interface HealthData {
  readonly live: boolean;
}

/** Longer than any answer takes. */
const timeoutMs = 5_000;

/** Asks the scheduler of this container whether it does its work, as the container's health check does. */
export const healthCommand: OpsCommand<object, HealthData, ContainerContext> = {
  name: "health",
  summary: "ask the scheduler of this container whether it works; 1: it does not",
  declare: () => undefined,
  async run({ read }) {
    const { stack, metricsPort } = ofContainer(await read(), "health");
    const reason = await ask(`http://127.0.0.1:${metricsPort}/health/live`);
    const findings = reason === undefined ? [] : [notLive(reason)];
    return { command: "health", stack, data: { live: reason === undefined }, findings };
  },
  render: ({ data: { live } }) => ({ output: live ? "the scheduler works\n" : "" }),
};

/** Undefined: it works. No answer is a finding as well: to Docker there is only healthy and not. */
async function ask(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    return response.ok ? undefined : (await response.text()).trim();
  } catch (error) {
    const { cause, message } = error as Error;
    return `no answer from ${url}: ${cause instanceof Error ? cause.message : message}`;
  }
}

function notLive(message: string): Finding {
  const hint = "its last lines say more (`docker logs`); to start it anew, restart the container";
  return { subject: "the scheduler", message, hint };
}
