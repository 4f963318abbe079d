import { randomBytes } from "node:crypto";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { isOutOfSpace, roomHint } from "../../core/docker/full-volume";
import { draftPrefix, renderOwner, type FileOwner, type LiveVolume } from "../../core/files/model";
import { problemError } from "../../core/problem";
import { connectDocker } from "./engine";
import { askEngine, NotOnEngineError, statusOf } from "./ask-engine";
import { createHelper, helperMount, removeHelper, removeLeftovers } from "./helper-container";
import { dropReading, keepReading, takeReading } from "./read-ahead";
import { packFiles, readArchive, type FileContent } from "./volume-archive";
import { helperLabel, volumeKey, type VolumePlace } from "./volume-place";

/** What is done to a volume in one go. */
export interface VolumeChange {
  /** Of the volume's own directory, and of every file. */
  readonly owner: FileOwner;
  readonly directoryMode: string;
  readonly write: readonly FileContent[];
  readonly remove: readonly string[];
  /** Name of an empty file that is there before the first of the others changes. */
  readonly mark?: string;
}

/**
 * What lies on a volume, in one archive: names, owners, modes, hashes and texts.
 *
 * Through a container that has the volume mounted it takes some 20 ms, else a container is created for it, never
 * started, and removed. Changes nothing. Undefined: there is no such volume.
 *
 * @param timeoutMs for all of it
 * @throws EngineUnreachableError the engine does not answer
 * @throws NotOnEngineError nothing mounts the volume, and the image is not there
 */
export function readVolume(place: VolumePlace, timeoutMs = 60_000): Promise<LiveVolume | undefined> {
  const read = async (): Promise<LiveVolume | undefined> => {
    const docker = connectDocker(place.endpoint);
    return (await readMounted(docker, place)) ?? readThroughHelper(docker, place);
  };
  // In turn with writes: a draft that is being written is none that a killed run has left.
  return askEngine(place.endpoint, `files of volume ${place.volume}`, () => inTurn(place, read), timeoutMs);
}

/**
 * Begins to read volumes that a preview is about to ask for, all at once: Pulumi's engine asks for one resource after the
 * other. Those that no container mounts are left out.
 */
export function readAhead(endpoint: VolumePlace["endpoint"], volumes: readonly string[]): void {
  for (const volume of volumes) {
    const place = { endpoint, volume };
    const read = async (): Promise<LiveVolume | undefined> => readMounted(connectDocker(endpoint), place);
    keepReading(place, inTurn(place, read));
  }
}

/** As {@link readVolume}, for a preview: what was read ahead a moment ago is taken. */
export async function previewVolume(place: VolumePlace, timeoutMs: number): Promise<LiveVolume | undefined> {
  return (await takeReading(place)) ?? readVolume(place, timeoutMs);
}

async function readMounted(docker: Docker, place: Mounted): Promise<LiveVolume | undefined> {
  const mounted = await findMount(docker, place);
  return mounted && readThrough(docker.getContainer(mounted.id), mounted.path, place);
}

/** A volume that a container may have. */
type Mounted = Omit<VolumePlace, "image" | "label">;

/** A container that mounts the volume: the named one first, and no helper, as that is about to go. */
async function findMount(
  docker: Docker,
  { volume, container, mountPath }: Mounted,
): Promise<{ readonly id: string; readonly path: string } | undefined> {
  const found = await docker.listContainers({ all: true, filters: { volume: [volume] } });
  const usable = found
    .filter(
      ({ Labels, State }) => Labels[helperLabel] === undefined && State !== "removing" && State !== "dead",
    )
    .flatMap(({ Id: id, Names, Mounts }) => {
      const mount = Mounts.find(
        ({ Type, Name, Destination }) =>
          Type === "volume" && Name === volume && (mountPath ?? Destination) === Destination,
      );
      return mount === undefined
        ? []
        : [{ id, path: mount.Destination, isNamed: Names.includes(`/${container ?? ""}`) }];
    });
  return usable.find(({ isNamed }) => isNamed) ?? usable[0];
}

/** Undefined: the container went meanwhile. */
async function readThrough(
  container: Docker.Container,
  path: string,
  { volume }: Mounted,
): Promise<LiveVolume | undefined> {
  try {
    const archive = await container.getArchive({ path: `${path}/.` });
    return await readArchive(archive, volume);
  } catch (error) {
    const status = statusOf(error);
    if (status === 404 || status === 409) return undefined;
    throw error;
  }
}

async function readThroughHelper(docker: Docker, place: VolumePlace): Promise<LiveVolume | undefined> {
  if (!(await isThere(docker, place))) return undefined;
  const helper = await createHelper(docker, place);
  try {
    return await readThrough(helper, helperMount, place);
  } finally {
    await removeHelper(helper);
  }
}

