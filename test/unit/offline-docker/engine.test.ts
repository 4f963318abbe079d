import { createRequire } from "node:module";
import { describe, expect, test } from "vitest";
import { secret } from "../../../components/providers/properties";
import { unframed } from "../../../infra/toolchain/offline/docker/container-log";
import { containerOutputs, type Inspected } from "../../../infra/toolchain/offline/docker/container-outputs";
import { createRequest, limits } from "../../../infra/toolchain/offline/docker/container-request";
import { describeFailure, type EngineError } from "../../../infra/toolchain/offline/docker/failure";
import { parseGoDuration, renderGoDuration } from "../../../infra/toolchain/offline/docker/go-duration";
import { officialPlugin } from "../../../infra/toolchain/offline/docker/version";
import { secretTexts, withoutSecrets } from "../../../infra/toolchain/offline/shared/secret-texts";

test("the edition stands in for the plugin of the installed package", () => {
  const { version } = createRequire(__filename)("@pulumi/docker/package.json") as { version: string };
  expect(officialPlugin).toEqual({ name: "docker", version });
});

describe("durations are those of Go", () => {
  test.each([
    ["0s", 0, "0s"],
    ["5s", 5e9, "5s"],
    ["60s", 60e9, "1m0s"],
    ["1m30s", 90e9, "1m30s"],
    ["250ms", 250e6, "250ms"],
    ["1.5s", 1.5e9, "1.5s"],
    ["2h", 7200e9, "2h0m0s"],
  ])("%s", (text, nanoseconds, rendered) => {
    expect(parseGoDuration(text)).toBe(nanoseconds);
    expect(renderGoDuration(nanoseconds)).toBe(rendered);
  });

  test.each(["5", "s", "5 s", "-5s", "five"])("%j is none", (text) => {
    expect(parseGoDuration(text)).toBeUndefined();
  });
});

describe("what the engine is asked to create", () => {
  test("has the units of the engine, absolute paths, and no more than is declared", () => {
    const request = createRequest({
      ...{ name: "box", image: "sha256:1", memory: 64, memorySwap: -1, shmSize: 32, cpus: "1.5" },
      volumes: [
        { hostPath: "./conf", containerPath: "/conf", readOnly: true },
        { containerPath: "/scratch" },
      ],
      ports: [
        { internal: 80, ip: "127.0.0.1", protocol: "tcp" },
        { internal: 53, external: 53, protocol: "udp" },
      ],
      healthcheck: { tests: ["CMD", "true"], interval: "5s" },
    });
    expect(request).toMatchObject({
      Healthcheck: { Test: ["CMD", "true"], Interval: 5e9, Timeout: 0, Retries: 0 },
      ExposedPorts: { "80/tcp": {}, "53/udp": {} },
      HostConfig: {
        ...{ Memory: 64 << 20, MemorySwap: -1, ShmSize: 32 << 20, NanoCpus: 1.5e9, Init: false },
        Binds: [`${process.cwd()}/conf:/conf:ro`],
        PortBindings: {
          "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }],
          "53/udp": [{ HostIp: "", HostPort: "53" }],
        },
      },
    });
    expect(request).not.toHaveProperty("Cmd");
    expect(request).not.toHaveProperty("User");
    expect(request.Healthcheck).not.toHaveProperty("StartInterval");
    expect(limits({ name: "box", image: "a" })).toMatchObject({ Memory: 0, RestartPolicy: { Name: "no" } });
  });
});

