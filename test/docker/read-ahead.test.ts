import { beforeAll, expect, test } from "vitest";
import type { VolumePlace } from "../../components/io/docker/volume-place";
import type { Declared } from "../support/provider-stack";
import { filesOf, useOwnVolumes } from "../support/own-volume";

const own = useOwnVolumes();
const conf = (content: string) => ({ "app.conf": { content, mode: "0644" } });
const name = "ahead";
let place: VolumePlace;

/** The host of a stack whose preview begins to read the volume. */
function hostOf({ volume }: VolumePlace): Declared {
  const names = { containers: [], volumes: [], networks: [], ports: [] };
  const inputs = { engine: {}, stack: "test", name: own.name(name), ...names, cpus: 1, memory: 64 };
  return {
    name: "host",
    token: "pgstead:index:DockerHost",
    inputs: { ...inputs, readAhead: [volume, own.name("missing")] },
  };
}

beforeAll(async () => {
  place = await own.volume(name);
  await own.stack.up(filesOf(place, conf("one\n")));
  await own.stack.up(hostOf(place));
});

test("a volume is read before it is asked for, once for all that ask", async () => {
  const container = await own.container(name, place.volume);
  await own.stack.diff(hostOf(place));
  // From now on only a helper could read it, and there is no image for one.
  await container.remove({ force: true });
  const unreadable = filesOf({ ...place, image: "pgstead-no-such-image" }, conf("one\n"));
  for (const _ of [1, 2]) expect(await own.stack.diff(unreadable)).toMatchObject({ changed: false });
  expect(await own.helpersOf(place.volume)).toEqual([]);
});

test("what was read ahead does not count once the volume is written, and one that nobody mounts is read when asked", async () => {
  await own.stack.diff(hostOf(place));
  const declared = filesOf(place, conf("two\n"));
  expect(await own.stack.diff(declared)).toMatchObject({ changed: true });
  await own.stack.up(declared);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});
