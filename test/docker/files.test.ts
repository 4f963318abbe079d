import { describe, expect, test } from "vitest";
import { draftPrefix } from "../../components/core/files/model";
import { isSecret, reveal, secret, unknown } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { filesOf, helperImage, owner, useOwnVolumes } from "../support/own-volume";

const own = useOwnVolumes();
const conf = { content: "one\ntwo\n", mode: "0644" };
const password = { content: "hunter2-hunter2", mode: "0400" };

describe("files on a volume", () => {
  test("are there with content, owner and mode, and the second run finds nothing to do", async () => {
    const place = await own.volume("basic");
    const declared = filesOf(place, { "app.conf": conf, password });
    await own.stack.up(declared);
    expect(await own.read(place)).toEqual({
      owner,
      mode: "0750",
      files: {
        "app.conf": expect.objectContaining({
          kind: "file",
          owner,
          mode: "0644",
          text: conf.content,
        }) as unknown,
        password: expect.objectContaining({
          kind: "file",
          owner,
          mode: "0400",
          text: password.content,
        }) as unknown,
      },
    });
    expect(own.lastPlan()).toEqual([
      `  set owner 999:990 and mode 0750 of volume ${place.volume}  -- it has 0:0 and 0755`,
      `  write app.conf on volume ${place.volume}  -- it is not there; owner 999:990, mode 0644, 2 lines`,
      `  write password on volume ${place.volume}  -- it is not there; owner 999:990, mode 0400`,
    ]);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(await own.stack.up(declared)).toEqual([]);
    await own.helpersGone(place.volume);
  });

  test("are secrets in the state, and so is the hash of a secret", () => {
    const { state } = own.stack.entry("Files/files");
    const files = state.files as Record<string, { content: unknown }>;
    expect(isSecret(files.password!.content as never)).toBe(true);
    expect(isSecret(files["app.conf"]!.content as never)).toBe(true);
    const hashes = state.hashes as Record<string, never>;
    expect(isSecret(hashes.password)).toBe(true);
    expect(isSecret(hashes["app.conf"])).toBe(false);
    expect(reveal(hashes.password)).toMatch(/^[0-9a-f]{64}$/);
  });

  test("edited by hand are drift, shown line by line, and mended; a secret is named only", async () => {
    const place = { endpoint: {}, volume: own.name("basic"), image: helperImage, label: "test" };
    const declared = filesOf(place, { "app.conf": conf, password });
    await own.byHand(
      place.volume,
      "echo three >> app.conf; echo stolen-word > password; chmod 0644 password",
    );
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, diffs: ["live"] });
    expect(own.lastPlan()).toEqual([
      `  write app.conf on volume ${place.volume}  -- its content changed: 0 added, 1 removed`,
      "      two",
      "    - three",
      `  write password on volume ${place.volume}  -- its content changed; it is a secret`,
    ]);
    await own.stack.up(declared);
    expect((await own.read(place)).files.password).toMatchObject({ text: password.content, mode: "0400" });
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    expect(own.said()).not.toContain("stolen-word");
    expect(own.said()).not.toContain("hunter2");
  });

  test("with another owner or mode, a link and a draft of a killed run are drift as well", async () => {
    const place = { endpoint: {}, volume: own.name("basic"), image: helperImage, label: "test" };
    const declared = filesOf(place, { "app.conf": conf, password });
    const draft = `${draftPrefix}0123`;
    await own.byHand(
      place.volume,
      `mkdir -p ${draft}/files elsewhere; echo secret > ${draft}/files/password; chown 0 app.conf; chmod 0777 .
       mv password elsewhere/; ln -s elsewhere password`,
    );
    await own.stack.diff(declared);
    expect(own.lastPlan()).toEqual([
      `  set owner 999:990 and mode 0750 of volume ${place.volume}  -- it has 999:990 and 0777`,
      `  set owner 999:990 and mode 0644 of app.conf on volume ${place.volume}  -- it has 0:990 and 0644`,
      `  write password on volume ${place.volume}  -- what is there is a link`,
      `  remove ${draft} from volume ${place.volume}  -- a run that was killed has left it`,
      `  left alone: directory elsewhere of volume ${place.volume}: nobody declared it`,
    ]);
    await own.stack.up(declared);
    const { files } = await own.read(place);
    expect(Object.keys(files).toSorted()).toEqual(["app.conf", "elsewhere", "password"]);
    expect(files.password).toMatchObject({ kind: "file", text: password.content });
    // What the link named is as it was.
    expect(await own.byHand(place.volume, "cat elsewhere/password")).toContain(password.content);
    await own.byHand(place.volume, "rm -r elsewhere");
  });

  test("that leave the declaration are removed, those of others are told and left", async () => {
    const place = { endpoint: {}, volume: own.name("basic"), image: helperImage, label: "test" };
    await own.byHand(place.volume, "echo x > mine; echo x > server.crt");
    const declared = filesOf(place, { "app.conf": conf }, { others: ["server.crt"] });
    expect(await own.stack.up(declared)).toMatchObject([{ op: "update", diff: ["files"] }]);
    expect(own.lastPlan()).toEqual([
      `  remove password from volume ${place.volume}  -- it is declared no more`,
      `  left alone: file mine of volume ${place.volume}: nobody declared it`,
    ]);
    expect(Object.keys((await own.read(place)).files).toSorted()).toEqual(["app.conf", "mine", "server.crt"]);
    await own.stack.destroy("Files/files");
    expect(Object.keys((await own.read(place)).files).toSorted()).toEqual(["mine", "server.crt"]);
  });

  test("whose content is not known yet are planned, and the volume may not be there yet", async () => {
    const place = { endpoint: {}, volume: own.name("never"), image: "no-such-image", label: "test" };
    const { inputs } = filesOf(place, { "app.conf": conf });
    const files = { "app.conf": { content: secret(unknown), mode: "0600" } };
    const resource = own.provider.resource("pgstead:index:Files", "new");
    const { state } = await resource.create({ ...inputs, files }, { preview: true });
    expect(own.lastPlan().at(-1)).toContain("write app.conf");
    expect(reveal(state.hashes)).toEqual({ "app.conf": unknown });
    await expect(resource.create(inputs)).rejects.toThrow(
      `volume ${place.volume}:\n  it is not on the engine`,
    );
  });

  test("are gone with their volume, and deleting them is no error then", async () => {
    const place = await own.volume("going");
    await own.stack.up(filesOf(place, { "app.conf": conf }));
    await own.helpersGone(place.volume);
    await own.docker.getVolume(place.volume).remove();
    await own.stack.destroy("Files/files");
  });
});

