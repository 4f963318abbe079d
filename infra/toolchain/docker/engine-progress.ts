import type Docker from "dockerode";

/** One line of what an engine tells of a pull, a build or an import. */
export interface EngineEvent {
  /** What a build prints. */
  readonly stream?: string;
  readonly error?: string;
}

/**
 * Waits for the end of a pull, a build or an import. What fails within is told in a line of the answer, and the answer
 * itself ends well: the client would not notice.
 */
export async function followEngine(
  docker: Docker,
  answer: NodeJS.ReadableStream,
  onEvent: (event: EngineEvent) => void = () => undefined,
): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    let failure: Error | undefined;
    docker.modem.followProgress(
      answer,
      (error) => {
        const reason = error ?? failure;
        if (reason === undefined) resolve();
        else reject(reason);
      },
      (event: EngineEvent) => {
        if (event.error !== undefined) failure ??= new Error(event.error);
        onEvent(event);
      },
    );
  });
}