/** A container that mounts a volume makes it where it is not there: so it is asked for first. */
async function isThere(docker: Docker, { volume }: VolumePlace): Promise<boolean> {
  try {
    await docker.getVolume(volume).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/**
 * Writes and removes files of a volume, and sets its owner and mode. All new files are on the volume and flushed before
 * the first one takes the place of an old one, which is a rename: whoever reads sees the old or the new one whole.
 * Killed before that, everything is as it was; a run that is killed later does not stop the renames.
 *
 * Takes about a second. What killed runs have left, containers and drafts, is removed.
 *
 * @throws EngineUnreachableError the engine does not answer
 * @throws NotOnEngineError no such volume or image
 * @throws ProblemError the engine's disk is full, or a directory is in the way: the old files are as they were
 */
export function writeVolume(place: VolumePlace, change: VolumeChange): Promise<void> {
  const write = async (): Promise<void> => {
    dropReading(place);
    const docker = connectDocker(place.endpoint);
    if (!(await isThere(docker, place))) throw noVolume(place);
    await removeLeftovers(docker, place);
    const draft = `${draftPrefix}${randomBytes(8).toString("hex")}`;
    const helper = await createHelper(docker, place, [
      "sh",
      "-c",
      script,
      "sh",
      ...argumentsOf(draft, change),
    ]);
    try {
      const files = await packFiles(draft, change.write, change.owner, { whole: wholeMark });
      // Also where it does not arrive, as the disk is full: the script then removes what did.
      const sent = await settle(helper.putArchive(files, { path: helperMount }));
      const output = await run(docker, helper);
      if (sent !== undefined) throw notSent(place, sent);
      if (!output.includes(doneMark)) throw failed(place, output);
    } finally {
      await removeHelper(helper);
    }
  };
  return askEngine(
    place.endpoint,
    `writing files on volume ${place.volume}`,
    () => inTurn(place, write),
    120_000,
  );
}

/** In the archive: all of it arrived. */
const wholeMark = "whole";

/** In the output: all of it was done. */
const doneMark = "pgstead: done";

/**
 * Arguments: draft, owner, mode, mark (or empty), number of files to write, their names, names to remove.
 *
 * `mv` within a file system is a rename. It would move into a link to a directory, so a link goes first.
 */
const script = `
set -eu
umask 077
cd ${helperMount}
draft=$1 owner=$2 mode=$3 mark=$4 count=$5
shift 5
trap 'rm -rf -- "$draft"' EXIT
flush() { sync "$@" 2>/dev/null || sync 2>/dev/null || :; }
if [ ! -f "$draft/${wholeMark}" ]; then echo "the files did not arrive whole" >&2; exit 1; fi
for other in ${draftPrefix}*; do
  if [ "$other" != "$draft" ]; then rm -rf -- "$other"; fi
done
for name in "$@"; do
  if [ -d "./$name" ] && [ ! -L "./$name" ]; then echo "$name is a directory" >&2; exit 1; fi
done
i=0
for name in "$@"; do
  if [ "$i" -lt "$count" ]; then flush "$draft/files/$name"; fi
  i=$((i + 1))
done
chown "$owner" .
chmod "$mode" .
if [ -n "$mark" ]; then : > "./$mark"; flush "./$mark" .; fi
while [ "$count" -gt 0 ]; do
  if [ -L "./$1" ]; then rm -f -- "./$1"; fi
  mv -f -- "$draft/files/$1" "./$1"
  shift
  count=$((count - 1))
done
for name in "$@"; do rm -f -- "./$name"; done
rm -rf -- "$draft"
flush .
echo "${doneMark}"
`;

function argumentsOf(
  draft: string,
  { owner, directoryMode, write, remove, mark = "" }: VolumeChange,
): string[] {
  const names = write.map(({ name }) => name);
  // Drafts go anyway, and are directories.
  const leaving = remove.filter((name) => !name.startsWith(draftPrefix));
  return [draft, renderOwner(owner), directoryMode, mark, String(names.length), ...names, ...leaving];
}

/** Starts a container and gives all that it printed. */
export async function run(docker: Docker, helper: Docker.Container): Promise<string> {
  const stream = await helper.attach({ stream: true, stdout: true, stderr: true });
  const output = new PassThrough();
  docker.modem.demuxStream(stream, output, output);
  stream.once("end", () => output.end());
  stream.once("error", (error: Error) => output.destroy(error));
  await helper.start();
  let text = "";
  for await (const chunk of output) text += String(chunk);
  return text;
}

async function settle(work: Promise<unknown>): Promise<Error | undefined> {
  try {
    await work;
    return undefined;
  } catch (error) {
    return error as Error;
  }
}

/** What the engine says of it: it does not know the volume by its name there. */
function notSent({ volume }: VolumePlace, error: Error): Error {
  const said = (error as { readonly json?: { readonly message?: string } }).json?.message ?? error.message;
  if (!isOutOfSpace(said)) return error;
  const message = `there is no room for the files, and those that were there stay as they were: ${said}`;
  return problemError(`volume ${volume}`, message, roomHint(volume), { cause: error });
}

function noVolume({ volume }: VolumePlace): Error {
  const hint = "was it removed by hand? `pulumi up` with --refresh makes it anew.";
  return new NotOnEngineError(`volume ${volume}`, [{ path: "", message: "it is not on the engine", hint }]);
}

function failed({ volume }: VolumePlace, output: string): Error {
  const text = output.trim().split("\n").slice(-3).join("; ");
  const message = text === "" ? "the helper container ended without a word" : text;
  const hint = isOutOfSpace(text) ? roomHint(volume) : "mend that and run this again; it begins anew.";
  return problemError(`files on volume ${volume}`, message, hint);
}

const turns = new Map<string, Promise<unknown>>();

/** One after the other on a volume: two resources of a program may have files on the same one. */
function inTurn<Result>(place: Mounted, work: () => Promise<Result>): Promise<Result> {
  const key = volumeKey(place);
  const turn = (turns.get(key) ?? Promise.resolve()).then(work, work);
  turns.set(key, turn);
  return turn;
}
