import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { secret, unknown, type PropertyMap } from "../../components/providers/properties";
import { unframed } from "../../infra/toolchain/offline/docker/container-log";
import { eventually } from "../support/eventually";
import { baseImage, container, image, useOfflineDocker } from "../support/offline-docker";

const context = mkdtempSync(join(tmpdir(), "pgstead-context-"));
const offline = useOfflineDocker();
const named = (name: string): string => `${offline.prefix}-${name}`;
const shop = (name: string, build: PropertyMap = {}, inputs: PropertyMap = {}) =>
  image(
    {
      imageName: named(`${name}:1`),
      skipPush: true,
      build: { context, network: "none", ...build },
      ...inputs,
    },
    name,
  );
const idOf = (name: string) => offline.stack.entry(`Image/${name}`).state.repoDigest as string;
const write = (path: string, text: string): void => {
  writeFileSync(join(context, path), text);
};

beforeEach(() => {
  rmSync(context, { recursive: true, force: true });
  mkdirSync(join(context, "src"), { recursive: true });
  write("Dockerfile", `FROM ${baseImage}\nARG WORD=none\nCOPY src /src\nRUN echo "$WORD" > /word\n`);
  write("src/a.txt", "a\n");
});

afterAll(() => {
  rmSync(context, { recursive: true, force: true });
});

