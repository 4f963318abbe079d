import type { OpsContext } from "../../../components/core/ops-context";
import type { WriteLine } from "../progress";
import type { Clock } from "./clock";
import type { Log } from "./log";

/** All that a command in the ops container works from. */
export interface ContainerContext {
  /** Reads the context that `up` has written. @throws ProblemError */
  readonly read: () => Promise<OpsContext>;
  /** File that it is read from. */
  readonly contextFile: string;
  /** Version of this program. */
  readonly version: string;
  readonly clock: Clock;
  /** To standard output, a JSON object a line; to standard error where one JSON document is asked for. */
  readonly log: Log;
  /** Says something to a person, at standard error. */
  readonly write: WriteLine;
  /** From now on signals are heard, rather than that they end the process. */
  readonly listen: () => Asked;
}

/** Waits for what the container is asked to do: to end, or to read its context again. */
export type Asked = () => Promise<"end" | "reload">;
