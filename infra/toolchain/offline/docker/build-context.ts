import { createHash } from "node:crypto";
import {
  createReadStream,
  existsSync,
  lstatSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  type Stats,
} from "node:fs";
import { basename, isAbsolute, join, relative, sep } from "node:path";
import { parseIgnoreFile, type IgnoreRules } from "./ignore-file";

/** Where an image is built from; paths as the program gives them. */
export interface BuildPlace {
  readonly context: string;
  readonly dockerfile: string;
}

/** A file or a link of a context. */
export interface ContextFile {
  /** Relative to the context, with slashes. */
  readonly path: string;
  readonly file: string;
  readonly stat: Stats;
}

/** The ignore file that counts: the Dockerfile's own, else the context's. */
export function ignoreFileOf({ context, dockerfile }: BuildPlace): string | undefined {
  return [`${dockerfile}.dockerignore`, join(context, ".dockerignore")].find((file) => existsSync(file));
}

/** What of a context is sent to the engine, in the order of names. */
export function contextFiles({ context }: BuildPlace, rules: IgnoreRules): ContextFile[] {
  const below = (directory: string): ContextFile[] =>
    readdirSync(join(context, directory))
      .sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)))
      .flatMap((name): ContextFile[] => {
        const path = directory === "" ? name : `${directory}/${name}`;
        const file = join(context, path);
        const stat = lstatSync(file);
        const isExcluded = rules.excludes(path);
        if (stat.isDirectory()) return isExcluded && !rules.hasExceptions ? [] : below(path);
        return isExcluded ? [] : [{ path, file, stat }];
      });
  return below("");
}

/** The rules for a context; none where it has no ignore file. */
export function ignoreRules(place: BuildPlace): IgnoreRules {
  const file = ignoreFileOf(place);
  return parseIgnoreFile(file === undefined ? "" : readFileSync(file, "utf8"));
}

/**
 * The digest of a context as the official plugin computes it: names, modes and contents, whatever the time stamps. An
 * image whose context has another digest is built again.
 */
export async function contextDigest(place: BuildPlace): Promise<string> {
  const digest = createHash("sha256");
  const add = (name: string, mode: string, content: Buffer): void => {
    digest.update(name).update(mode).update(content).update("\0");
  };
  // The Dockerfile counts by its content alone, wherever it lies and whatever it is called.
  add("Dockerfile", "----------", await fileDigest(place.dockerfile));
  for (const { path, file, stat } of contextFiles(place, ignoreRules(place))) {
    add(path, goMode(stat), stat.isSymbolicLink() ? linkDigest(file) : await fileDigest(file, stat));
  }
  return digest.digest("hex");
}

async function fileDigest(file: string, stat?: Stats): Promise<Buffer> {
  const hash = createHash("sha256");
  // A socket or a pipe has no content.
  if (stat === undefined || stat.isFile()) {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  }
  return hash.digest();
}

/** A link counts by where it leads to, as seen from where the context's path begins. */
function linkDigest(file: string): Buffer {
  let target: string;
  try {
    const real = realpathSync(file);
    target = isAbsolute(file) || isAbsolute(readlinkSync(file)) ? real : relative(realpathSync("."), real);
  } catch {
    target = readlinkSync(file); // it leads nowhere
  }
  return createHash("sha256").update(target.split(sep).join("/")).digest();
}

/** A file's mode as Go prints it: `-rw-r--r--`, `Lrwxrwxrwx`. */
export function goMode(stat: Pick<Stats, "mode" | "isSymbolicLink" | "isSocket" | "isFIFO">): string {
  const { mode } = stat;
  const kinds = [
    stat.isSymbolicLink() ? "L" : "",
    stat.isFIFO() ? "p" : "",
    stat.isSocket() ? "S" : "",
    (mode & 0o4000) === 0 ? "" : "u",
    (mode & 0o2000) === 0 ? "" : "g",
    (mode & 0o1000) === 0 ? "" : "t",
  ].join("");
  const rights = Array.from("rwxrwxrwx", (letter, index) => ((mode >> (8 - index)) & 1 ? letter : "-")).join(
    "",
  );
  return `${kinds === "" ? "-" : kinds}${rights}`;
}

/** The Dockerfile's path relative to its context, with slashes. */
export function relativeDockerfile({ context, dockerfile }: BuildPlace): string {
  return relative(context, dockerfile).split(sep).join("/") || basename(dockerfile);
}
