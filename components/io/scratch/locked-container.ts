import type Docker from "dockerode";
import { stackLabel } from "../../core/docker/host";
import { runLabel, thisRun } from "../docker/run-label";

/** Label of scratch servers. */
export const scratchLabel = "pgstead.scratch";

/** A container that is thrown away. */
export interface LockedContainer {
  readonly image: string;
  /** The stack's label. */
  readonly label: string;
  /** What the value of {@link scratchLabel} is. */
  readonly kind: "server" | "restored";
  /** Bytes. */
  readonly memory: number;
  /** Where its volume is, which has no name and goes with it. */
  readonly volume: string;
  readonly network: string;
}

/**
 * Options of a container that ends with its standard input and leaves nothing, can change nothing but its volume, and has no
 * right that a program of an ordinary account has not.
 */
export function lockedContainer({
  image,
  label,
  kind,
  memory,
  volume,
  network,
}: LockedContainer): Docker.ContainerCreateOptions & { readonly HostConfig: Docker.HostConfig } {
  return {
    Image: image,
    Labels: { [stackLabel]: label, [scratchLabel]: kind, [runLabel]: thisRun },
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Healthcheck: { Test: ["NONE"] },
    Volumes: { [volume]: {} },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: network,
      ReadonlyRootfs: true,
      Init: true,
      Memory: memory,
      MemorySwap: memory,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      LogConfig: { Type: "none", Config: {} },
    },
  };
}
