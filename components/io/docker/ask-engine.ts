import { ProblemError } from "../../core/problem";
import { dockerHost, type DockerEndpoint } from "./engine";
import { engineFailure, EngineUnreachableError } from "./failure";

/** Something that a run needs on the engine is not there: an image or a volume. */
export class NotOnEngineError extends ProblemError {}

/** Status of an answer of the engine that is an error; undefined: it is none. */
export function statusOf(error: unknown): number | undefined {
  const { statusCode } = error as { readonly statusCode?: unknown };
  return typeof statusCode === "number" ? statusCode : undefined;
}

/**
 * Asks the engine; what goes wrong is told with what was asked, and how the user may mend it.
 *
 * @param what what is asked, such as `files of volume dev-server-files`
 * @param timeoutMs for all of it; what was asked may go on behind it
 * @throws EngineUnreachableError nobody answers, or not in time
 */
export async function askEngine<Answer>(
  endpoint: DockerEndpoint,
  what: string,
  ask: () => Promise<Answer>,
  timeoutMs: number,
): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(unreachable(endpoint, `${what}: no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
  });
  try {
    return await Promise.race([ask(), tooLate]);
  } catch (error) {
    throw engineFailure(error);
  } finally {
    clearTimeout(timer);
  }
}

function unreachable(endpoint: DockerEndpoint, message: string): EngineUnreachableError {
  const hint = "is it running? `docker info` tells; another engine is named in pgstead:docker.host.";
  const problem = { path: "", message, hint };
  return new EngineUnreachableError(`Docker engine at ${dockerHost(endpoint)}`, [problem]);
}
