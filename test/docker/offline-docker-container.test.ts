import { describe, expect, test } from "vitest";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { InitFailure } from "../support/provider-client";
import { network, quietContainer, useOfflineDocker, volume } from "../support/offline-docker";

const offline = useOfflineDocker();
const named = (name: string): string => `${offline.prefix}-${name}`;
const box = (name: string, inputs: PropertyMap = {}) => quietContainer(named(name), inputs, name);
const inspect = (name: string) => offline.docker.getContainer(named(name)).inspect();
const stateOf = (name: string) => offline.stack.entry(`Container/${name}`).state;

describe("a container of the offline docker plugin", () => {
  test("has what is declared", async () => {
    await offline.stack.up(
      volume({ name: named("data") }, "data"),
      box("full", {
        entrypoints: ["/bin/sh", "-c"],
        command: ["sleep infinity"],
        hostname: "full",
        user: "65534",
        workingDir: "/tmp",
        groupAdds: ["999"],
        envs: ["A=1", "B=two words"],
        cpus: "0.5",
        cpuShares: 512,
        memory: 64,
        memorySwap: 64,
        shmSize: 32,
        ulimits: [{ name: "nofile", soft: 1024, hard: 2048 }],
        volumes: [{ volumeName: named("data"), containerPath: "/data", readOnly: true }],
        uploads: [
          { file: "/opt/run.sh", content: "#!/bin/sh\n", executable: true },
          { file: "/opt/bytes", contentBase64: "AAEC", permissions: "0600" },
        ],
        stopTimeout: 7,
      }),
    );
    const { Config, HostConfig, Mounts } = await inspect("full");
    expect(Config).toMatchObject({
      ...{ Hostname: "full", User: "65534", WorkingDir: "/tmp", Cmd: ["sleep infinity"] },
      Entrypoint: ["/bin/sh", "-c"],
    });
    expect(Config.Env).toEqual(expect.arrayContaining(["A=1", "B=two words"]));
    expect(HostConfig).toMatchObject({
      ...{ NanoCpus: 500_000_000, CpuShares: 512, Memory: 64 << 20, MemorySwap: 64 << 20, ShmSize: 32 << 20 },
      Ulimits: [{ Name: "nofile", Soft: 1024, Hard: 2048 }],
      GroupAdd: ["999"],
      NetworkMode: "none",
    });
    expect(Mounts).toMatchObject([{ Name: named("data"), Destination: "/data", RW: false }]);
    expect(await run("full", ["stat", "-c", "%a %U %n", "/opt/run.sh", "/opt/bytes"])).toBe(
      "744 root /opt/run.sh\n600 root /opt/bytes\n",
    );
    expect(await offline.stack.refresh()).toEqual([]);
  });

  test("is in its own networks only, under its aliases", async () => {
    await offline.stack.up(
      network({ name: named("one") }, "one"),
      network({ name: named("two"), internal: true }, "two"),
      box("talker", {
        networksAdvanced: [{ name: named("one"), aliases: ["talker"] }, { name: named("two") }],
      }),
    );
    const { NetworkSettings } = await inspect("talker");
    expect(Object.keys(NetworkSettings.Networks).sort()).toEqual([named("one"), named("two")].sort());
    expect(NetworkSettings.Networks[named("one")]?.Aliases).toContain("talker");
  });

  test("changes its limits and restart policy in place", async () => {
    await offline.stack.up(box("limited", { memory: 64, memorySwap: 64 }));
    const { id } = offline.stack.entry("Container/limited");
    const changed = { memory: 96, memorySwap: 128, cpuShares: 256, restart: "on-failure", maxRetryCount: 3 };
    expect(await offline.stack.up(box("limited", changed))).toMatchObject([
      { op: "update", diff: ["cpuShares", "maxRetryCount", "memory", "memorySwap", "restart"], replace: [] },
    ]);
    const { Id, HostConfig } = await inspect("limited");
    expect(Id).toBe(id);
    expect(HostConfig).toMatchObject({
      ...{ Memory: 96 << 20, MemorySwap: 128 << 20, CpuShares: 256 },
      RestartPolicy: { Name: "on-failure", MaximumRetryCount: 3 },
    });
    expect(await offline.stack.refresh()).toEqual([]);
  });

  test("keeps its healthcheck, init and tmpfs, and says so", async () => {
    await offline.stack.up(box("fixed", { tmpfs: { "/tmp": "size=1m" } }));
    const { id } = offline.stack.entry("Container/fixed");
    const steps = await offline.stack.up(box("fixed", { tmpfs: { "/tmp": "size=2m" } }));
    expect(steps).toMatchObject([{ op: "update", diff: ["tmpfs"], replace: [] }]);
    expect(await inspect("fixed")).toMatchObject({ Id: id, HostConfig: { Tmpfs: { "/tmp": "size=1m" } } });
    expect(offline.provider.messages.at(-1)).toMatchObject({
      severity: "warning",
      message: expect.stringMatching(/tmpfs .*stays as it is.*replaceOnChanges: \["tmpfs"\]/) as string,
    });
    // A refresh tells the truth, and the difference comes back.
    expect(await offline.stack.refresh()).toMatchObject([{ name: "fixed", diff: ["tmpfs"] }]);
  });

  test("that stopped shows in a refresh, and is started again in place", async () => {
    await offline.stack.up(box("sleeper"));
    const { id } = offline.stack.entry("Container/sleeper");
    await offline.docker.getContainer(id).kill();
    const found = (await offline.stack.refresh()).filter(({ name }) => name === "sleeper");
    expect(found).toMatchObject([{ op: "update", diff: expect.arrayContaining(["mustRun"]) as string[] }]);
    expect(await offline.stack.up(box("sleeper"))).toMatchObject([{ op: "update", diff: ["mustRun"] }]);
    expect(await inspect("sleeper")).toMatchObject({ Id: id, State: { Running: true } });
  });

  test("is waited for until it is healthy", async () => {
    const healthcheck = { tests: ["CMD", "test", "-e", "/tmp/ready"], interval: "1s", retries: 30 };
    const command = ["sh", "-c", "sleep 2; touch /tmp/ready; exec sleep infinity"];
    await offline.stack.up(box("ready", { command, healthcheck, wait: true, waitTimeout: 30 }));
    expect((await inspect("ready")).State.Health?.Status).toBe("healthy");
    // Two ways to write one duration are no difference.
    const same = { ...healthcheck, interval: "1000ms" };
    expect(
      await offline.stack.up(box("ready", { command, healthcheck: same, wait: true, waitTimeout: 30 })),
    ).toEqual([]);
  });

  test("that does not become healthy fails with its last words and stays, for the next run to wait again", async () => {
    const healthcheck = { tests: ["CMD-SHELL", "echo not yet; test -e /tmp/ready"], interval: "1s" };
    const command = ["sh", "-c", "echo starting with $WORD; exec sleep infinity"];
    const inputs = {
      ...box("ill", { command, healthcheck, wait: true, waitTimeout: 3 }).inputs,
      envs: [secret("WORD=hunter2hunter2")],
    };
    const client = offline.provider.resource("docker:index/container:Container", "ill");
    const { inputs: checked } = await client.check(inputs);
    const failure = await client.create(checked).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(InitFailure);
    expect((failure as InitFailure).message).toMatch(
      /was not healthy within 3 s; its last check ended with 1: not yet; its last lines:\n\s+starting with \[secret\]/,
    );
    const { id, state } = failure as InitFailure;
    expect(state.envs).toEqual([secret("WORD=hunter2hunter2")]);
    await run("ill", ["touch", "/tmp/ready"]);
    const update = { id, state, oldInputs: checked, inputs: checked };
    expect(await client.update(update)).toMatchObject({ id, name: named("ill") });
    expect((await inspect("ill")).State.Health?.Status).toBe("healthy");
  });

  test("is stopped before it is removed where that is asked for, and takes its volumes without a name along", async () => {
    const command = ["sh", "-c", "trap 'echo bye > /said/bye; exit 0' TERM; while :; do sleep 0.1; done"];
    const volumes = [{ volumeName: named("said"), containerPath: "/said" }, { containerPath: "/scratch" }];
    await offline.stack.up(
      volume({ name: named("said") }, "said"),
      box("polite", { command, volumes, destroyGraceSeconds: 10 }),
    );
    const scratch = (await inspect("polite")).Mounts.find(
      ({ Destination }) => Destination === "/scratch",
    )?.Name;
    await offline.stack.destroy("Container/polite");
    const left = (await offline.docker.listVolumes()).Volumes.map(({ Name }) => Name);
    expect(left).not.toContain(scratch);
    const listing = box("reader", {
      command: ["cat", "/said/bye"],
      volumes: volumes.slice(0, 1),
      mustRun: false,
    });
    await offline.stack.up(listing);
    await offline.docker.getContainer(named("reader")).wait();
    const log = await offline.docker.getContainer(named("reader")).logs({ stdout: true });
    expect(log.toString()).toContain("bye");
  });

  test("keeps what came in as a secret a secret", async () => {
    const uploads = [{ file: "/etc/key", content: secret("hidden-content") }];
    await offline.stack.up(box("discreet", { uploads, envs: [secret("KEY=hidden-value"), "PLAIN=1"] }));
    expect(stateOf("discreet").envs).toEqual([secret("KEY=hidden-value"), "PLAIN=1"]);
    expect(JSON.stringify(stateOf("discreet").uploads)).toContain(JSON.stringify(secret("hidden-content")));
    expect(
      await offline.stack.up(box("discreet", { uploads, envs: ["PLAIN=1", secret("KEY=hidden-value")] })),
    ).toEqual([]);
  });
});

async function run(name: string, Cmd: string[]): Promise<string> {
  const exec = await offline.docker
    .getContainer(named(name))
    .exec({ Cmd, AttachStdout: true, User: "0", Tty: true });
  const stream = await exec.start({ Tty: true });
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts).toString().replaceAll("\r", "");
}
