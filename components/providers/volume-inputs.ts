import { checkFileName, checkMode, checkOwner, checkReload } from "../core/files/check";
import type { Reload } from "../core/files/model";
import type { Problem } from "../core/problem";
import type { DockerEndpoint } from "../io/docker/engine";
import { EngineUnreachableError } from "../io/docker/failure";
import type { VolumePlace } from "../io/docker/volume-place";
import type { ResourceRequest } from "./contract";
import type { InputCheck } from "./inputs";
import { hasUnknown, isUnknown, revealMap, type PropertyMap, type PropertyValue } from "./properties";
import { showUnreachable, showUnread } from "./show-plan";

/** Inputs that say where a volume is and how to get there. */
export const placeInputs = ["endpoint", "volume", "image", "container", "mountPath", "label"] as const;

/** Everything that a preview asks of an engine about one volume ends within this time. */
export const previewTimeoutMs = 10_000;

/** Checks them, and the owner and mode of the volume's directory. */
export function checkPlace(check: InputCheck, place: PropertyMap, path = ""): void {
  for (const name of ["volume", "image"]) expectText(check, `${path}${name}`, place[name]);
  for (const name of ["container", "mountPath", "label", "directoryMode"]) {
    if (place[name] !== undefined) expectText(check, `${path}${name}`, place[name]);
  }
  const { owner, directoryMode } = revealMap(place) as { owner?: PropertyMap; directoryMode?: PropertyValue };
  if (!isUnknown(place.owner)) addProblems(check, checkOwner(`${path}owner`, owner ?? {}));
  if (typeof directoryMode === "string" && !isUnknown(directoryMode)) {
    addProblems(check, checkMode(`${path}directoryMode`, directoryMode));
  }
}

function expectText(check: InputCheck, path: string, value: PropertyValue | undefined): void {
  if (typeof value === "string" && value !== "") return;
  check.fail(path, "expected a text that is not empty");
}

/** Checks what is to be told of a change. */
export function checkReloadInput(check: InputCheck, reload: PropertyValue | undefined): void {
  if (reload === undefined || hasUnknown(reload)) return;
  addProblems(check, checkReload("reload", revealMap({ reload }).reload as Partial<Reload>));
}

/** Checks a name of a file where it is known. */
export function checkName(check: InputCheck, path: string, name: PropertyValue | undefined): void {
  if (isUnknown(name)) return;
  addProblems(check, checkFileName(path, typeof name === "string" ? name : ""));
}

export function addProblems(check: InputCheck, problems: readonly Problem[]): void {
  for (const { path, message, hint } of problems) check.fail(path, `${message}; ${hint}`);
}

/** The way to a volume; undefined: its name is not known yet. */
export function placeOf(inputs: PropertyMap, request: ResourceRequest): VolumePlace | undefined {
  const place = revealMap(inputs);
  const { volume, image, container, mountPath, label, endpoint } = place;
  if (typeof volume !== "string" || isUnknown(volume) || hasUnknown(endpoint)) return undefined;
  const text = (name: string, value: PropertyValue | undefined) =>
    typeof value === "string" && !isUnknown(value) ? { [name]: value } : {};
  return {
    endpoint: (endpoint ?? {}) as DockerEndpoint,
    volume,
    // An image that is about to be built has no name yet: only a helper would need it.
    image: typeof image === "string" && !isUnknown(image) ? image : "",
    ...text("container", container),
    ...text("mountPath", mountPath),
    label: typeof label === "string" && !isUnknown(label) ? label : stackOf(request),
  };
}

function stackOf({ urn }: ResourceRequest): string {
  const [head = "", project = ""] = urn.split("::");
  return `${project}/${head.split(":").at(-1) ?? ""}`;
}

/** Why a volume is not looked at: an error of the engine, or words. */
export type Unread = Error | string;

/** Says why a plan is made without its volume; an engine that does not answer is told of once in a run. */
export async function showUnreadVolume(request: ResourceRequest, reason: Unread): Promise<void> {
  if (reason instanceof EngineUnreachableError) await showUnreachable(request, reason);
  else await showUnread(request, typeof reason === "string" ? reason : reason.message);
}
