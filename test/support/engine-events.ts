import { Readable } from "node:stream";
import type Docker from "dockerode";

/** What an engine tells of one container, as it happens. */
export interface ContainerEvents {
  /** Such as `kill 15`, `die 0`, `destroy`: what was done, with the signal or the exit code. */
  readonly seen: readonly string[];
  stop(): void;
}

interface Told {
  readonly Action: string;
  readonly Actor: { readonly Attributes: Readonly<Record<string, string>> };
}

const actions = ["create", "start", "kill", "stop", "die", "oom", "destroy"];

/** Begins to note what becomes of the containers of a name. Its health checks are left out. */
export async function watchContainer(docker: Docker, name: string): Promise<ContainerEvents> {
  const seen: string[] = [];
  const answer = await docker.getEvents({ filters: { type: ["container"], event: actions } });
  let rest = "";
  const events = new Readable().wrap(answer);
  events
    .on("error", () => undefined)
    .on("data", (data: Buffer) => {
      const lines = (rest + data.toString("utf8")).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        const { Action: action, Actor: actor } = JSON.parse(line) as Told;
        const { name: of, signal, exitCode } = actor.Attributes;
        if (of === name) seen.push([action, signal ?? exitCode ?? []].flat().join(" "));
      }
    });
  return {
    seen,
    stop: () => {
      events.destroy();
    },
  };
}
