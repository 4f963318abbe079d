import type { Plan, Statement } from "../statement";

/** What a run finds of the server that it is to bring up. */
export interface ActualDockerServer {
  readonly container: "absent" | "stopped" | "running";
  /** False: the container that the state knows is another one, or gone. */
  readonly isKnown: boolean;
}

export interface DesiredDockerServer {
  readonly container: string;
  /** True: this run makes the container. */
  readonly isReplaced: boolean;
  readonly newPassword: boolean;
}

/** What makes the server in a container run as declared. */
export function planDockerServer(desired: DesiredDockerServer, actual: ActualDockerServer): Plan {
  const { container, isReplaced, newPassword } = desired;
  if (!isReplaced && !actual.isKnown) {
    const refusal = {
      subject: `container ${container}`,
      message: "it is gone: somebody removed it; its data is still on the volume",
      hint: "run `npm run pulumi -- up`, which makes it again; plain Pulumi has to forget it first: `pulumi refresh --target '**DockerServer$docker:index/container:Container**'`",
    };
    return { statements: [], refusals: [refusal] };
  }
  const starts = !isReplaced && actual.container === "stopped";
  return {
    statements: [
      ...(starts ? [step(`start container ${container}`, "its server does not run")] : []),
      ...(newPassword
        ? [
            step(
              "ALTER ROLE of the administrator PASSWORD '[verifier]'",
              "over the server's own socket, then proven by a login; no restart",
            ),
          ]
        : []),
    ],
    refusals: [],
  };
}

function step(sql: string, reason: string): Statement {
  return { sql, reason, risk: "none", kind: "server", step: true };
}
