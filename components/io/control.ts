import type { HostPlace } from "../core/host/place";
import type { ProblemError } from "../core/problem";

/** How a server is started and stopped, and where its files are: plain, so that it can stand in a state. */
export type ControlPlace =
  | { readonly kind: "embedded"; readonly dataDirectory: string }
  | {
      readonly kind: "docker";
      readonly engine: { readonly host?: string; readonly certPath?: string };
      readonly container: string;
    }
  | HostControlPlace;

/** A cluster of a host that is managed over SSH. */
export interface HostControlPlace {
  readonly kind: "host";
  readonly host: HostPlace;
  /** As the host has it, such as `17/main`; absent: the one of the port. */
  readonly cluster?: string | undefined;
  /** As the host sees it. */
  readonly port: number;
  /** Of the server that is meant; absent or empty: it cannot be read. */
  readonly systemIdentifier?: string | undefined;
}

/** How a restart ended that puts the settings before back by itself. */
export type RestartEnd =
  | { readonly kind: "runs" }
  /** It runs again, with the settings before. */
  | { readonly kind: "undone"; readonly failure: ProblemError }
  | { readonly kind: "failed"; readonly failure: ProblemError };

/** Starts and stops a server, and reads and writes files of its data directory, whatever it runs on. */
export interface ServerControl {
  /** Starts it with its files as they are and waits until it takes sessions. Running already: nothing. */
  start(): Promise<void>;
  /** Ends its sessions and stops it, with a checkpoint. Not running: nothing. */
  stop(): Promise<void>;
  /**
   * Stops and starts it in one step, which goes on to its end where the way to it is lost; where the server does not start,
   * it puts the proven settings back (io/settings-proof.ts). Absent: `stop` and `start` do.
   */
  restart?(): Promise<RestartEnd>;
  /** Text of a file; undefined: there is none. */
  readFile(name: string): Promise<string | undefined>;
  /** Writes a file whole, or not at all, so that it survives a crash of the machine. */
  writeFile(name: string, text: string): Promise<void>;
  /** There is none: nothing. */
  removeFile(name: string): Promise<void>;
}
