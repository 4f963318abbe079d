import type { Client, ParsedKey } from "ssh2";
import { typeOf } from "../../core/ssh/host-key";

/** What a host has shown itself with, and what else it has proven to have: lines `type base64`. */
export interface ProvenKeys {
  readonly shown: string;
  /** All of them; empty: it has not said. */
  readonly all: readonly string[];
}

interface Watched {
  shown: string;
  readonly announced: Promise<readonly string[]>;
}

const watched = new WeakMap<Client, Watched>();

/** Milliseconds for a host to tell its other keys: OpenSSH does so with the login. */
const patience = 2_000;

/**
 * Hears what a host tells of its keys after the login (`hostkeys-00@openssh.com`): all of them, each proven by a signature,
 * as the host that has been believed already. To be called before the connection is made.
 *
 * @returns to be told the key that the host shows
 */
export function watchHostKeys(client: Client): (shown: Uint8Array) => void {
  const announced = new Promise<readonly string[]>((resolve) => {
    client.once("hostkeys", (keys: ParsedKey[]) => {
      resolve(keys.map((key) => `${key.type} ${key.getPublicSSH().toString("base64")}`));
    });
    client.once("close", () => {
      resolve([]);
    });
  });
  const keys: Watched = { shown: "", announced };
  watched.set(client, keys);
  return (shown) => {
    keys.shown = `${typeOf(shown) ?? ""} ${Buffer.from(shown).toString("base64")}`;
  };
}

/** The keys of a host that is logged in to. */
export async function provenKeys(client: Client): Promise<ProvenKeys> {
  const keys = watched.get(client);
  if (keys === undefined) throw new Error("nobody has looked at the keys of this connection");
  const silent = new Promise<readonly string[]>((resolve) => {
    setTimeout(() => {
      resolve([]);
    }, patience).unref();
  });
  return { shown: keys.shown, all: await Promise.race([keys.announced, silent]) };
}
