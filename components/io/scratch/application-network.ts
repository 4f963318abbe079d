import { isOnThisMachine, parseEngineAddress } from "../../core/docker/address";
import { renderApplication, type ApplicationPlace } from "../../core/migrations/alembic/application";
import { problemError } from "../../core/problem";
import { connectDocker, dockerHost } from "../docker/engine";
import { engineFailure, isNotFound } from "../docker/failure";
import type { ScratchPlace } from "./scratch";

/**
 * Fails where an application in a container cannot reach a scratch server that listens on this machine's loopback: that is
 * a container's own only where it has the network of this machine.
 */
export async function assertReaches(scratch: ScratchPlace, place: ApplicationPlace): Promise<void> {
  if (scratch !== "embedded" || place.kind === "machine") return;
  const engine = parseEngineAddress(dockerHost(place.engine));
  const isHere = engine.kind !== "fault" && isOnThisMachine(engine);
  const network = place.kind === "image" ? place.network : await networkOf(place);
  if (isHere && (network === "host" || network === undefined)) return;
  const where = isHere ? `its network is ${network ?? "unknown"}` : "its engine is on another machine";
  throw problemError(
    "scratch server",
    `it listens on this machine's loopback, which ${renderApplication(place)} does not reach: ${where}`,
    "say --scratch same-server: a scratch database is then made where the application reaches the stack's own server",
  );
}

/** Undefined where it is gone: whoever starts something in it tells. */
async function networkOf({
  engine,
  container,
}: Extract<ApplicationPlace, { readonly kind: "container" }>): Promise<string | undefined> {
  try {
    const { HostConfig } = await connectDocker(engine).getContainer(container).inspect();
    return HostConfig.NetworkMode;
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw engineFailure(error);
  }
}
