import type Docker from "dockerode";
import { explainTls } from "../../../../components/core/docker/way";
import { ProblemError, problemError } from "../../../../components/core/problem";
import { connectDocker, dockerHost, type DockerEndpoint } from "../../../../components/io/docker/engine";
import { saidBy, statusOf, type EngineError } from "./failure";

/** Milliseconds that the engine has for an ordinary answer; creating a container may have to copy a volume's files. */
const answerWithin = 60_000;

/** Gives up a request: for `abortSignal`. */
export interface Bound {
  readonly abortSignal: AbortSignal;
}

export interface AskOptions {
  /** Milliseconds for the answer; a minute by default. */
  readonly within?: number;
  /** A cancelled run ends the request itself. By default it comes to its end, as a half-done one would be recorded by nobody. */
  readonly cancellable?: boolean;
}

/** The engine of a configured provider. No request to it lasts for ever, and a cancelled run sends no further one. */
export class Engine {
  readonly docker: Docker;
  readonly host: string;

  constructor(endpoint: DockerEndpoint) {
    this.docker = connectDocker(endpoint);
    this.host = dockerHost(endpoint);
  }

  /**
   * Sends one request.
   *
   * @throws ProblemError no engine answers, or not in time, or the run was cancelled; else what the engine says
   */
  async ask<Result>(
    signal: AbortSignal,
    send: (docker: Docker, bound: Bound) => Promise<Result>,
    { within = answerWithin, cancellable = false }: AskOptions = {},
  ): Promise<Result> {
    const { abortSignal, aborted, release, isLate } = bounded(cancellable ? signal : undefined, within);
    try {
      signal.throwIfAborted();
      // The client does not take the signal everywhere: an answer that never comes is then waited for by nobody.
      return await Promise.race([send(this.docker, { abortSignal }), aborted]);
    } catch (error) {
      throw this.explained(error, { signal, late: isLate() ? within : undefined });
    } finally {
      release();
    }
  }

  /** Like {@link ask}; undefined where the engine does not have what is asked for. */
  async find<Result>(
    signal: AbortSignal,
    send: (docker: Docker, bound: Bound) => Promise<Result>,
  ): Promise<Result | undefined> {
    try {
      return await this.ask(signal, send);
    } catch (error) {
      if (statusOf(error) === 404) return undefined;
      throw error;
    }
  }

  /** What went wrong on the way to the engine, in words; the engine's own refusals stay as they are. */
  explained(
    error: unknown,
    { signal, late }: { readonly signal: AbortSignal; readonly late?: number | undefined },
  ): unknown {
    if (statusOf(error) !== undefined || error instanceof ProblemError) return error;
    const place = `Docker engine at ${this.host}`;
    if (signal.aborted) {
      return problemError(place, "the run was cancelled", "run the same command again to go on.", {
        cause: error,
      });
    }
    if (late !== undefined) {
      const hint = "is it overloaded, or its disk full? `docker info` and the engine's log tell.";
      return problemError(place, `gave no answer within ${late / 1000} s`, hint, { cause: error });
    }
    const { code = "" } = error as EngineError;
    const tls = explainTls(code, saidBy(error));
    if (tls !== undefined) return problemError(place, tls.message, tls.hint, { cause: error });
    const hint = reachability[code];
    if (hint === undefined) return error;
    return problemError(place, `gives no answer: ${saidBy(error)}`, hint, { cause: error });
  }
}

const notRunning =
  "is it running? `docker version` tells. Another engine is named with DOCKER_HOST or the provider's host.";

/** What to do when there is no way to the engine, by the system's name for the error. */
const reachability: Readonly<Record<string, string>> = {
  ENOENT: notRunning,
  ECONNREFUSED: notRunning,
  ECONNRESET: "it went away in the middle: is it restarting? Then run the same command again.",
  EPIPE: "it went away in the middle: is it restarting? Then run the same command again.",
  ETIMEDOUT: notRunning,
  EHOSTUNREACH: notRunning,
  ENETUNREACH: notRunning,
  ENOTFOUND: "is the name of its host right?",
  EAI_AGAIN: "is the name of its host right?",
  EACCES: "this account may not use its socket: it has to be a member of the group docker.",
  EPERM: "this account may not use its socket: it has to be a member of the group docker.",
};

function bounded(signal: AbortSignal | undefined, within: number) {
  const controller = new AbortController();
  let late = false;
  const aborted = new Promise<never>((_, reject) => {
    controller.signal.addEventListener("abort", () => {
      reject(new Error("given up"));
    });
  });
  aborted.catch(() => undefined); // it loses most races
  const timer = setTimeout(() => {
    late = true;
    controller.abort();
  }, within);
  const cancel = (): void => {
    controller.abort();
  };
  signal?.addEventListener("abort", cancel);
  return {
    abortSignal: controller.signal,
    aborted,
    isLate: () => late,
    release: () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", cancel);
    },
  };
}
