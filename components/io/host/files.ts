import { randomBytes } from "node:crypto";
import { extract, pack } from "tar-stream";
import { joinPath, parentOf, type HostQuestion, type LiveHost } from "../../core/host/file-model";
import {
  archiveMark,
  doneMark,
  readScript,
  startedMark,
  wholeName,
  writeScript,
} from "../../core/host/file-scripts";
import type { HostPlace } from "../../core/host/place";
import { explainHostWrite } from "../../core/host/write-failure";
import { problemError } from "../../core/problem";
import { renderWayHop } from "../../core/ssh/way";
import { liveFile, wholeOf } from "../files/live-file";
import { runOnHost } from "./shell";

/** A file to be written. */
export interface HostFileContent {
  readonly path: string;
  readonly content: string;
  readonly mode: string;
  /** `account:group` */
  readonly owner: string;
}

/** What is done to a host in one go. */
export interface HostChange {
  /** Directories that are made or get owner and mode, from the root on. */
  readonly make: readonly { readonly path: string; readonly mode: string; readonly owner: string }[];
  readonly write: readonly HostFileContent[];
  readonly remove: readonly string[];
  /** Directories that go if nothing is in them, the deepest first. */
  readonly leave: readonly string[];
  /** Drafts of killed runs. */
  readonly leftovers: readonly string[];
  /** How the names of drafts begin. */
  readonly draftPrefix: string;
}

/** A write that failed after the first file was taken over: the next run compares anew. */
export class PartlyWrittenError extends Error {}

/**
 * All that a question is about, in one remote command: owners are names.
 *
 * @throws SshError no way there; ProblemError sudo, or a host without tar
 */
export async function readHostFiles(
  place: HostPlace,
  question: HostQuestion,
  signal?: AbortSignal,
): Promise<LiveHost> {
  const { stdout, stderr, code, isCut } = await runOnHost(place, readScript(question), { signal });
  const host = renderWayHop(place.ssh);
  if (isCut) {
    const hint = "what lies under the names of its files is none of its own: look there.";
    throw problemError(`files on ${host}`, "they are more than 16 MiB", hint);
  }
  const [lines = "", archive] = stdout.split(`${archiveMark}\n`);
  const facts = lines.split("\n").map((line) => line.split(" "));
  const count = Number(facts.find(([word]) => word === "count")?.[1]);
  const entries = archive === undefined ? {} : await readEntries(Buffer.from(archive, "base64"));
  // Better no answer than a wrong one: what is missing would look like files that are not there.
  if (code !== 0 || archive === undefined || Object.keys(entries).length !== count) {
    const said = stderr.trim() === "" ? "it ended without a word" : stderr.trim();
    const hint =
      "has the host tar and base64, and does another program change the files just now? Run this again.";
    throw problemError(`files on ${host}`, `they cannot be read: ${said}`, hint);
  }
  const all = (name: string): string[] => facts.flatMap(([word, value = ""]) => (word === name ? value : []));
  return {
    entries,
    directories: all("directory"),
    accounts: Object.fromEntries(
      facts.flatMap(([word, account = "", group = ""]) =>
        word === "account" ? [[account, group] as const] : [],
      ),
    ),
    groups: all("group"),
  };
}

async function readEntries(archive: Buffer): Promise<LiveHost["entries"]> {
  const entries = extract();
  entries.end(archive);
  const found: [string, LiveHost["entries"][string]][] = [];
  for await (const entry of entries) {
    const { header } = entry;
    const content = await wholeOf(entry as AsyncIterable<unknown>);
    const path = `/${header.name
      .split("/")
      .filter((name) => name !== "" && name !== ".")
      .join("/")}`;
    // An account without a name has its number.
    const account = header.uname === "" ? String(header.uid) : header.uname;
    const group = header.gname === "" ? String(header.gid) : header.gname;
    found.push([path, liveFile(header, `${account}:${group}`, content)]);
  }
  return Object.fromEntries(found);
}

/**
 * Does a change in one remote command (core/host/file-scripts.ts). Contents go to its standard input.
 *
 * @returns directories that stay, as files are in them
 * @throws SshError; ProblemError: the old files are as they were; PartlyWrittenError
 */
export async function writeHostFiles(place: HostPlace, change: HostChange): Promise<string[]> {
  const { write, draftPrefix } = change;
  const parents = [...new Set(write.map(({ path }) => parentOf(path)))];
  const drafts = parents.map((parent) => ({
    parent,
    draft: joinPath(parent, `${draftPrefix}${randomBytes(8).toString("hex")}`),
  }));
  const placed = write.map((file, index) => {
    const { draft = "" } = drafts.find(({ parent }) => parent === parentOf(file.path)) ?? {};
    return { ...file, from: joinPath(draft, `f${index}`) };
  });
  const moves = placed.map(({ from, path }) => ({ from, to: path }));
  const script = writeScript({ ...change, drafts, moves });
  const stdin = placed.length === 0 ? "" : await packPlaced(placed, drafts[0]?.draft ?? "");
  const { stdout, stderr, code, signal } = await runOnHost(place, script, { stdin });
  const lines = stdout.split("\n");
  if (code === 0 && lines.includes(doneMark)) {
    return lines.flatMap((line) => (line.startsWith("left ") ? line.slice("left ".length) : []));
  }
  const said = stderr.trim() === "" && signal !== undefined ? `it ended by ${signal}` : stderr;
  const error = explainHostWrite(renderWayHop(place.ssh), said);
  if (!lines.includes(startedMark)) throw error;
  const text = said.trim().split("\n").slice(-3).join("; ");
  throw new PartlyWrittenError(
    `files on ${renderWayHop(place.ssh)}: not all of them could be put in their places: ${text}\n  hint: each one is the old or the new one whole; mend that and run this again.`,
    { cause: error },
  );
}

async function packPlaced(
  files: readonly (HostFileContent & { readonly from: string })[],
  draft: string,
): Promise<Buffer> {
  const archive = pack();
  for (const { from, content, mode, owner } of files) {
    const [uname = "", gname = ""] = owner.split(":");
    const header = { name: from.slice(1), mode: Number.parseInt(mode, 8), uname, gname };
    archive.entry(header, Buffer.from(content, "utf8"));
  }
  archive.entry({ name: joinPath(draft, wholeName).slice(1), mode: 0o600, uname: "root", gname: "root" }, "");
  archive.finalize();
  return wholeOf(archive);
}

/** The first revision of files that were never written before: none that any other has had. */
export function firstRevision(): string {
  return `${randomBytes(6).toString("hex")}.1`;
}
