import { X509Certificate } from "node:crypto";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { issueServerCertificate, makeAuthority, type CertificatePair } from "../../components/io/certificate";
import { writeVolume } from "../../components/io/docker/volume-files";
import type { VolumePlace } from "../../components/io/docker/volume-place";
import { isSecret, secret } from "../../components/providers/properties";
import { shakeHands, verify } from "../support/certificate-proof";
import { certificateOf, helperImage, owner, textOf, useOwnVolumes } from "../support/own-volume";

const own = useOwnVolumes();
const day = 86_400_000;
let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-certificate-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function pairOn(place: VolumePlace): Promise<CertificatePair & { ca: string }> {
  const { files } = await own.read(place);
  const text = (name: string): string => files[name]?.text ?? "";
  return { certificate: text("server.crt"), key: text("server.key"), ca: text("ca.crt") };
}

async function putPair(place: VolumePlace, pair: CertificatePair): Promise<void> {
  const write = [
    { name: "server.crt", content: pair.certificate, mode: "0644" },
    { name: "server.key", content: pair.key, mode: "0600" },
  ];
  await writeVolume(place, { owner, directoryMode: "0750", write, remove: [] });
}

describe("a certificate on a volume", () => {
  test("is there with its key and its authority, for their owner, and the second run finds nothing to do", async () => {
    const place = await own.volume("certificate");
    const caFile = join(directory, "copies", "ca.crt");
    const declared = certificateOf(place, { caFile });
    await own.stack.up(declared);
    expect(own.lastPlan().map((line) => line.split("  --")[0])).toEqual([
      "  make a certificate authority for server",
      "  issue a certificate for 127.0.0.1, localhost, valid 90 d",
      `  set owner 999:990 and mode 0750 of volume ${place.volume}`,
      `  write ca.crt on volume ${place.volume}`,
      `  write server.crt on volume ${place.volume}`,
      `  write server.key on volume ${place.volume}`,
    ]);
    const { files } = await own.read(place);
    expect(files["server.key"]).toMatchObject({ owner, mode: "0600" });
    expect(files["server.crt"]).toMatchObject({ owner, mode: "0644" });
    const { state } = own.stack.entry("Certificate/server");
    const pair = await pairOn(place);
    expect(pair).toEqual({
      ca: state.caCertificate,
      certificate: state.certificate,
      key: textOf(state, "key"),
    });
    expect([isSecret(state.key), isSecret(state.caKey), isSecret(state.certificate)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(await verify(directory, pair.ca, pair.certificate, "localhost")).toContain(": OK");
    expect(await readFile(caFile, "utf8")).toBe(pair.ca);
    const left = Date.parse(state.notAfter as string) - Date.now();
    expect(Math.round(left / day)).toBe(90);
    expect(state.fingerprint).toBe(new X509Certificate(pair.certificate).fingerprint256);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    // A preview mends the copy, which is no difference.
    await rm(caFile);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(await readFile(caFile, "utf8")).toBe(pair.ca);
    expect(own.said()).not.toMatch(/PRIVATE KEY|[A-Za-z0-9+/]{60}/);
  });

  const again = (): VolumePlace => ({
    endpoint: {},
    volume: own.name("certificate"),
    image: helperImage,
    label: "test",
  });
  const authority = (): CertificatePair => {
    const { state } = own.stack.entry("Certificate/server");
    return { certificate: textOf(state, "caCertificate"), key: textOf(state, "caKey") };
  };

  test("that somebody renewed with its authority is right as it is, and never taken back", async () => {
    const place = again();
    const renewed = await issueServerCertificate(authority(), ["127.0.0.1", "LOCALHOST"], 90, new Date());
    await putPair(place, renewed);
    expect(await own.stack.diff(certificateOf(place))).toMatchObject({ changed: true, diffs: ["caFile"] });
    expect(await own.stack.up(certificateOf(place))).toMatchObject([{ op: "update" }]);
    expect(await pairOn(place)).toMatchObject(renewed);
    // The state has what is in use by then.
    expect(own.stack.entry("Certificate/server").state.certificate).toBe(renewed.certificate);
    await putPair(
      place,
      await issueServerCertificate(authority(), ["localhost", "127.0.0.1"], 60, new Date()),
    );
    expect(await own.stack.diff(certificateOf(place))).toMatchObject({ changed: false });
  });

  test("is renewed before its end, and told to the container without a restart", async () => {
    const place = again();
    const container = await own.container("certificate", place.volume);
    await own.hasSaid(container, "started");
    const reload = { container: own.name("certificate"), signal: "SIGHUP" };
    const before = new Date(Date.now() - 61 * day);
    const ending = await issueServerCertificate(authority(), ["localhost", "127.0.0.1"], 90, before);
    await putPair(place, ending);
    const declared = certificateOf(place, { reload });
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, diffs: ["live"] });
    expect(own.lastPlan()).toEqual([
      expect.stringMatching(
        /^ {2}issue a certificate for .* it ends in 28 d .*, and is renewed 30 d before$/,
      ),
      `  write server.crt on volume ${place.volume}  -- what is in it is known only during \`up\``,
      `  write server.key on volume ${place.volume}  -- what is in it is known only during \`up\``,
      `  send SIGHUP to container ${reload.container}  -- it reads its files again, if it runs; no restart`,
    ]);
    const { caCertificate } = own.stack.entry("Certificate/server").state;
    await own.stack.up(declared);
    expect(own.stack.entry("Certificate/server").state.caCertificate).toBe(caCertificate);
    expect((await pairOn(place)).certificate).not.toBe(ending.certificate);
    expect(
      await verify(directory, (await pairOn(place)).ca, (await pairOn(place)).certificate, "localhost"),
    ).toContain(": OK");
    await own.hasSaid(container, "hup");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test.each<[string, (place: VolumePlace) => Promise<unknown>, string]>([
    ["is gone", ({ volume }) => own.byHand(volume, "rm server.crt"), "there is none"],
    [
      "is damaged",
      ({ volume }) => own.byHand(volume, "echo x > server.crt"),
      "what is there is no certificate",
    ],
    [
      "is not that of the key beside it",
      async (place) => {
        const { key } = await issueServerCertificate(authority(), ["localhost"], 90, new Date());
        await putPair(place, { ...(await pairOn(place)), key });
      },
      "the key beside it belongs to another one",
    ],
    [
      "is of another authority",
      async (place) =>
        putPair(
          place,
          await issueServerCertificate(
            await makeAuthority(new Date()),
            ["localhost", "127.0.0.1"],
            90,
            new Date(),
          ),
        ),
      "the one that is there is of another authority",
    ],
    [
      "is over",
      async (place) =>
        putPair(
          place,
          await issueServerCertificate(
            authority(),
            ["localhost", "127.0.0.1"],
            1,
            new Date(Date.now() - 2 * day),
          ),
        ),
      "it ended",
    ],
  ])("that %s is made anew", async (_what, spoil, reason) => {
    const place = again();
    await spoil(place);
    expect(await own.stack.diff(certificateOf(place))).toMatchObject({ changed: true, diffs: ["live"] });
    expect(own.lastPlan()[0]).toContain(reason);
    await own.stack.up(certificateOf(place));
    const { ca, ...pair } = await pairOn(place);
    expect(await shakeHands(pair, ca, "localhost")).toBe(true);
    expect(await own.stack.diff(certificateOf(place))).toMatchObject({ changed: false });
  });

  test("whose names change is made anew for them, and whose files were touched keeps its key", async () => {
    const place = again();
    const declared = certificateOf(place, { names: ["localhost", "127.0.0.1", "server"] });
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["names"] }]);
    const { key } = await pairOn(place);
    await own.byHand(place.volume, "chmod 0666 server.key; echo x >> ca.crt");
    await own.stack.diff(declared);
    expect(own.lastPlan()).toEqual([
      `  write ca.crt on volume ${place.volume}  -- its content changed`,
      `  set owner 999:990 and mode 0600 of server.key on volume ${place.volume}  -- it has 999:990 and 0666`,
    ]);
    await own.stack.up(declared);
    expect((await pairOn(place)).key).toBe(key);
    expect((await own.read(place)).files["server.key"]?.mode).toBe("0600");
  });

  test("of an authority that is declared goes over to it, and back to one of its own", async () => {
    const place = again();
    const given = await makeAuthority(new Date());
    const ca = { certificate: given.certificate, key: secret(given.key) };
    const declared = certificateOf(place, { ca });
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["ca", "names"] }]);
    expect((await pairOn(place)).ca).toBe(given.certificate);
    expect(
      await verify(directory, given.certificate, (await pairOn(place)).certificate, "localhost"),
    ).toContain(": OK");
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    await own.stack.up(certificateOf(place));
    const own2 = (await pairOn(place)).ca;
    expect(own2).not.toBe(given.certificate);
    expect(own.stack.entry("Certificate/server").state.caCertificate).toBe(own2);
    expect(own.said()).not.toContain(given.key.split("\n")[1]);
  });

  test("is told against the state where the engine does not run", async () => {
    const place = { ...again(), endpoint: { host: "unix:///tmp/no-engine.sock" } };
    expect(await own.stack.diff(certificateOf(place))).toMatchObject({ changed: false });
    expect(own.said()).toContain("plan: compared with the state only: Docker engine");
  });

  test("goes with the resource, and what others have there stays", async () => {
    const place = again();
    await own.byHand(place.volume, "echo x > mine");
    await own.stack.destroy("Certificate/server");
    expect(Object.keys((await own.read(place)).files)).toEqual(["mine"]);
  });

  test("is kept in the state where the volume cannot be written, so that its authority stays the same", async () => {
    const place = { endpoint: {}, volume: own.name("none"), image: helperImage, label: "test" };
    const resource = own.provider.resource("pgstead:index:Certificate", "partial");
    const failed: unknown = await resource
      .create(certificateOf(place).inputs)
      .catch((error: unknown) => error);
    expect(String(failed)).toContain("it is not on the engine");
    const { state } = failed as { state: Record<string, string> };
    expect(state.caCertificate).toContain("BEGIN CERTIFICATE");
    expect(String(failed)).not.toContain("PRIVATE KEY");
  });
});
