import type { Waiting } from "../io/waiting";
import type { ResourceRequest } from "./contract";

/** How a run within `up` speaks, and is told to stop. */
export function waitingOf({ log, signal }: Pick<ResourceRequest, "log" | "signal">): Waiting {
  return { say: (text) => log("info", text), signal };
}
