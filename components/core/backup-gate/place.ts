import type { HostPlace } from "../host/place";
import type { LogicalBackups } from "../backup/plan";
import type { BackupGate } from "./judge";

/** Where backups are that are asked for before a loss. */
export type BackupsPlace =
  | {
      readonly kind: "directory";
      /** Absolute; absent: the usual one of the checkout, the project and the stack. */
      readonly directory?: string;
      readonly checkout: string;
      readonly project: string;
    }
  /** The server's host, whose timers take them. */
  | { readonly kind: "host"; readonly host: HostPlace; readonly command: string }
  /** The ops container, which has their volume. */
  | { readonly kind: "container"; readonly container: string; readonly engine: BackupsEngine };

/** A Docker engine; empty: that of the environment, else the local one. */
export interface BackupsEngine {
  readonly host?: string;
  readonly certPath?: string;
}

/** What a resource needs that asks for a backup before it loses anything. */
export interface LossGateArgs extends BackupGate {
  readonly place: BackupsPlace;
  /** Pulumi's name. */
  readonly stack: string;
  /** What a backup is like that is taken first. */
  readonly backups: LogicalBackups;
}
