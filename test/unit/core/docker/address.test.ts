import { describe, expect, test } from "vitest";
import {
  isOnThisMachine,
  parseEngineAddress,
  type EngineAddress,
} from "../../../../components/core/docker/address";
import { explainSsh, explainTls } from "../../../../components/core/docker/way";

describe("the address of an engine", () => {
  test.each<[string, EngineAddress]>([
    ["unix:///var/run/docker.sock", { kind: "socket", path: "/var/run/docker.sock" }],
    ["unix:///srv/check out/docker.sock", { kind: "socket", path: "/srv/check out/docker.sock" }],
    ["npipe:////./pipe/docker_engine", { kind: "socket", path: "\\\\.\\pipe\\docker_engine" }],
    ["ssh://db1", { kind: "ssh", host: "db1" }],
    [
      "ssh://deploy@db1.example.com:2222/",
      { kind: "ssh", user: "deploy", host: "db1.example.com", port: 2222 },
    ],
    ["ssh://deploy@[fd00::1]:22", { kind: "ssh", user: "deploy", host: "fd00::1", port: 22 }],
    ["tcp://127.0.0.1:2376", { kind: "tcp", host: "127.0.0.1", port: 2376, isSecure: false }],
    ["https://db1.example.com", { kind: "tcp", host: "db1.example.com", isSecure: true }],
  ])("%s", (text, address) => {
    expect(parseEngineAddress(text)).toEqual(address);
  });

  test.each([
    ["", /is not the address/],
    ["db1.example.com", /is not the address/],
    ["unix://", /is not the address/],
    ["ssh://", /is not the address/],
    ["ssh://-oProxyCommand=touch", /is not the address/],
    ["ssh://deploy@db1/var/run/docker.sock", /is not the address/],
    ["tcp://db1:2376/v1.41", /is not the address/],
  ])("%j is none", (text, message) => {
    expect(parseEngineAddress(text)).toMatchObject({
      kind: "fault",
      message: expect.stringMatching(message) as string,
      hint: expect.stringContaining("ssh://user@host") as string,
    });
  });

  test("has no password, and a refusal does not repeat one", () => {
    const fault = parseEngineAddress("ssh://deploy:hunter2@db1");
    expect(fault).toMatchObject({ kind: "fault", hint: expect.stringContaining("ssh-copy-id") as string });
    expect(JSON.stringify(fault)).not.toContain("hunter2");
  });

  test.each([
    ["unix:///a", true],
    ["ssh://me@localhost", true],
    ["tcp://127.0.0.1:2376", true],
    ["ssh://me@[::1]", true],
    ["ssh://db1", false],
    ["tcp://10.0.0.5:2376", false],
  ])("%s is of this machine: %s", (text, expected) => {
    expect(isOnThisMachine(parseEngineAddress(text) as EngineAddress)).toBe(expected);
  });
});

describe("what an SSH client says", () => {
  const address = { kind: "ssh", user: "deploy", host: "db1", port: 2222 } as const;
  test.each([
    [
      "sh: 1: docker: not found\n",
      127,
      /client is not on its host[^]*not found\)/,
      /ssh -p 2222 deploy@db1 docker version/,
    ],
    ["", 127, /client is not on its host$/, /install it there/],
    ["", 255, /ended with 255$/, /mend what `ssh -p 2222 deploy@db1/],
    ["", null, /ended with a signal$/, /mend what/],
    [
      "Warning: Permanently added 'db1' (ED25519) to the list of known hosts.\nssh: Could not resolve hostname db1: Name or service not known\r\n",
      255,
      /nobody knows its host \(ssh: Could not resolve/,
      /is the name/,
    ],
    [
      "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock\n",
      1,
      /account there may not use the engine/,
      /group docker/,
    ],
    ["something new\nand a last line\n", 3, /^and a last line$/, /mend what/],
  ])("%j (%s)", (said, exitCode, message, hint) => {
    const explained = explainSsh(address, said, exitCode);
    expect(explained.message).toMatch(message);
    expect(explained.hint).toMatch(hint);
  });
});

test.each([
  ["CERT_HAS_EXPIRED", /has expired/],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", /not of the authority/],
  ["UNABLE_TO_VERIFY_LEAF_SIGNATURE", /not of the authority/],
  ["ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED", /refuses this client's certificate/],
  ["ERR_SSL_WRONG_VERSION_NUMBER", /does not speak TLS/],
])("%s of TLS is explained", (code, message) => {
  expect(explainTls(code, "said")?.message).toMatch(message);
});

test("what is not of TLS is not explained so", () => {
  expect(explainTls("ECONNREFUSED", "said")).toBeUndefined();
});
