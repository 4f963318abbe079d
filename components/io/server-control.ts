import { open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ControlPlace, ServerControl } from "./control";
import { instanceAt, writeServerFile } from "./embedded/instance";
import { startAgain, stopServer } from "./embedded/server";

/** The control of a server. What speaks to an engine or over SSH is loaded where there is one. */
export async function serverControl(place: ControlPlace): Promise<ServerControl> {
  if (place.kind === "embedded") return embeddedControl(place);
  if (place.kind === "host") {
    const { hostControl } = await import("./host/server-control.js");
    return hostControl(place);
  }
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
