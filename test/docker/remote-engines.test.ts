import { mkdtempSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import type { Server } from "node:net";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { connectDocker, type DockerEndpoint } from "../../components/io/docker/engine";
import { execIn } from "../../components/io/docker/container";
import { readVolume } from "../../components/io/docker/volume-files";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";
import {
  baseImage,
  image,
  network,
  quietContainer,
  useOfflineDocker,
  volume,
} from "../support/offline-docker";
import { startOwnProvider } from "../support/own-provider";
import { filesOf } from "../support/own-volume";
import { copyImage, startSecondEngine, type SecondEngine } from "../support/second-engine";
import { freePort, temporaryDirectory } from "../support/server";
import { startSilentHost, startSshHost, type SshHost, type SshHostName } from "../support/ssh-host";
import {
  makeEngineCertificates,
  startTlsProxy,
  tlsArguments,
  type EngineCertificates,
} from "../support/tls-engine";

const offline = useOfflineDocker();
const named = (name: string): string => `${offline.prefix}-${name}`;
const before = { ...process.env };
const started: ProviderClient[] = [];
let directory: string;
let ssh: SshHost;
let silent: { readonly port: number; readonly server: Server };
let engine: SecondEngine;
let enginePort: number;
let certificates: EngineCertificates;
let own: ProviderClient;

beforeAll(async () => {
  directory = await temporaryDirectory();
  ssh = await startSshHost(mkdtempSync(join(directory, "ssh-")));
  silent = await startSilentHost();
  certificates = await makeEngineCertificates(directory);
  enginePort = await freePort();
  engine = await startSecondEngine(join(directory, "second"), {
    args: await tlsArguments(directory, certificates, enginePort),
  });
  await copyImage(connectDocker({}), engine.docker, baseImage);
  // What is declared has to win.
  Object.assign(process.env, ssh.env, { DOCKER_HOST: "tcp://127.0.0.1:1", DOCKER_CERT_PATH: "" });
  own = await startOwnProvider();
}, 300_000);

afterEach(async () => {
  for (const client of started.splice(0)) await client.stop();
});

afterAll(async () => {
  process.env = before;
  await Promise.allSettled([own.stop(), engine.remove(), ssh.stop()]);
  silent.server.close();
  await rm(directory, { recursive: true, force: true });
}, 120_000);

const overTls = (certPath?: string, host = "127.0.0.1"): DockerEndpoint => ({
  host: `tcp://${host}:${enginePort}`,
  ...(certPath === undefined ? {} : { certPath }),
});

const ways: readonly (readonly [string, () => DockerEndpoint])[] = [
  ["SSH, as ~/.ssh/config has it", () => ({ host: ssh.address("engine-host") })],
  ["SSH, with user and port", () => ({ host: ssh.plainAddress })],
  ["SSH, with a key of the agent", () => ({ host: ssh.address("agent-host") })],
  ["TLS", () => overTls(certificates.good)],
];

describe.each(ways)("an engine over %s", (way, endpointOf) => {
  const label = way.replace(/\W+/g, "").toLowerCase();
  let docker: Docker;
  let box: string;

  beforeAll(async () => {
    docker = connectDocker(endpointOf());
    box = named(`${label}-box`);
    const sleeping = { Image: baseImage, Cmd: ["sleep", "infinity"], HostConfig: { NetworkMode: "none" } };
    await docker.createVolume({ Name: named(`${label}-files`) });
    await (await docker.createContainer({ name: box, ...sleeping })).start();
  });

  afterAll(() => docker.getContainer(box).remove({ force: true }));

  test("is looked at, and gets files, by the own resources", async () => {
    const stack = new ProviderStack(own);
    const place = {
      ...{ endpoint: endpointOf(), volume: named(`${label}-files`), image: baseImage, label: "test" },
    };
    const files = filesOf(place, { "app.conf": { content: "one\n", mode: "0644" } });
    const declared = [hostOf(endpointOf(), label), { ...files, name: label }];
    expect(await stack.up(...declared)).toHaveLength(2);
    expect(await readVolume(place)).toMatchObject({ files: { "app.conf": { text: "one\n" } } });
    expect(await stack.up(...declared)).toEqual([]);
  });

  test("runs programs with input, and serves many requests at once", async () => {
    const input = "line\n".repeat(100_000);
    const { exitCode, stdout } = await execIn(docker, box, ["wc", "-l"], { input, timeoutMs: 30_000 });
    expect({ exitCode, lines: stdout.trim() }).toEqual({ exitCode: 0, lines: "100000" });
    const answers = await Promise.all(Array.from({ length: 20 }, () => docker.getContainer(box).inspect()));
    expect(new Set(answers.map(({ Name }) => Name))).toEqual(new Set([`/${box}`]));
  });

  test("is operated by the offline docker plugin", async () => {
    const { host, certPath } = endpointOf();
    const stack = new ProviderStack(await plugin({ host, ...(certPath === undefined ? {} : { certPath }) }));
    const context = mkdtempSync(join(directory, "context-"));
    writeFileSync(join(context, "Dockerfile"), `FROM ${baseImage}\nCOPY big /big\n`);
    writeFileSync(join(context, "big"), "0123456789abcdef".repeat(65_536));
    const declared: Declared[] = [
      image({ imageName: named(`${label}:1`), skipPush: true, build: { context, network: "none" } }, "image"),
      network({ name: named(label), internal: true }, "network"),
      volume({ name: named(label) }, "volume"),
      quietContainer(named(label), { image: named(`${label}:1`), networkMode: "none" }, "container"),
    ];
    expect(await stack.up(...declared)).toHaveLength(4);
    expect(await stack.up(...declared)).toEqual([]);
    expect(await docker.getContainer(named(label)).inspect()).toMatchObject({ State: { Running: true } });
    await stack.destroy();
    const left = await docker.listContainers({ all: true, filters: { name: [`^/${named(label)}$`] } });
    expect(left).toEqual([]);
  });
});

test("a connection over SSH serves one request after another", async () => {
  const docker = connectDocker({ host: ssh.address("engine-host") });
  await docker.ping();
  const logins = ssh.logins();
  for (let count = 0; count < 20; count += 1) await docker.version();
  expect(ssh.logins()).toBe(logins);
});

test("an engine over TLS is reached with the certificates of the environment", async () => {
  process.env.DOCKER_CERT_PATH = certificates.good;
  try {
    expect(String(await connectDocker(overTls()).ping())).toBe("OK");
  } finally {
    process.env.DOCKER_CERT_PATH = "";
  }
});

test("a Ctrl-C of the run leaves its connections over SSH to the run", async () => {
  await connectDocker({ host: ssh.address("engine-host") }).ping();
  const connections = childrenOf(process.pid).filter(({ command }) => command.endsWith("dial-stdio"));
  expect(connections.length).toBeGreaterThan(0);
  for (const { pid, group } of connections) expect(group).toBe(pid);
});

describe("no way over SSH is told with what to do, by the own resources and the plugin", () => {
  test.each<[SshHostName, RegExp]>([
    ["unknown-host", /its host key is not in known_hosts[\s\S]*hint: log in once with `ssh unknown-host`/],
    ["changed-host", /another host key than the one in known_hosts[\s\S]*hint: .*ssh-keygen -R/],
    ["refusing-host", /refuses the login \(.*Permission denied \(publickey\)[\s\S]*hint: .*ssh-add/],
    ["closed-host", /its host does not answer \(.*Connection refused\)[\s\S]*hint: is it up/],
    ["silent-host", /its host does not answer \(.*timed out.*\)[\s\S]*hint: is it up/],
    ["engineless-host", /the SSH login works, and no engine answers[\s\S]*hint: is it running\?/],
    ["clientless-host", /Docker's client is not on its host[\s\S]*hint: install it there/],
  ])("%s", (name, reason) => expectRefused({ host: ssh.address(name) }, reason));

  test("no SSH client on this machine", async () => {
    const bin = mkdtempSync(join(directory, "bin-"));
    symlinkSync("/bin/sh", join(bin, "sh"));
    const client = await plugin({ host: ssh.plainAddress }, { PATH: bin });
    await expect(new ProviderStack(client).up(volume({ name: named("x") }, "x"))).rejects.toThrow(
      /there is no `ssh` on this machine[\s\S]*hint: install OpenSSH's client/,
    );
  });
});

describe("no way over TLS is told with what to do, by the own resources and the plugin", () => {
  test.each<[string, () => DockerEndpoint, RegExp]>([
    ["no certificates", () => overTls(), /HTTPS server[\s\S]*hint: .*pgstead:docker\.certPath/],
    [
      "a client's certificate of somebody else",
      () => overTls(certificates.stranger),
      /refuses this client's certificate[\s\S]*hint: cert\.pem and key\.pem/,
    ],
    [
      "a client's certificate that has expired",
      () => overTls(certificates.expired),
      /refuses this client's certificate[\s\S]*hint: .*not expired/,
    ],
    [
      "a key of another certificate",
      () => overTls(certificates.otherKey),
      /the key of this client cannot be used[\s\S]*hint: .*its own key/,
    ],
    [
      "another authority",
      () => overTls(certificates.otherAuthority),
      /not of the authority that this machine trusts[\s\S]*hint: is ca\.pem/,
    ],
    [
      "another name",
      () => overTls(certificates.good, "localhost"),
      /its certificate is for other names \(.*localhost[\s\S]*hint: write one of its names/,
    ],
    [
      "no such directory",
      () => overTls("/nonexistent"),
      /ca\.pem:[\s\S]*cannot be read[\s\S]*hint: .*is a directory with ca\.pem/,
    ],
    [
      "a silent host",
      () => ({ host: `tcp://127.0.0.1:${silent.port}`, certPath: certificates.good }),
      /no connection within 20 s[\s\S]*hint: is it running\?/,
    ],
  ])("%s", (_, endpointOf, reason) => expectRefused(endpointOf(), reason));

  test("a certificate of the engine that has expired", async () => {
    const proxy = await startTlsProxy(certificates.authority, certificates.expiredServer);
    try {
      const reason = /its certificate has expired[\s\S]*hint: renew it/;
      await expectRefused({ host: proxy.host, certPath: certificates.good }, reason);
      expect(proxy.connections()).toBe(0);
    } finally {
      await proxy.stop();
    }
  });
});

/** As proc(5) has them: process, parent and group. */
function childrenOf(parent: number): { pid: number; group: number; command: string }[] {
  const pids = readdirSync("/proc").map(Number).filter(Number.isInteger);
  return pids.flatMap((pid) => {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [, ppid, group] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
      return ppid === parent && group !== undefined ? [{ pid, group, command }] : [];
    } catch {
      return []; // it has just ended
    }
  });
}

/** What both say is an error with a hint, and has nothing of a key. */
async function expectRefused({ host = "", certPath }: DockerEndpoint, reason: RegExp): Promise<void> {
  const endpoint = { host, ...(certPath === undefined ? {} : { certPath }) };
  const byOwn = new ProviderStack(own).up(hostOf(endpoint, "refused"));
  const byPlugin = plugin(endpoint).then((client) =>
    new ProviderStack(client).up(volume({ name: named("refused") }, "refused")),
  );
  for (const outcome of await Promise.allSettled([byOwn, byPlugin])) {
    const said = outcome.status === "rejected" ? String(outcome.reason) : "it went well";
    expect(said).toMatch(reason);
    expect(said.match(/hint:/g)).toHaveLength(1);
    expect(said).not.toContain("PRIVATE KEY");
  }
}

async function plugin(settings: Record<string, string | undefined>, env: NodeJS.ProcessEnv = {}) {
  const given = Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
  const client = await offline.connect(given, env);
  started.push(client);
  return client;
}

function hostOf({ host, certPath }: DockerEndpoint, name: string): Declared {
  const inputs = {
    engine: { ...(host === undefined ? {} : { host }), ...(certPath === undefined ? {} : { certPath }) },
    ...{
      stack: "acme/pgstead/test",
      name: named(name),
      containers: [],
      volumes: [],
      networks: [],
      ports: [],
    },
    ...{ cpus: 1, memory: 64 },
  };
  return { name, token: "pgstead:index:DockerHost", inputs };
}
