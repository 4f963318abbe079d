import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo, type Server } from "node:net";
import { userInfo } from "node:os";
import { delimiter, join } from "node:path";
import { dockerHost, localSocket } from "../../components/io/docker/engine";
import { freePort } from "./server";
import { end, makeKey, sshdConfig, startAgent, startSshd } from "./sshd";

/** Hosts that the client's configuration names, and what is special about each. */
export type SshHostName =
  /** All is well; its key comes from a file. */
  | "engine-host"
  /** All is well; the file is named nowhere, and the agent has the key. */
  | "agent-host"
  /** Nobody has seen its host key before. */
  | "unknown-host"
  /** Its host key is another one than before. */
  | "changed-host"
  /** Does not let the client's key in. */
  | "refusing-host"
  /** Takes connections and says nothing. */
  | "silent-host"
  /** No SSH server listens there. */
  | "closed-host"
  /** The login works, and no engine runs. */
  | "engineless-host"
  /** The login works, and there is no Docker client. */
  | "clientless-host";

/** An SSH server of a test's own on loopback, in front of the engine of the tests, and clients that know it. */
export interface SshHost {
  /** As `DOCKER_HOST` has it; the client's configuration says the rest. */
  address(name: SshHostName): string;
  /** The same, with nothing left to the configuration but keys. */
  readonly plainAddress: string;
  /** Environment of the clients: an `ssh` that reads the test's own configuration, and the socket of an agent. */
  readonly env: { readonly PATH: string; readonly SSH_AUTH_SOCK: string };
  /** Lines of the server's log. */
  log(): string;
  /** Logins that it has let in so far. */
  logins(): number;
  stop(): Promise<void>;
}

const login = userInfo().username;

/** @param directory of its own: keys, configurations and sockets lie there, and nowhere else */
export async function startSshHost(directory: string): Promise<SshHost> {
  const file = (name: string): string => join(directory, name);
  const [port, closedPort] = [await freePort(), await freePort()];
  const silent = await startSilentHost();
  const keys = makeKeys(directory);
  writeFileSync(file("authorized_keys"), authorizedKeys(keys));
  writeFileSync(file("known_hosts"), `[127.0.0.1]:${port} ${keys.host}`);
  writeFileSync(file("changed_hosts"), `[127.0.0.1]:${port} ${keys.stranger}`);
  writeFileSync(file("sshd_config"), sshdConfig(directory, port, ["PermitUserEnvironment yes"]));
  writeFileSync(file("ssh_config"), clientConfig(directory, { port, closedPort, silentPort: silent.port }));
  const bin = file("bin");
  mkdirSync(bin);
  const real = execFileSync("sh", ["-c", "command -v ssh"], { encoding: "utf8" }).trim();
  writeFileSync(join(bin, "ssh"), `#!/bin/sh\nexec ${real} -F '${file("ssh_config")}' "$@"\n`, {
    mode: 0o755,
  });
  const { server, log } = await startSshd(file("sshd_config"), port);
  const agent = await startAgent(file("agent.sock"), file("agent"));
  return {
    address: (name) => `ssh://${name}`,
    plainAddress: `ssh://${encodeURIComponent(login)}@127.0.0.1:${port}`,
    env: { PATH: `${bin}${delimiter}${process.env.PATH ?? ""}`, SSH_AUTH_SOCK: file("agent.sock") },
    log,
    logins: () => log().match(/^Accepted publickey/gm)?.length ?? 0,
    async stop() {
      silent.server.close();
      await Promise.all([end(server), end(agent)]);
    },
  };
}

/** Makes a pair for each name, without a passphrase; gives the public halves. */
function makeKeys(directory: string): Readonly<Record<(typeof keyNames)[number], string>> {
  const made = keyNames.map((name) => {
    return [name, makeKey(join(directory, name))] as const;
  });
  return Object.fromEntries(made) as Record<(typeof keyNames)[number], string>;
}

const keyNames = ["host", "stranger", "user", "agent", "engineless", "clientless"] as const;

/** The host's side of each client: the same engine, none at all, or no Docker client to reach it. */
function authorizedKeys(keys: Readonly<Record<(typeof keyNames)[number], string>>): string {
  const local = dockerHost({});
  const engine = `environment="DOCKER_HOST=${local.startsWith("unix:") ? local : `unix://${localSocket}`}"`;
  return [
    `${engine} ${keys.user}`,
    `${engine} ${keys.agent}`,
    `environment="DOCKER_HOST=unix:///nonexistent/docker.sock" ${keys.engineless}`,
    `environment="PATH=/nonexistent" ${keys.clientless}`,
  ].join("");
}

function clientConfig(
  directory: string,
  ports: { readonly port: number; readonly closedPort: number; readonly silentPort: number },
): string {
  const { port, closedPort, silentPort } = ports;
  return `
Host agent-host
  IdentityFile ${directory}/none
Host unknown-host
  UserKnownHostsFile ${directory}/none
Host changed-host
  UserKnownHostsFile ${directory}/changed_hosts
Host refusing-host
  IdentityFile ${directory}/stranger
Host closed-host
  Port ${closedPort}
Host silent-host
  Port ${silentPort}
Host engineless-host
  IdentityFile ${directory}/engineless
Host clientless-host
  IdentityFile ${directory}/clientless
Host !agent-host *
  IdentitiesOnly yes
Host engine-host unknown-host changed-host silent-host closed-host 127.0.0.1
  IdentityFile ${directory}/user
Host *
  HostName 127.0.0.1
  User ${login}
  Port ${port}
  UserKnownHostsFile ${directory}/known_hosts
  GlobalKnownHostsFile /dev/null
`;
}

/** Takes connections and never says a word, as a host behind a broken firewall. */
export async function startSilentHost(): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.on("error", () => undefined));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { port: (server.address() as AddressInfo).port, server };
}