describe("what the state gets", () => {
  const found = {
    ...{ Id: "1", Name: "/box", Image: "sha256:1", Platform: "linux" },
    State: { Running: false, ExitCode: 3 },
    Config: { Image: "shop:1", Cmd: ["a"], Entrypoint: null, Hostname: "h" },
    HostConfig: {
      ...{ Memory: 64 << 20, MemorySwap: 128 << 20 },
      PortBindings: { "80/tcp": [{ HostIp: "127.0.0.1", HostPort: "8080" }], "90/tcp": null },
    },
    NetworkSettings: { Ports: {}, Networks: {} },
  } as unknown as Inspected;

  test("of a container that stopped has its exit code, and the ports that it would have", () => {
    expect(containerOutputs(found, { name: "box", image: "shop:1" }, "asked")).toMatchObject({
      exitCode: 3,
      ports: [{ internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" }],
      memorySwap: 128,
      entrypoints: [],
      image: "shop:1", // by the name that was given
    });
    expect(containerOutputs(found, {}, "asked")).toMatchObject({ image: "sha256:1", mustRun: true });
  });

  test("right after a change is what was asked for", () => {
    expect(containerOutputs(found, { memory: 64 }, "created")).toMatchObject({ memory: 64, memorySwap: 0 });
    const updated = containerOutputs(found, { memory: 32, tmpfs: { "/tmp": "" } }, "updated");
    expect(updated).toMatchObject({ memory: 32, memorySwap: 0, tmpfs: { "/tmp": "" } });
  });
});

describe("messages", () => {
  const subject = { type: "container" as const, name: "box", secrets: ["hunter2"] };
  const refusal = (statusCode: number, message: string): EngineError =>
    Object.assign(new Error(`(HTTP code ${statusCode}) server error - ${message} `), {
      statusCode,
      json: { message },
    });

  test.each([
    [
      "driver failed programming external connectivity on endpoint box (12): Bind for 127.0.0.1:5432 failed: port is already allocated",
      /the port of 127\.0\.0\.1:5432 is in use/,
    ],
    [
      "driver failed: Error starting userland proxy: listen tcp4 0.0.0.0:5432: bind: address already in use",
      /the port of 0\.0\.0\.0:5432 is in use/,
    ],
    ["mkdir /var/lib/docker/overlay2/x: no space left on device", /docker system df/],
    ["No such image: shop:1", /does not have the image shop:1[\s\S]*builds it again/],
    [
      "OCI runtime create failed: container_linux.go:380: starting container process caused: process_linux.go:545: container init caused: setting rlimits for ready process caused: error setting rlimit type 8: operation not permitted: unknown",
      /may not raise the limit memlock[\s\S]*lower ulimits\.memlock[\s\S]*LimitMEMLOCK/,
    ],
    [
      "standard_init_linux.go:228: exec user process caused: exec format error",
      /different processor architectures/,
    ],
    ["Error processing tar file: container rootfs is marked read-only", /put the files on a volume/],
    [
      "failed to create endpoint box on network bridge: adding interface veth1 to bridge docker0 failed: could not find bridge docker0: route ip+net: no such network interface",
      /lost the network interface docker0/,
    ],
    ["No such container: 0123", /refresh` takes what is gone out of the state/],
    ["unable to find user nobody-at-all: no matching entries in passwd file", /give it by number/],
    [
      "cannot assign requested address: listen tcp 10.1.1.1:80: bind: cannot assign requested address",
      /does not have this address/,
    ],
  ])("%s", (said, expected) => {
    const { message } = describeFailure(subject, "created", refusal(500, said));
    expect(message).toMatch(/^container "box":\n {2}could not be created: /);
    expect(message).toMatch(expected);
    expect(message).not.toContain("HTTP code");
  });

  test("hold no secret, whatever the engine repeats", () => {
    const { message } = describeFailure(subject, "created", refusal(400, "bad value hunter2"));
    expect(message).toContain("bad value [secret]");
  });

  test("secrets are found wherever they are, and short ones are not hidden", () => {
    const maps = [
      {
        envs: [secret("PASSWORD=hunter2"), "PLAIN=visible"],
        uploads: [{ content: secret("key\n") }],
        x: secret("ab"),
      },
    ];
    expect(secretTexts(maps)).toEqual(["PASSWORD=hunter2", "hunter2", "key\n"]);
    expect(withoutSecrets("x hunter2 y visible", secretTexts(maps))).toBe("x [secret] y visible");
  });
});

test("a log is read without the headers of its pieces", () => {
  const piece = (text: string): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt8(1, 0);
    header.writeUInt32BE(Buffer.byteLength(text), 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };
  expect(unframed(Buffer.concat([piece("one\n"), piece("zwö\n")]))).toBe("one\nzwö\n");
});
