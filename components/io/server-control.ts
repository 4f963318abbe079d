import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { instanceAt, writeServerFile } from "./embedded/instance";
import { startAgain, stopServer } from "./embedded/server";

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

/** The control of a server. What speaks to an engine is loaded where there is one. */
export async function serverControl(place: ControlPlace): Promise<ServerControl> {
  if (place.kind === "embedded") return embeddedControl(place);
  const { dockerControl } = await import("./docker/server-control.js");
  return dockerControl(place);
}

function embeddedControl({ dataDirectory }: { readonly dataDirectory: string }): ServerControl {
  const instance = instanceAt(dataDirectory);
  const at = (name: string): string => join(dataDirectory, name);
  return {
    async start() {
      await startAgain(instance);
    },
    stop: () => stopServer(instance),
    async readFile(name) {
      try {
        return await readFile(at(name), "utf8");
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw error;
      }
    },
    async writeFile(name, text) {
      const draft = at(`${name}.pgstead-draft`);
      await writeServerFile(instance, draft, text);
      await flush(draft);
      await rename(draft, at(name));
    },
    removeFile: (name) => rm(at(name), { force: true }),
  };
}

async function flush(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