describe("a container that reads the files", () => {
  test("is told once, after a change only, with a signal", async () => {
    const place = await own.volume("signalled");
    const container = await own.container("signalled", place.volume);
    await own.hasSaid(container, "started");
    const reload = { container: own.name("signalled"), signal: "SIGHUP" };
    const declared = (content: string) =>
      filesOf(place, { "app.conf": { content, mode: "0644" } }, { reload });
    await own.stack.up(declared("a\n"));
    expect(own.lastPlan().at(-1)).toBe(
      `  send SIGHUP to container ${reload.container}  -- it reads its files again, if it runs; no restart`,
    );
    await own.hasSaid(container, "hup");
    await own.stack.up(declared("a\n"));
    expect(await own.linesOf(container)).toEqual(["started", "hup"]);
    expect(Object.keys((await own.read(place)).files)).toEqual(["app.conf"]);
  });

  test("is told by the next run where one was killed before it", async () => {
    const place = { endpoint: {}, volume: own.name("signalled"), image: helperImage, label: "test" };
    const container = own.docker.getContainer(own.name("signalled"));
    const reload = { container: own.name("signalled"), signal: "SIGHUP" };
    const declared = filesOf(place, { "app.conf": { content: "a\n", mode: "0644" } }, { reload });
    await own.byHand(place.volume, `: > .pgstead-reload-${reload.container}`);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: true, diffs: ["live"] });
    await own.stack.up(declared);
    await eventually("it was told", async () =>
      (await own.linesOf(container)).length === 3 ? true : undefined,
    );
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
    await own.stack.destroy("Files/files");
  });

  test("is restarted where that is declared, and may be stopped", async () => {
    const place = await own.volume("restarted");
    const container = await own.container("restarted", place.volume);
    const reload = { container: own.name("restarted"), restart: true };
    await own.stack.up(filesOf(place, { "app.conf": conf }, { reload }));
    // Not of the server: nothing that asks for permission to restart it.
    expect(own.lastPlan().at(-1)).toBe(
      `  restart container ${reload.container}  -- it reads its files again, if it runs`,
    );
    await eventually("it was restarted", async () =>
      (await own.linesOf(container)).length === 2 ? true : undefined,
    );
    await container.stop({ t: 0 });
    await own.stack.up(filesOf(place, { "app.conf": { ...conf, content: "new\n" } }, { reload }));
    expect((await container.inspect()).State.Running).toBe(false);
    expect((await own.read(place)).files["app.conf"]?.text).toBe("new\n");
    await own.stack.destroy("Files/files");
  });
});
