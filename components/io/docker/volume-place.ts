import { dockerHost, type DockerEndpoint } from "./engine";

/** A named volume of an engine, and the ways to the files on it. */
export interface VolumePlace {
  readonly endpoint: DockerEndpoint;
  /** Name of the volume. It has to be there: a write does not make it. */
  readonly volume: string;
  /** Any image on the engine that has `sh`, `mv`, `rm`, `chown` and `chmod`: a helper container is made of it. Empty: not known yet. */
  readonly image: string;
  /** Container that mounts the volume: while it is there, reads go through it. Default: whichever mounts it. */
  readonly container?: string;
  /** Where it mounts the volume, where it does so more than once. */
  readonly mountPath?: string;
  /** Value of the label `pgstead.stack` of the helper. */
  readonly label: string;
}

/** Label of a helper container: the volume that it is for. */
export const helperLabel = "pgstead.helper";

/** Tells a volume from every other one, on whichever engine. */
export function volumeKey({ endpoint, volume }: Pick<VolumePlace, "endpoint" | "volume">): string {
  return `${dockerHost(endpoint)} ${volume}`;
}
