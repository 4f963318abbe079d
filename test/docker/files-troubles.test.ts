import { hostname } from "node:os";
import { describe, expect, test } from "vitest";
import { writeVolume } from "../../components/io/docker/volume-files";
import { secret, unknown } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { filesOf, helperImage, owner, useOwnVolumes } from "../support/own-volume";

const own = useOwnVolumes();
const conf = { content: "one\ntwo\n", mode: "0644" };
const password = { content: "hunter2-hunter2", mode: "0400" };

describe("a helper container", () => {
  test("has no network, few capabilities, a root that cannot be written, and nothing secret in what is told of it", async () => {
    const place = await own.volume("inspected");
    const events = (await own.docker.getEvents({
      filters: { event: ["create"], type: ["container"] },
    })) as NodeJS.ReadableStream & { destroy(): void };
    const seen: string[] = [];
    events.on("data", (chunk: Buffer) => {
      seen.push(chunk.toString("utf8"));
      const { id } = JSON.parse(chunk.toString("utf8").split("\n")[0] ?? "{}") as { id: string };
      own.docker
        .getContainer(id)
        .inspect()
        .then(
          (found) => seen.push(JSON.stringify(found)),
          () => undefined,
        );
    });
    await own.stack.up(filesOf(place, { password }));
    const inspected = await eventually("a helper was seen", () =>
      seen.find(
        (text) => text.includes('"HostConfig"') && text.includes(place.volume) && text.includes("umask"),
      ),
    );
    events.destroy();
    const { HostConfig, Config } = JSON.parse(inspected) as {
      HostConfig: Record<string, unknown>;
      Config: { Labels: Record<string, string> };
    };
    expect(HostConfig).toMatchObject({
      NetworkMode: "none",
      ReadonlyRootfs: true,
      AutoRemove: true,
      Privileged: false,
      CapDrop: ["ALL"],
      CapAdd: ["CHOWN", "DAC_OVERRIDE", "FOWNER"],
      SecurityOpt: ["no-new-privileges"],
    });
    expect(Config.Labels).toMatchObject({ "pgstead.stack": "test", "pgstead.helper": place.volume });
    expect(seen.join("\n")).not.toContain("hunter2");
    await own.stack.destroy("Files/files");
    await own.helpersGone(place.volume);
  });

  test("that killed runs have left is removed by the next write", async () => {
    const place = await own.volume("leftover");
    const labels = { "pgstead.helper": place.volume, "pgstead.run": "another-machine/1" };
    const make = (run: string) =>
      own.docker.createContainer({
        Image: helperImage,
        Cmd: ["true"],
        Labels: { ...labels, "pgstead.run": run },
      });
    const dead = await make(`${hostname()}/4194303`);
    const another = await make("another-machine/1");
    await own.stack.up(filesOf(place, { "app.conf": conf }));
    await expect(dead.inspect()).rejects.toMatchObject({ statusCode: 404 });
    // It may be alive: it is left until it has been there for longer than any write takes.
    await another.inspect();
    await another.remove();
    await own.stack.destroy("Files/files");
  });
});

