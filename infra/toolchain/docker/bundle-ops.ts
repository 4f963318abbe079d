import { existsSync } from "node:fs";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { build, type BuildFailure, type Metafile } from "esbuild";
import { opsBundleFile, opsRecordFile, type OpsBundleRecord } from "../../../components/core/ops-bundle";
import { problemError } from "../../../components/core/problem";
import { opsBundleFault, readNow, sha256 } from "../../ops-bundle";
import { withLock } from "../install";

/** The program of the ops container. */
export const opsEntry = "infra/ops/container/main.ts";

/** What makes the bundle as it is, beside what is in it. */
const makers = ["infra/toolchain/docker/bundle-ops.ts"];
const makerPackages = ["node_modules/esbuild"];

/** Makes the bundle where it is missing or not of the present sources. One second; nothing where it is up to date. */
export async function ensureOpsBundle(project: string, say: (line: string) => void): Promise<void> {
  if (opsBundleFault(project) === undefined) return;
  await locked(project, async () => {
    const fault = opsBundleFault(project); // another run may have made it while this one waited
    if (fault === undefined) return;
    say(`bundling the operations code for the image ops: ${fault} …`);
    await make(project);
  });
}

/**
 * Makes the bundle and its record. Equal sources and packages give equal bytes in every checkout: nothing in it tells
 * of a place or a time.
 *
 * @throws ProblemError the sources cannot be bundled, or the directory cannot be written
 */
export async function buildOpsBundle(project: string): Promise<void> {
  await locked(project, () => make(project));
}

function locked(project: string, work: () => Promise<void>): Promise<void> {
  return withLock(join(project, opsBundleFile), work);
}

async function make(project: string): Promise<void> {
  const { code, metafile } = await bundleOps(project);
  const record = recordOf(project, code, metafile);
  try {
    await replace(join(project, opsBundleFile), code);
    await replace(join(project, opsRecordFile), `${JSON.stringify(record, undefined, 1)}\n`);
  } catch (error) {
    throw problemError(
      opsBundleFile,
      `the bundle of the operations code cannot be written: ${(error as Error).message}`,
      "this account has to be able to write below infra/images/ops/build; free space, or mend the permissions.",
      { cause: error },
    );
  }
}

async function bundleOps(
  project: string,
): Promise<{ readonly code: Uint8Array; readonly metafile: Metafile }> {
  if (!existsSync(join(project, opsEntry))) {
    throw problemError(opsEntry, "the program of the ops container is missing", "restore it from git.");
  }
  const { metafile, outputFiles } = await build({
    absWorkingDir: project,
    entryPoints: [opsEntry],
    outfile: "ops.cjs",
    bundle: true,
    platform: "node",
    target: "node18", // Debian 12's, on hosts of others
    format: "cjs",
    tsconfigRaw: {}, // what is in the bundle does not depend on a file that is not recorded
    // The one is optional, and never there; nobody opens SSH from where the server is.
    external: ["pg-native", "ssh2"],
    legalComments: "inline", // the licences of what is in it
    // Packages are named by where the checkout has them, also where node_modules is a link to another checkout's.
    preserveSymlinks: true,
    charset: "utf8",
    metafile: true,
    write: false,
    logLevel: "silent",
  }).catch((error: unknown) => {
    throw bundleFailure(error);
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of ${opsEntry}`);
  return { code: output.contents, metafile };
}

function bundleFailure(error: unknown): Error {
  const errors = (error as Partial<BuildFailure>).errors ?? [];
  const first = errors.slice(0, 5).map(({ text, location }) => {
    return location === null ? text : `${location.file}:${location.line}: ${text}`;
  });
  return problemError(
    opsEntry,
    `the operations code cannot be bundled:\n    ${first.join("\n    ") || String(error)}`,
    "mend the sources (`npm run check`); are the npm dependencies installed (`npm ci`)?",
    { cause: error },
  );
}

function recordOf(project: string, code: Uint8Array, { inputs }: Metafile): OpsBundleRecord {
  const now = readNow(project);
  const places = Object.keys(inputs).map((file) => ({ file, directory: packageOf(file) }));
  const files = places.filter(({ directory }) => directory === undefined).map(({ file }) => file);
  const directories = places.map(({ directory }) => directory).filter((one) => one !== undefined);
  return {
    bundle: sha256(code),
    files: sorted([...files, ...makers], now.hashOf),
    packages: sorted([...directories, ...makerPackages], now.packageAt),
  };
}

/** `node_modules/a/node_modules/@b/c` of a file in it; undefined: a file of the project. */
function packageOf(file: string): string | undefined {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0];
}

function sorted(
  places: readonly string[],
  read: (place: string) => string | undefined,
): Record<string, string> {
  return Object.fromEntries([...new Set(places)].toSorted().map((place) => [place, read(place) ?? ""]));
}

/** Replaces a file as a whole; under the lock, so the draft is of this run, or of one that was killed. */
async function replace(file: string, content: Uint8Array | string): Promise<void> {
  const draft = `${file}.draft`;
  await writeFile(draft, content);
  await rename(draft, file);
}
