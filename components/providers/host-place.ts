import { renderWayHop } from "../core/ssh/way";
import type { HostPlace } from "../core/host/place";
import { SshError } from "../core/ssh/failure";
import type { PropertyDifference, ResourceRequest } from "./contract";
import type { InputCheck } from "./inputs";
import { isUnknown, reveal, sameValue, type PropertyMap, type PropertyValue } from "./properties";

/** Everything that a preview asks of a host in one go ends within this time. */
const previewTimeoutMs = 20_000;

/** Checks the way to a host, which the configuration has judged: here it is only to be there. */
export function checkHost(check: InputCheck, host: PropertyValue | undefined): void {
  if (isUnknown(host)) return;
  const { ssh, become } = (reveal(host) ?? {}) as PropertyMap;
  const { host: name, user, port } = (ssh ?? {}) as PropertyMap;
  if (typeof name !== "string" || typeof user !== "string" || typeof port !== "number") {
    check.fail("host.ssh", "expected a host, a port and a user");
  }
  if (become !== "sudo" && become !== "none") check.fail("host.become", "expected sudo or none");
}

export function hostOf(inputs: PropertyMap): HostPlace {
  return reveal(inputs.host) as unknown as HostPlace;
}

/** The host as messages name it. */
export function hostName(inputs: PropertyMap): string {
  return renderWayHop(hostOf(inputs).ssh);
}

/** Another host is another place: what is on the old one goes with the old resource. How to get there is none. */
export function hostDifference(
  oldInputs: PropertyMap,
  inputs: PropertyMap,
): Readonly<Record<string, PropertyDifference>> {
  const nameOf = (map: PropertyMap): PropertyValue | undefined => {
    const { ssh } = (reveal(map.host) ?? {}) as PropertyMap;
    return (ssh as PropertyMap | undefined)?.host;
  };
  if (isUnknown(inputs.host)) return {};
  if (!sameValue(nameOf(oldInputs), nameOf(inputs))) return { "host.ssh.host": "update-replace" };
  return sameValue(oldInputs.host, inputs.host) ? {} : { host: "update" };
}

/** Looks at a host for a preview, within its time. */
export function lookForPreview<Result>(
  request: ResourceRequest,
  look: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  return look(AbortSignal.any([request.signal, AbortSignal.timeout(previewTimeoutMs)]));
}

/** True for what a preview can go on without: it then compares with the state, and says why. */
export function isHostUnread(error: unknown): error is Error {
  if (error instanceof SshError) return unread.has(error.kind);
  return error instanceof DOMException && error.name === "TimeoutError";
}

/** Whom nobody can reach may come back; who does not let us in, or shows another key, is an error. */
const unread: ReadonlySet<string> = new Set(["unreachable", "silent", "closed", "lost"]);

/** `<project>/<stack>` */
export function stackOfRequest({ urn }: ResourceRequest): string {
  const [head = "", project = ""] = urn.split("::");
  return `${project}/${head.split(":").at(-1) ?? ""}`;
}