describe("an image of the offline docker plugin", () => {
  test("is built, and its repoDigest is the id of the local image", async () => {
    await offline.stack.up(shop("plain", { args: { WORD: "yes" } }));
    const { Id } = await offline.docker.getImage(named("plain:1")).inspect();
    expect(idOf("plain")).toBe(Id);
    expect(await read(Id, ["cat", "/word", "/src/a.txt"])).toBe("yes\na\n");
    const progress = offline.provider.messages.filter(({ ephemeral }) => ephemeral);
    expect(progress.length).toBeGreaterThan(0);
    expect(progress.some(({ message }) => message.includes("Step "))).toBe(true);
  });

  test("is built again for a changed file, and not for its time stamp or an ignored one", async () => {
    write(".dockerignore", "*.log\nsrc/tmp\n");
    await offline.stack.up(shop("watched"));
    const id = idOf("watched");
    utimesSync(join(context, "src/a.txt"), 1, 1);
    write("noise.log", "1");
    mkdirSync(join(context, "src/tmp"));
    write("src/tmp/x", "x");
    expect(await offline.stack.up(shop("watched"))).toEqual([]);
    write("src/a.txt", "b\n");
    expect(await offline.stack.up(shop("watched"))).toMatchObject([{ op: "update", name: "watched" }]);
    expect(idOf("watched")).not.toBe(id);
    expect(await read(idOf("watched"), ["ls", "/src"])).toBe("a.txt\n");
  });

  test("comes from a Dockerfile outside of its context as well, which is no part of it", async () => {
    const dockerfile = join(context, "elsewhere.Dockerfile");
    writeFileSync(dockerfile, `FROM ${baseImage}\nCOPY . /all\n`);
    await offline.stack.up(shop("outside", { context: join(context, "src"), dockerfile }));
    expect(await read(idOf("outside"), ["ls", "-A", "/all"])).toBe(".dockerignore\na.txt\n");
  });

  test("has stages, of which one may be the target", async () => {
    write("Dockerfile", `FROM ${baseImage} AS first\nRUN echo 1 > /stage\nFROM first\nRUN echo 2 > /stage\n`);
    await offline.stack.up(shop("stage", { target: "first", network: "none" }));
    expect(await read(idOf("stage"), ["cat", "/stage"])).toBe("1\n");
  });

  test("is planned without the engine, and its id is not known before", async () => {
    const client = offline.provider.resource("docker:index/image:Image", "planned");
    const { inputs } = await client.check(shop("planned").inputs);
    expect(inputs).toMatchObject({
      buildOnPreview: false,
      build: {
        dockerfile: join(context, "Dockerfile"),
        platform: expect.stringMatching(/^linux\//) as string,
        contextDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    });
    const { state } = await client.create(inputs, { preview: true });
    expect(state).toMatchObject({
      repoDigest: unknown,
      imageName: named("planned:1"),
      dockerfile: "Dockerfile",
    });
    await expect(offline.docker.getImage(named("planned:1")).inspect()).rejects.toThrow("No such image");
  });

  test("stays as it is in the state when it was removed from the engine, as with the official plugin", async () => {
    await offline.stack.up(shop("removed"));
    await offline.docker.getImage(named("removed:1")).remove({ force: true });
    expect((await offline.stack.refresh()).filter(({ name }) => name === "removed")).toEqual([]);
    expect(await offline.stack.up(shop("removed"))).toEqual([]);
  });
});

describe("a build that fails", () => {
  test("is one error with the step and its last lines, without secrets", async () => {
    write(
      "Dockerfile",
      `FROM ${baseImage}\nLABEL pgstead.test=${offline.prefix}\nARG KEY\nRUN echo begin && echo "$KEY" && echo "error: broken" >&2 && exit 7\n`,
    );
    const failing = offline.stack.up(shop("failing", { args: { KEY: secret("hunter2hunter2") } }));
    await expect(failing).rejects.toThrow(
      /image "\S+failing:1":\n {2}could not be built: error: broken\n {2}in step 4 of 4, line 4 of \S+Dockerfile: RUN echo begin[^\n]*, which ended with exit code 7\n {2}its last lines:\n(?:\s+(?:begin|\[secret\]|error: broken)\n){3} {4}hint: mend the step[^\n]*\n {4}all that it prints: `docker build -t \S+failing:1 -f \S+Dockerfile --network none --build-arg '?KEY=\[secret\]'? \S+`/,
    );
    await expect(failing).rejects.not.toThrow("hunter2");
    expect(JSON.stringify(offline.provider.messages)).not.toContain("hunter2");
    const left = await offline.docker.listContainers({
      all: true,
      filters: { status: ["exited", "created"] },
    });
    expect(left.filter(({ Command }) => Command.includes("echo begin"))).toEqual([]);
  });

  test("says that a base image is not there", async () => {
    write("Dockerfile", "FROM pgstead-no-such-image:1\n");
    await expect(offline.stack.up(shop("baseless"))).rejects.toThrow(
      /could not be built: [^\n]+\n {2}in step 1 of 1, line 1 of \S+Dockerfile: FROM pgstead-no-such-image:1\n {4}hint: the image after FROM is not on this engine/,
    );
  });

  test("of another architecture says so", async () => {
    const { Architecture } = await offline.docker.getImage(baseImage).inspect();
    const platform = Architecture === "arm64" ? "linux/amd64" : "linux/arm64";
    await expect(offline.stack.up(shop("foreign", { platform }))).rejects.toThrow(
      /was built for linux\/\w+, and build\.platform is linux\/\w+[\s\S]*of another architecture/,
    );
  });

  test("ends with the run that is cancelled", async () => {
    write("Dockerfile", `FROM ${baseImage}\nRUN sleep 300 # ${offline.prefix}\n`);
    const own = await offline.connect();
    const { token, name, inputs } = shop("endless");
    const client = own.resource(token, name);
    const { inputs: checked } = await client.check(inputs);
    const begun = client.create(checked).catch((error: unknown) => error);
    const isBuilding = async (): Promise<boolean> =>
      (await offline.docker.listContainers()).some(({ Command }) => Command.includes(offline.prefix));
    await eventually("the build is at work", async () => ((await isBuilding()) ? true : undefined));
    await own.cancel();
    expect(String(await begun)).toContain("the run was cancelled");
    await eventually("the build is gone", async () => ((await isBuilding()) ? undefined : true));
    await own.stop();
  });
});

describe("what is refused at check, all at once", () => {
  test.each([
    ["pushing", { skipPush: false }, {}, ["skipPush"]],
    ["a registry", { registry: { server: "registry.example.com" } }, {}, ["registry"]],
    ["building in a preview", { buildOnPreview: true }, {}, ["buildOnPreview"]],
    [
      "BuildKit and caches",
      {},
      { builderVersion: "BuilderBuildKit", cacheFrom: { images: ["a"] } },
      ["build.builderVersion", "build.cacheFrom"],
    ],
    ["a context that is not there", {}, { context: "/no/such/context" }, ["build.context"]],
    ["a Dockerfile that is not there", {}, { dockerfile: "src/Dockerfile" }, ["build.dockerfile"]],
  ])("%s", async (_, inputs, build, properties) => {
    const client = offline.provider.resource("docker:index/image:Image", "refused");
    const { failures } = await client.check(shop("refused", build, inputs).inputs);
    expect(failures.map(({ property }) => property)).toEqual(properties);
  });

  test("names the way out", async () => {
    const client = offline.provider.resource("docker:index/image:Image", "refused");
    const { failures } = await client.check(shop("refused", {}, { skipPush: false }).inputs);
    expect(failures[0]?.reason).toMatch(
      /offline edition of the docker plugin supports `skipPush` of Image only as true; [\s\S]*pulumi plugin install resource docker 5\.2\.0/,
    );
  });
});

/** What a program of an image prints. */
async function read(imageId: string, command: string[]): Promise<string> {
  const name = named(`read-${Math.random().toString(36).slice(2, 8)}`);
  await offline.stack.up(container({ name, image: imageId, command, mustRun: false, networkMode: "none" }));
  await offline.docker.getContainer(name).wait();
  const log = await offline.docker.getContainer(name).logs({ stdout: true });
  return unframed(log);
}
