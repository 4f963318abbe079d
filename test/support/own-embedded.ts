import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";
import { instanceAt, type Instance } from "../../components/io/embedded/instance";
import { readServerStatus, stopServer } from "../../components/io/embedded/server";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, type Session } from "../../components/io/session";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { eventually } from "./eventually";
import { startOwnProvider } from "./own-provider";
import type { ProviderClient, ResourceClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";
import { freePort, temporaryDirectory } from "./server";

export const embeddedToken = "pgstead:index:EmbeddedServer";

/** A stack of one `EmbeddedServer` resource, new for every test, with the own provider as a process. */
export class EmbeddedStack {
  provider!: ProviderClient;
  stack!: ProviderStack;
  /** What the test may write to; empty at first. */
  directory!: string;
  instance!: Instance;
  port!: number;
  password!: string;
  verifier!: string;

  declare(change: PropertyMap = {}): Declared {
    const inputs = {
      port: this.port,
      administrator: "postgres",
      checkout: this.directory,
      dataDirectory: this.instance.dataDirectory,
      disposable: true,
      restart: "allow",
      password: secret(this.password),
      verifier: secret(this.verifier),
    };
    return { name: "server", token: embeddedToken, inputs: { ...inputs, ...change } };
  }

  /** The resource as the engine speaks of it. */
  get client(): ResourceClient {
    return this.provider.resource(embeddedToken, "server");
  }

  get state(): PropertyMap {
    return this.stack.entry("EmbeddedServer/server").state;
  }

  connect(change: { port?: number; password?: string } = {}): Promise<Session> {
    const { port, password } = this;
    return openSession({ host: "127.0.0.1", port, user: "postgres", password, ...change });
  }

  async sql(text: string, change: { password?: string } = {}): Promise<Record<string, unknown>[]> {
    const session = await this.connect(change);
    try {
      return await session.query(text);
    } finally {
      await session.close();
    }
  }

  /** Ends the server as a crash would. */
  async kill(): Promise<void> {
    const status = await readServerStatus(this.instance);
    if (status.kind !== "running") throw new Error("there is no server to kill");
    process.kill(status.postmaster.pid, "SIGKILL");
    // It is gone once the system has taken its memory back.
    await eventually("a killed server is gone", async () =>
      (await readServerStatus(this.instance)).kind === "running" ? undefined : true,
    );
  }

  async renew(): Promise<void> {
    this.stack = new ProviderStack(this.provider);
    this.directory = await temporaryDirectory();
    this.instance = instanceAt(join(this.directory, "data"));
    this.port = await freePort();
    this.newPassword();
  }

  newPassword(): void {
    this.password = generatePassword();
    this.verifier = scramVerifier(this.password);
  }
}

export function useEmbeddedStack(): EmbeddedStack {
  const own = new EmbeddedStack();
  beforeAll(async () => {
    own.provider = await startOwnProvider();
  });
  afterAll(() => own.provider.stop());
  beforeEach(() => own.renew());
  afterEach(async () => {
    await stopServer(own.instance);
    await rm(own.directory, { recursive: true, force: true });
  });
  return own;
}
