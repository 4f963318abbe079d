import { readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { problemError } from "../../../components/core/problem";
import { engineFailure, isNotFound } from "../../../components/io/docker/failure";
import { setting, type ToolchainContext } from "../context";
import { importDebian, whyNoDebootstrap } from "./debootstrap";
import { followEngine } from "./engine-progress";
import { waiting, withLock } from "../install";
import { withProgress } from "../progress";

/** Environment variable by which the program learns the base image; set by a user, it is taken as it is. */
export const baseImageVariable = "PGSTEAD_BASE_IMAGE";

/** Name of a base image that was made here, where Debian's own could not be had. */
export const madeImage = "pgstead-debian:trixie";

/** Milliseconds without a sign of the registry after which a pull is given up: before its first, and between two. */
const patience = { first: 20_000, next: 60_000 };

/**
 * The image of Debian that the images are built on, gotten where it is missing. The answer stays the same as long as
 * nobody removes images from the engine, so that no image is built anew:
 *
 * 1. what `PGSTEAD_BASE_IMAGE` says;
 * 2. `pgstead-debian:trixie`, if it was once made on the engine;
 * 3. the pinned one of the Dockerfiles, if the engine has it or can pull it;
 * 4. `pgstead-debian:trixie`, made now: needs root and debootstrap.
 *
 * @throws ProblemError there is no way; says both reasons
 */
export async function ensureBaseImage(context: ToolchainContext, docker: Docker): Promise<string> {
  const named = setting(context.env, baseImageVariable);
  if (named !== undefined) return named;
  const pinned = pinnedBase(context.project);
  const found = await findImage(docker, [madeImage, pinned]);
  if (found !== undefined) return found;
  const onWait = (): void => {
    context.say(`another run gets the base image; ${waiting}`);
  };
  return withLock(
    join(context.cache, "base-image"),
    async () => (await findImage(docker, [madeImage, pinned])) ?? (await getImage(context, docker, pinned)),
    onWait,
  );
}

/** The image that the Dockerfiles name. */
export function pinnedBase(project: string): string {
  const file = "infra/images/postgres/Dockerfile";
  const [, pinned] = /^ARG BASE=(\S+)$/m.exec(readFileSync(join(project, file), "utf8")) ?? [];
  if (pinned !== undefined) return pinned;
  throw problemError(file, "it has no line `ARG BASE=…`", "restore it from git.");
}

async function findImage(docker: Docker, names: readonly string[]): Promise<string | undefined> {
  for (const name of names) {
    try {
      await docker.getImage(name).inspect();
      return name;
    } catch (error) {
      if (!isNotFound(error)) throw engineFailure(error);
    }
  }
  return undefined;
}

async function getImage(context: ToolchainContext, docker: Docker, pinned: string): Promise<string> {
  const failure = await pullFailure(context, docker, pinned);
  if (failure === undefined) return pinned;
  context.say(`${pinned} cannot be pulled: ${failure}`);
  const { Arch } = await docker.version();
  const refusal = whyNoDebootstrap(context, Arch);
  if (refusal !== undefined) {
    throw problemError(
      `base image ${pinned}`,
      `the engine does not have it and cannot pull it (${failure}), and it cannot be made here: ${refusal}`,
      "bring it onto the engine (`docker pull`, `docker load`), name another one in pgstead:docker.baseImage, or run this once as root with debootstrap installed.",
    );
  }
  await importDebian(context, docker, madeImage);
  return madeImage;
}

async function pullFailure(
  { say }: ToolchainContext,
  docker: Docker,
  name: string,
): Promise<string | undefined> {
  const control = new AbortController();
  try {
    await withProgress(say, `pulling ${name}`, () => pull(docker, name, control));
    return undefined;
  } catch (error) {
    if (control.signal.aborted) return "the registry does not answer";
    const { json, message } = error as { json?: { message?: string }; message?: string };
    const said = json?.message ?? message ?? String(error);
    return said
      .replace(/^\(HTTP code \d+\) [^-]* - /, "")
      .replace(/\s+/g, " ")
      .trim();
  }
}

/** Pulls an image, and gives up where nothing is heard of the registry for too long. */
async function pull(docker: Docker, name: string, control: AbortController): Promise<void> {
  const giveUp = (): void => {
    control.abort();
  };
  let timer = setTimeout(giveUp, patience.first);
  try {
    const stream = await docker.pull(name, { abortSignal: control.signal });
    const ended = followEngine(docker, stream, () => {
      clearTimeout(timer);
      timer = setTimeout(giveUp, patience.next);
    });
    const givenUp = new Promise<never>((_, reject) => {
      control.signal.addEventListener("abort", () => {
        reject(new Error("given up"));
      });
    });
    await Promise.race([ended, givenUp]);
  } finally {
    clearTimeout(timer);
  }
}