describe("what cannot be", () => {
  test("is refused before anything is asked of the engine", async () => {
    const place = { endpoint: {}, volume: "v", image: helperImage, label: "test" };
    const wrong = {
      "../etc/passwd": conf,
      "/etc/passwd": conf,
      open: { content: "hunter2", mode: "0644", secret: true },
      loose: { ...conf, mode: "0666" },
    };
    const resource = own.provider.resource("pgstead:index:Files", "wrong");
    const { failures } = await resource.check(filesOf(place, wrong, { reload: { container: "c" } }).inputs);
    expect(failures.map(({ reason }) => reason.replace(/;.*/, "")).toSorted()).toEqual([
      'files.../etc/passwd: "../etc/passwd" is a path: files lie in the volume\'s own directory',
      'files./etc/passwd: "/etc/passwd" is an absolute path: files lie in the volume\'s own directory',
      "files.loose.mode: 0666 lets others than the owner write",
      "files.open.mode: 0644 lets everybody read a secret",
      "it says neither a signal nor a restart",
    ]);
    expect(JSON.stringify(failures)).not.toContain("hunter2");
  });

  test("a disk that is full leaves the old files as they were, and no draft", async () => {
    const place = await own.volume("small", { type: "tmpfs", device: "tmpfs", o: "size=256k" });
    // A volume in memory is there as long as somebody has it mounted.
    await own.container("small", place.volume);
    await own.stack.up(filesOf(place, { "app.conf": conf }));
    const big = { content: "x".repeat(400_000), mode: "0600" };
    const failed = own.stack.up(filesOf(place, { "app.conf": { ...conf, content: "new\n" }, big }));
    await expect(failed).rejects.toThrow(/no space left on device/i);
    const { files } = await own.read(place);
    expect(Object.keys(files)).toEqual(["app.conf"]);
    expect(files["app.conf"]?.text).toBe(conf.content);
    await own.stack.destroy("Files/files");
  });

  test("a directory in the way of a file is refused, and nothing is written", async () => {
    const place = await own.volume("blocked");
    await own.byHand(place.volume, "mkdir app.conf");
    const failed = own.stack.up(filesOf(place, { "app.conf": conf, other: conf }));
    await expect(failed).rejects.toThrow("what is there is a directory");
    expect(Object.keys((await own.read(place)).files)).toEqual(["app.conf"]);
    const change = { owner, directoryMode: "0750", remove: [], write: [{ name: "app.conf", ...conf }] };
    await expect(writeVolume(place, change)).rejects.toThrow("app.conf is a directory");
    expect(Object.keys((await own.read(place)).files)).toEqual(["app.conf"]);
  });

  test("an image that is not there and an engine that does not run say so", async () => {
    const place = await own.volume("imageless");
    const strange = filesOf({ ...place, image: "no-such-image:1" }, { "app.conf": conf });
    await expect(own.stack.up(strange)).rejects.toThrow("the image no-such-image:1, through which");
    await expect(own.stack.up(strange)).rejects.toThrow("hint: it was removed since it was built: ");
    const early = filesOf(place, { "app.conf": conf }, { image: unknown });
    await own.provider.resource(early.token, early.name).create(early.inputs, { preview: true });
    expect(own.said()).toContain("the image to read it through is built by this run");
    const nowhere = filesOf(
      { ...place, endpoint: { host: "unix:///tmp/no-engine.sock" } },
      { "app.conf": conf },
    );
    await expect(own.stack.up(nowhere)).rejects.toThrow(/Docker engine/);
    await own.stack.up(filesOf(place, { "app.conf": conf }));
    const changed = {
      ...nowhere.inputs,
      files: { "app.conf": { content: secret("one\n2\n"), mode: "0644" } },
    };
    expect(await own.stack.diff({ ...nowhere, inputs: changed })).toMatchObject({ diffs: ["files"] });
    expect(own.said()).toContain("plan: compared with the state only: Docker engine");
    expect(own.lastPlan()).toContain("    - two");
    expect(await own.stack.diff(nowhere)).toMatchObject({ changed: false });
    await own.stack.destroy("Files/files");
  });
});

describe("a run that is killed in the middle of a write", () => {
  const text = (word: string) => ({ content: `${word}\n`.repeat(20_000), mode: "0640", secret: false });

  // What the engine tells of a helper: that of a read is created only, that of a write goes through all of them.
  test.each(["create", "extract-to-dir", "attach", "start", "die"])(
    "at %s leaves each file whole, the old or the new one, and the next run mends the rest",
    async (moment) => {
      const place = await own.volume(`killed-${moment}`);
      const [first, second] = ["old", "new"].map((word) => filesOf(place, { a: text(word), b: text(word) }));
      await own.stack.up(first!);
      const dead = new Promise((resolve) => own.provider.process.once("exit", resolve));
      const run = own.stack.up(second!).catch(() => undefined);
      await own.eventOf(place.volume, moment);
      own.provider.process.kill("SIGKILL");
      await dead;
      await run;
      await own.provider.stop();
      for (const name of ["a", "b"]) {
        const found = (await own.read(place)).files[name]?.text;
        expect([text("old").content, text("new").content]).toContain(found);
      }
      await own.startProvider();
      await own.stack.up(second!);
      const { files } = await own.read(place);
      expect(Object.keys(files).toSorted()).toEqual(["a", "b"]);
      expect([files.a?.text, files.b?.text]).toEqual([text("new").content, text("new").content]);
      expect(await own.stack.diff(second!)).toMatchObject({ changed: false });
      await own.helpersGone(place.volume);
      await own.stack.destroy("Files/files");
    },
  );
});
