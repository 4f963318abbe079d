import { execFile } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  checkAuthority,
  inspectCertificate,
  issueServerCertificate,
  makeAuthority,
  readCertificate,
} from "../../components/io/certificate";
import { reveal, secret, unknown, type PropertyMap } from "../../components/providers/properties";
import { fileOf, shakeHands, verify } from "../support/certificate-proof";
import { startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack, type Declared } from "../support/provider-stack";

const run = promisify(execFile);
const day = 86_400_000;
let provider: ProviderClient;
let stack: ProviderStack;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-certificate-"));
  provider = await startOwnProvider();
  stack = new ProviderStack(provider);
});
afterAll(async () => {
  await provider.stop();
  await rm(directory, { recursive: true, force: true });
});

/** A `Certificate` that is in the state alone. */
function certificateOf(name: string, change: PropertyMap = {}): Declared {
  const inputs = { names: ["localhost", "127.0.0.1"], ...change };
  return { name, token: "pgstead:index:Certificate", inputs };
}

describe("a certificate", () => {
  test("is believed by openssl and by Node for its names and addresses, and for no other", async () => {
    const now = new Date();
    const ca = await makeAuthority(now);
    const names = ["localhost", "127.0.0.1", "::1", "db.example.org"];
    const pair = await issueServerCertificate(ca, names, 90, now);
    for (const name of names)
      expect(await verify(directory, ca.certificate, pair.certificate, name)).toContain(": OK");
    await expect(verify(directory, ca.certificate, pair.certificate, "other.example.org")).rejects.toThrow(
      "mismatch",
    );
    expect(await shakeHands(pair, ca.certificate, "localhost")).toBe(true);
    expect(await shakeHands(pair, ca.certificate, "127.0.0.1")).toBe(true);
    await expect(shakeHands(pair, ca.certificate, "other")).rejects.toMatchObject({
      code: "ERR_TLS_CERT_ALTNAME_INVALID",
    });
    const { stdout } = await run("openssl", [
      "x509",
      "-noout",
      "-text",
      "-in",
      await fileOf(directory, pair.certificate),
    ]);
    for (const text of ["prime256v1", "CA:FALSE", "Digital Signature", "TLS Web Server Authentication"]) {
      expect(stdout).toContain(text);
    }
  });

  test("has a serial number and a key of its own each time, and ends with its authority at the latest", async () => {
    const now = new Date();
    const ca = await makeAuthority(new Date(now.getTime() - 3649 * day));
    const [one, two] = await Promise.all([1, 2].map(() => issueServerCertificate(ca, ["a"], 90, now)));
    expect(new X509Certificate(one!.certificate).serialNumber).toMatch(/^[4-7][0-9A-F]{31}$/);
    expect(new X509Certificate(one!.certificate).serialNumber).not.toBe(
      new X509Certificate(two!.certificate).serialNumber,
    );
    expect(one!.key).not.toBe(two!.key);
    expect(readCertificate(one!.certificate)?.notAfter).toEqual(readCertificate(ca.certificate)?.notAfter);
    expect(inspectCertificate(one!, ca.certificate)).toMatchObject({ isOfAuthority: true, keyBelongs: true });
    expect(inspectCertificate({ ...one!, key: two!.key }, ca.certificate)).toMatchObject({
      keyBelongs: false,
    });
    const another = await makeAuthority(now);
    expect(inspectCertificate(one!, another.certificate)).toMatchObject({ isOfAuthority: false });
    expect(inspectCertificate({ certificate: "x", key: "y" }, ca.certificate)).toEqual({
      kind: "unreadable",
    });
  });

  test.each([
    ["rsa:2048", [], undefined],
    ["ec", ["-pkeyopt", "ec_paramgen_curve:secp384r1"], undefined],
    ["ec", ["-pkeyopt", "ec_paramgen_curve:secp521r1"], undefined],
    ["rsa:1024", [], "its key is weak"],
    ["ed25519", [], "of a kind that is not supported"],
  ])("is signed by an authority that openssl made: %s %j", async (algorithm, options, fault) => {
    const [key, certificate] = [join(directory, "ca.key"), join(directory, "ca.crt")];
    const subject = ["-subj", "/C=DE/O=Ünï/CN=An authority", "-utf8", "-days", "100", "-nodes"];
    const usage = ["-addext", "keyUsage=critical,keyCertSign,cRLSign"];
    const out = ["-keyout", key, "-out", certificate];
    await run("openssl", ["req", "-x509", "-newkey", algorithm, ...options, ...subject, ...usage, ...out]);
    const ca = { certificate: await readFile(certificate, "utf8"), key: await readFile(key, "utf8") };
    const [problem] = checkAuthority(ca, new Date());
    if (fault !== undefined) {
      expect(problem?.message).toContain(fault);
      return;
    }
    expect(problem).toBeUndefined();
    const pair = await issueServerCertificate(ca, ["localhost"], 30, new Date());
    expect(await verify(directory, ca.certificate, pair.certificate, "localhost")).toContain(": OK");
    expect(await shakeHands(pair, ca.certificate, "localhost")).toBe(true);
    expect(checkAuthority({ ...ca, key: pair.key }, new Date())).toMatchObject([{ path: "ca.key" }]);
    expect(checkAuthority(pair, new Date())).toMatchObject([
      { message: expect.stringContaining("CA:TRUE") as string },
    ]);
    expect(checkAuthority(ca, new Date(Date.now() + 101 * day))[0]?.message).toContain("it ended on");
  });
});

