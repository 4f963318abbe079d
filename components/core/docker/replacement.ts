import type { Plan, Refusal, Statement } from "../statement";

/** What a server's container is made from: a change of any of it makes another container. */
export type ContainerSpec = Readonly<Record<string, string>>;

export interface DesiredReplacement {
  readonly container: string;
  /** By the words that users know: `image`, `published ports`. Empty text: not known yet. */
  readonly spec: ContainerSpec;
  /** Major version of the image. */
  readonly major: number;
  readonly restart: "allow" | "refuse";
  /** Memory of the container in MB: the longer it may take to write what is in it. */
  readonly memory: number;
}

export interface ActualReplacement {
  /** Whether the container is there, and its server runs. */
  readonly container: "absent" | "stopped" | "running";
  /** Major version of the data; undefined: there is none, or nobody can look. */
  readonly major: number | undefined;
}

/**
 * What replacing the server's container means: its sessions end, the data stays.
 *
 * @param last what the last run declared; undefined: there was none
 */
export function planReplacement(
  desired: DesiredReplacement,
  last: ContainerSpec | undefined,
  actual: ActualReplacement,
): Plan {
  const major = refuseMajor(desired, actual);
  const changes = last === undefined ? [] : describeChanges(last, desired.spec);
  if (changes.length === 0 || actual.container === "absent") return { statements: [], refusals: major };
  const statement = replacement(desired, changes, actual);
  if (actual.container === "stopped" || desired.restart === "allow") {
    return { statements: [statement], refusals: major };
  }
  const refusal: Refusal = {
    subject: "restart of the server",
    message: `its container has to be replaced: ${changes.join(", ")}`,
    hint: 'allow it with pgstead:server.restart: "allow", or take the change back',
  };
  return { statements: [], refusals: [...major, refusal] };
}

function replacement(
  { container, memory }: DesiredReplacement,
  changes: readonly string[],
  actual: ActualReplacement,
): Statement {
  const runs = actual.container === "running";
  const effect = runs ? `; sessions end, ${expectedInterruption(memory)} without service` : "";
  return {
    sql: `${runs ? "stop the server with a checkpoint, and replace" : "replace"} container ${container}`,
    reason: `${changes.join(", ")}; the data stays on its volume${effect}`,
    risk: runs ? "restart" : "none",
    kind: "server",
    step: true,
  };
}

/**
 * Stop, new container, start: about five seconds, and the time to write a page cache full of changed pages, which is a
 * quarter of the memory (the manual's start for shared_buffers), at 100 MB/s as a slow disk does.
 */
function expectedInterruption(memory: number): string {
  const worst = 5 + Math.ceil(memory / 4 / 100);
  return worst < 10 ? `about ${worst} s` : `about 5 s, at worst ${worst} s,`;
}

/** An image that is not known yet is about to be built anew. */
function describeChanges(last: ContainerSpec, now: ContainerSpec): string[] {
  const names = [...new Set([...Object.keys(last), ...Object.keys(now)])].toSorted();
  return names
    .filter((name) => last[name] !== now[name])
    .map((name) => {
      if (name === "image") return "a new image";
      const [before = "none", after = "none"] = [last[name], now[name]];
      return `${name} ${before} → ${after}`;
    });
}

function refuseMajor({ major, container }: DesiredReplacement, actual: ActualReplacement): Refusal[] {
  if (actual.major === undefined || actual.major === major) return [];
  return [
    {
      subject: "version of the server",
      message: `the data of ${container} is of PostgreSQL ${actual.major}, the image is ${major}`,
      hint: `set pgstead:server.version back to "${actual.major}"; a major upgrade is a dump and restore into another stack`,
    },
  ];
}
