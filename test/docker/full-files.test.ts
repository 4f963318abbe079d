import { rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { VolumePlace } from "../../components/io/docker/volume-place";
import { isSecret } from "../../components/providers/properties";
import { shakeHands } from "../support/certificate-proof";
import type { InitFailure } from "../support/provider-client";
import { certificateOf, filesOf, textOf, useOwnVolumes } from "../support/own-volume";
import { temporaryDirectory } from "../support/server";
import { canMount, mountSmallDisk, type SmallDisk } from "../support/small-disk";

if (!canMount) console.error("pgstead: a volume of secrets that is full is not tested: it needs root");

const own = useOwnVolumes();
const page = 4096;

describe.skipIf(!canMount)("a volume that is full when secrets are written to it", () => {
  let directory: string;
  const disks: SmallDisk[] = [];
  beforeAll(async () => {
    directory = await temporaryDirectory();
  });
  afterAll(async () => {
    for (const disk of disks) await disk.remove();
    await rm(directory, { recursive: true, force: true });
  });

  async function smallVolume(kind: string): Promise<{ disk: SmallDisk; place: VolumePlace }> {
    const disk = await mountSmallDisk(join(directory, kind), "1m");
    disks.push(disk);
    const place = await own.volume(kind, { type: "none", o: "bind", device: disk.directory });
    return { disk, place };
  }

  async function refused(attempt: Promise<unknown>): Promise<string> {
    return attempt.then(
      () => "nothing: it went well",
      (error: unknown) => (error as Error).message,
    );
  }

  function expectFull(message: string, { volume }: VolumePlace): void {
    expect(message).toMatch(/no space left on device/i);
    expect(message).toContain(`volume ${volume}`);
    expect(message).toContain(`hint: make room for volume ${volume}: `);
  }

  const word = "hunter2-";
  const password = (length: number) => ({
    content: word.repeat(length / word.length),
    mode: "0400",
    secret: true,
  });

  test("a new secret is there whole or not at all, and the next run writes it", async () => {
    const { disk, place } = await smallVolume("new");
    await disk.leave(2 * page);
    const declared = filesOf(place, { password: password(4 * page) });
    const message = await refused(own.stack.up(declared));
    expectFull(message, place);
    expect(Object.keys((await own.read(place)).files)).toEqual([]);
    await disk.leave(64 * page);
    await own.stack.up(declared);
    expect((await own.read(place)).files.password).toMatchObject({
      mode: "0400",
      text: password(4 * page).content,
    });
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });

  test("a secret that changes stays the old one, whole, until the next run", async () => {
    const { disk, place } = await smallVolume("changed");
    await own.stack.up(filesOf(place, { password: password(2 * page) }));
    await disk.leave(page);
    const declared = filesOf(place, { password: password(4 * page) });
    expectFull(await refused(own.stack.up(declared)), place);
    expect((await own.read(place)).files.password?.text).toBe(password(2 * page).content);
    await disk.leave(64 * page);
    await own.stack.up(declared);
    expect((await own.read(place)).files.password?.text).toBe(password(4 * page).content);
  });

  test("a certificate and its key are there together or not at all, and keep their authority", async () => {
    const { disk, place } = await smallVolume("certificate");
    await disk.leave(page);
    const declared = certificateOf(place);
    const { name, token, inputs } = declared;
    const failed = await own.provider
      .resource(token, name)
      .create(inputs)
      .catch((error: unknown) => error);
    const { message, id, state } = failed as InitFailure;
    expectFull(message, place);
    expect(message).not.toContain("PRIVATE KEY");
    expect(Object.keys((await own.read(place)).files)).toEqual([]);
    // What Pulumi keeps of it, for the next run.
    own.stack.entries.set("Certificate/server", { name, token, id, inputs, state });
    await disk.leave(64 * page);
    await own.stack.up(declared);
    const { files } = await own.read(place);
    expect(files["ca.crt"]?.text).toBe(state.caCertificate);
    const pair = { certificate: files["server.crt"]?.text ?? "", key: files["server.key"]?.text ?? "" };
    expect(await shakeHands(pair, files["ca.crt"]?.text ?? "", "localhost")).toBe(true);
    expect(isSecret(own.stack.entry("Certificate/server").state.key)).toBe(true);
    expect(textOf(own.stack.entry("Certificate/server").state, "key")).toBe(pair.key);
    expect(own.said()).not.toMatch(/PRIVATE KEY|hunter2/);
  });
});
