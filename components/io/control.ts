/** How a server is started and stopped, and where its files are: plain, so that it can stand in a state. */
export type ControlPlace =
  | { readonly kind: "embedded"; readonly dataDirectory: string }
  | {
      readonly kind: "docker";
      readonly engine: { readonly host?: string; readonly certPath?: string };
      readonly container: string;
    };

/** Starts and stops a server, and reads and writes files of its data directory, whatever it runs on. */
export interface ServerControl {
  /** Starts it with its files as they are and waits until it takes sessions. Running already: nothing. */
  start(): Promise<void>;
  /** Ends its sessions and stops it, with a checkpoint. Not running: nothing. */
  stop(): Promise<void>;
  /** Text of a file; undefined: there is none. */
  readFile(name: string): Promise<string | undefined>;
  /** Writes a file whole, or not at all, so that it survives a crash of the machine. */
  writeFile(name: string, text: string): Promise<void>;
  /** There is none: nothing. */
  removeFile(name: string): Promise<void>;
}
