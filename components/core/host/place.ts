import type { SshWay } from "../ssh/way";

/** How the account that logs in over SSH comes to do root's work: by sudo without a password, or because it is root. */
export type Become = "sudo" | "none";

/** A host that is managed over SSH: plain, so that it can stand in a state. No secret is part of it. */
export interface HostPlace {
  readonly ssh: SshWay;
  readonly become: Become;
}
