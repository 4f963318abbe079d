import { cp, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { temporaryDirectory } from "../support/server";
import { startSshHost, type SshHost, type SshHostName } from "../support/ssh-host";
import { makeEngineCertificates, startTlsProxy, type TlsProxy } from "../support/tls-engine";

const before = { ...process.env };
const docker = connectDocker({});
let directory: string;
let ssh: SshHost;
let proxy: TlsProxy;
let certificates: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
  const [sshFiles, tlsFiles] = [join(directory, "ssh"), join(directory, "tls")];
  for (const path of [sshFiles, tlsFiles]) await mkdir(path);
  ssh = await startSshHost(sshFiles);
  const { authority, server, good } = await makeEngineCertificates(tlsFiles);
  proxy = await startTlsProxy(authority, server);
  certificates = good;
  // What is declared has to win.
  Object.assign(process.env, ssh.env, { DOCKER_HOST: "unix:///nonexistent/docker.sock" });
});

afterAll(async () => {
  process.env = before;
  await Promise.allSettled([ssh.stop(), proxy.stop()]);
  await rm(directory, { recursive: true, force: true });
});

const withoutMonitoring = [["pgstead:monitoring"], { enabled: false }] as const;

async function whole(under: DockerStackUnderTest): Promise<void> {
  await under.up();
  const session = await under.connect();
  expect(await session.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
  await session.close();
  await under.pulumi(["up", "--yes", "--skip-preview", "--expect-no-changes"]);
  await under.configure(["pgstead:disposable"], true);
  await under.configure(["pgstead:protect"], false);
  await under.up();
  await under.pulumi(["destroy", "--yes", "--skip-preview"]);
  const found = [
    ...(await docker.listContainers({ all: true })).flatMap(({ Names }) => Names),
    ...(await docker.listVolumes()).Volumes.map(({ Name }) => Name),
    ...(await docker.listNetworks()).map(({ Name }) => Name),
  ];
  expect(found.filter((name) => name.includes(under.name))).toEqual([]);
}

describe("a stack on an engine over SSH", () => {
  let under: DockerStackUnderTest;

  beforeAll(async () => {
    const changes = [
      [["pgstead:docker", "host"], ssh.address("engine-host")],
      // The published port is on that host, which is this machine.
      [["pgstead:docker", "address"], "127.0.0.1"],
      withoutMonitoring,
    ] as const;
    under = await makeDockerStack(changes, { docker });
  }, 300_000);

  afterAll(() => under.remove(), 300_000);

  test.each<[SshHostName, RegExp]>([
    ["unknown-host", /its host key is not in known_hosts[\s\S]*log in once with `ssh unknown-host`/],
    ["refusing-host", /its host refuses the login[\s\S]*ssh-add/],
    ["engineless-host", /the SSH login works, and no engine answers[\s\S]*is it running\?/],
  ])("is not made where there is no way: %s", async (name, reason) => {
    await under.configure(["pgstead:docker", "host"], ssh.address(name));
    const { exitCode, text } = await under.pulumi(["preview"], { exitCode: "any" });
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(reason);
    await under.configure(["pgstead:docker", "host"], ssh.address("engine-host"));
  });

  test("is made, stays as it is, and goes", async () => {
    const logins = ssh.logins();
    await whole(under);
    expect(ssh.logins()).toBeGreaterThan(logins);
  });
});

describe("a stack on an engine over TLS", () => {
  let under: DockerStackUnderTest;

  beforeAll(async () => {
    const changes = [[["pgstead:docker", "host"], proxy.host], withoutMonitoring] as const;
    under = await makeDockerStack(changes, { docker });
    // A relative path is one of the project's directory.
    await cp(certificates, join(under.checkout.directory, "certificates/docker"), { recursive: true });
  }, 300_000);

  afterAll(() => under.remove(), 300_000);

  test("is not made without a certificate", async () => {
    const { exitCode, text } = await under.pulumi(["preview"], { exitCode: "any" });
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(/Docker engine[\s\S]*hint: /);
    expect(proxy.connections()).toBe(0);
  });

  test("is made, stays as it is, and goes", async () => {
    await under.configure(["pgstead:docker", "certPath"], "certificates/docker");
    await whole(under);
    expect(proxy.connections()).toBeGreaterThan(0);
  });
});
