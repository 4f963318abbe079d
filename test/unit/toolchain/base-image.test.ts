import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { afterEach, describe, expect, test } from "vitest";
import { parseArchives, renderSources } from "../../../infra/toolchain/docker/apt-sources";
import { ensureBaseImage, madeImage, pinnedBase } from "../../../infra/toolchain/docker/base-image";
import { createContext, type ToolchainContext } from "../../../infra/toolchain/context";
import { whyNoDebootstrap } from "../../../infra/toolchain/docker/debootstrap";

const root = resolve(__dirname, "../../..");
const pinned = pinnedBase(root);
const made: string[] = [];

afterEach(async () => {
  for (const directory of made.splice(0)) await rm(directory, { recursive: true, force: true });
});

async function contextOf(env: NodeJS.ProcessEnv = {}): Promise<ToolchainContext> {
  const cache = await mkdtemp(join(tmpdir(), "pgstead-base-"));
  made.push(cache);
  // Not Linux: nothing is made on this machine.
  return {
    ...createContext({ ...process.env, ...env }, root),
    cache,
    platform: "darwin",
    say: () => undefined,
  };
}

/** An engine that has some images, and pulls as its registry lets it. */
function engine(has: readonly string[], pull: () => Promise<NodeJS.ReadableStream>) {
  const pulled: string[] = [];
  const docker = {
    getImage: (name: string) => ({
      inspect: () =>
        has.includes(name)
          ? Promise.resolve({})
          : Promise.reject(Object.assign(new Error(), { statusCode: 404 })),
    }),
    pull: (name: string) => {
      pulled.push(name);
      return pull();
    },
    version: () => Promise.resolve({ Arch: "amd64" }),
    modem: {
      followProgress: (
        stream: NodeJS.ReadableStream,
        end: (error: null) => void,
        onEvent: (event: unknown) => void,
      ) => {
        stream.on("data", onEvent);
        stream.on("end", () => {
          end(null);
        });
      },
    },
  };
  return { docker: docker as unknown as Docker, pulled };
}

const answers =
  (...events: object[]) =>
  () =>
    Promise.resolve(Readable.from(events));
const refuses = () => Promise.reject(new Error("(HTTP code 500) server error - no such host "));

describe("the base image", () => {
  test("is one and the same in all Dockerfiles that begin with Debian, by its date", async () => {
    const other = await readFile(join(root, "infra/images/monitoring/Dockerfile"), "utf8");
    expect(other).toContain(`ARG BASE=${pinned}\n`);
    expect(pinned).toMatch(/^debian:trixie-\d{8}-slim(?:@sha256:[0-9a-f]{64})?$/);
  });

  test.each([
    ["what a user names, without a look at the engine", { PGSTEAD_BASE_IMAGE: "own:1" }, [], "own:1", 0],
    [
      "the one that was made on the engine, though the pinned one is there",
      {},
      [madeImage, pinned],
      madeImage,
      0,
    ],
    ["the pinned one that the engine has", {}, [pinned], pinned, 0],
    ["the pinned one, pulled", {}, [], pinned, 1],
  ])("is %s", async (_, env, has, expected, pulls) => {
    const { docker, pulled } = engine(has, answers({ status: "Pulling" }));
    expect(await ensureBaseImage(await contextOf(env), docker)).toBe(expected);
    expect(pulled).toHaveLength(pulls);
  });

  test.each([
    ["the registry is out of reach", refuses],
    ["the registry fails while it answers", answers({ status: "Pulling" }, { error: "no such host" })],
  ])("that cannot be had says both reasons and the ways out: %s", async (_, pull) => {
    const { docker } = engine([], pull);
    const failing = ensureBaseImage(await contextOf(), docker);
    await expect(failing).rejects.toThrow(
      "the engine does not have it and cannot pull it (no such host), and it cannot be made here: debootstrap needs Linux",
    );
    await expect(failing).rejects.toThrow(/hint: .*docker load.*pgstead:docker\.baseImage/);
  });

  test("is made by root only, with debootstrap, for a processor of this machine", async () => {
    const context = { ...(await contextOf({ PATH: "/nowhere" })), platform: "linux", arch: "x64" };
    expect(whyNoDebootstrap(context, "amd64", 1000)).toBe("debootstrap needs root");
    expect(whyNoDebootstrap(context, "amd64", 0)).toBe("debootstrap is not installed");
  });
});

describe("the archives of apt", () => {
  test("are those that a container can use, without a password in the address", () => {
    const printed = [
      "http://deb.example/debian/",
      "http://deb.example/debian/",
      "https://sec.example/debian-security/",
      "https://user:word@private.example/debian/",
      "mirror+file:/etc/apt/mirrors/debian.list/",
      "",
    ].join("\n");
    expect(parseArchives(printed)).toEqual([
      "http://deb.example/debian",
      "https://sec.example/debian-security",
    ]);
  });

  test("become the image's own sources, signed by Debian", () => {
    const text = renderSources({
      archive: "http://deb.example/debian",
      suites: [
        { archive: "http://deb.example/debian", suite: "trixie" },
        { archive: "http://sec.example/debian-security", suite: "trixie-security" },
      ],
    });
    expect(text.split("\n\n")).toHaveLength(2);
    expect(text).toContain(
      "URIs: http://sec.example/debian-security\nSuites: trixie-security\nComponents: main\nSigned-By: ",
    );
  });
});