describe("a certificate without a volume", () => {
  test("is in the state alone, and has nothing known before the first run", async () => {
    const resource = provider.resource("pgstead:index:Certificate", "alone");
    const { state } = await resource.create(certificateOf("alone").inputs, { preview: true });
    expect([state.caCertificate, reveal(state.caKey), state.certificate, reveal(state.key)]).toEqual(
      Array(4).fill(unknown),
    );
    const declared = certificateOf("alone");
    await stack.up(declared);
    expect(await stack.diff(declared)).toMatchObject({ changed: false });
    const { state: made } = stack.entry("Certificate/alone");
    expect(
      await verify(directory, made.caCertificate as string, made.certificate as string, "localhost"),
    ).toContain(": OK");
    await stack.destroy("Certificate/alone");
  });

  test("is refused where it would be weak or of no use, and a copy overwrites no file of somebody else", async () => {
    const resource = provider.resource("pgstead:index:Certificate", "wrong");
    const reasons = async (change: object) =>
      (await resource.check(certificateOf("wrong", { ...change }).inputs)).failures.map(
        ({ reason }) => reason,
      );
    expect(await reasons({ validity: 825 })).toEqual([
      expect.stringContaining("398 days at the most; take 90 or less"),
    ]);
    expect(await reasons({ validity: 30 })).toEqual([
      expect.stringContaining("is not less than the 30 days"),
    ]);
    expect(await reasons({ names: [] })).toHaveLength(1);
    expect(await reasons({ names: ["a b"] })).toHaveLength(1);
    expect(await reasons({ ca: { certificate: "x", key: secret("hunter2") } })).toEqual([
      expect.stringContaining("pgstead:server.certificate.ca: it is no certificate"),
    ]);
    const caFile = await fileOf(directory, "something of mine");
    const declared = certificateOf("copy", { caFile });
    await expect(stack.up(declared)).rejects.toThrow("what is there is no certificate");
    expect(await readFile(caFile, "utf8")).toBe("something of mine");
  });

  test("takes the copy of its authority along, when it goes and when its place changes, and nothing else", async () => {
    const [first, second] = [join(directory, "first-ca.crt"), join(directory, "second-ca.crt")];
    await stack.up(certificateOf("kept", { caFile: first }));
    const pem = stack.entry("Certificate/kept").state.caCertificate as string;
    expect(await readFile(first, "utf8")).toBe(pem);
    await stack.up(certificateOf("kept", { caFile: second }));
    expect(existsSync(first)).toBe(false);
    expect(await readFile(second, "utf8")).toBe(pem);
    await stack.destroy("Certificate/kept");
    expect(existsSync(second)).toBe(false);

    await stack.up(certificateOf("kept", { caFile: first }));
    const other = await makeAuthority(new Date());
    await writeFile(first, other.certificate);
    await stack.destroy("Certificate/kept");
    expect(await readFile(first, "utf8")).toBe(other.certificate);
  });

  test("of an authority that ends soon says when, what that means and what to do, once, and is no difference", async () => {
    const soon = await makeAuthority(new Date(Date.now() - 3500 * day));
    const ca = { certificate: soon.certificate, key: secret(soon.key) };
    await stack.up(certificateOf("soon", { ca }));
    expect(await stack.diff(certificateOf("soon", { ca }))).toMatchObject({ changed: false });
    const told = provider.messages.filter(({ message }) => message.includes("certificate authority of soon"));
    expect(told).toMatchObject([
      {
        severity: "warning",
        message: expect.stringMatching(/ends on .*refuses it\.\n {2}hint: name the next/s) as string,
      },
    ]);
    expect(JSON.stringify(provider.messages)).not.toContain("left alone");
    await stack.destroy("Certificate/soon");
  });

  test("names the keys where a stack has its authority, and none of its own properties", async () => {
    const resource = provider.resource("pgstead:index:Certificate", "given");
    const [ca, other] = [await makeAuthority(new Date()), await makeAuthority(new Date())];
    const wrong = { certificate: ca.certificate, key: secret(other.key) };
    const { failures } = await resource.check(certificateOf("given", { ca: wrong }).inputs);
    expect(failures).toEqual([
      {
        property: "",
        reason:
          "pgstead:caKey: it does not belong to the certificate of pgstead:server.certificate.ca; give the private key of that certificate as PEM, without a passphrase.",
      },
    ]);
  });
});
