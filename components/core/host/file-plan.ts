import { compareFile, fileStep } from "../files/compare";
import type { LiveFile } from "../files/model";
import type { Plan, Refusal, Statement } from "../statement";
import {
  parentOf,
  splitOwner,
  type DesiredHostFile,
  type DesiredHostFiles,
  type LiveHost,
} from "./file-model";
import { markedStack } from "./marker";

/** What the last run declared and made. */
export interface HostFilesBefore extends Pick<DesiredHostFiles, "files" | "directories"> {
  /** Directories that it made itself. */
  readonly made: readonly string[];
}

/** What is to be done on a host, and how it reads. */
export interface HostFilesPlan {
  readonly plan: Plan;
  /** Declared files that are written. */
  readonly write: readonly string[];
  /** Files that are removed. */
  readonly remove: readonly string[];
  /** Directories that are made, or get owner and mode, from the root on. */
  readonly make: readonly string[];
  /** Directories that go if nothing is in them, the deepest first. */
  readonly leave: readonly string[];
  /** What killed runs have left. */
  readonly drafts: readonly string[];
}

/**
 * Compares what is declared with what the host has.
 *
 * A file that is there is this stack's own where its last run declared it, where its first lines say so (marker.ts), or
 * where it is just what is to be written; any other is refused, and never written over. What is about to be in its way is
 * refused with it.
 *
 * @param drafts prefix of the names of this resource's drafts
 */
export function planHostFiles(
  desired: DesiredHostFiles,
  before: HostFilesBefore | undefined,
  live: LiveHost,
  drafts: string,
): HostFilesPlan {
  const directories = Object.keys(desired.directories)
    .toSorted()
    .map((path) => planDirectory(desired, before, path, live));
  const files = Object.keys(desired.files)
    .toSorted()
    .map((path) => planFile(desired, before, path, live));
  const written = [...directories, ...files].flatMap(({ path, statement }) =>
    statement === undefined ? [] : [{ path, statement }],
  );
  const isThere = (path: string): boolean => live.entries[path] !== undefined;
  const remove = Object.keys(before?.files ?? {})
    .filter((path) => desired.files[path] === undefined && isThere(path))
    .toSorted();
  const leave = leavingDirectories(before, desired).filter(isThere);
  const left = Object.keys(live.entries).filter((path) => nameOf(path).startsWith(drafts));
  const from = `from ${desired.host}`;
  return {
    plan: {
      statements: [
        ...written.map(({ statement }) => statement),
        ...remove.map((path) => fileStep(`remove ${path} ${from}`, "it is declared no more")),
        ...leave.map((path) =>
          fileStep(`remove directory ${path} ${from}`, "it is declared no more; it stays if files are in it"),
        ),
        ...left.map((path) => fileStep(`remove ${path} ${from}`, "a run that was killed has left it")),
      ],
      refusals: [
        ...refuseAccounts(desired, live),
        ...[...directories, ...files].flatMap(({ refusals }) => refusals),
      ],
    },
    write: written.flatMap(({ path }) => (desired.files[path] === undefined ? [] : [path])),
    remove,
    make: written.flatMap(({ path }) => (desired.directories[path] === undefined ? [] : [path])),
    leave,
    drafts: left,
  };
}

/** A host as the last run has left it, for a preview that cannot look at it. */
export function assumeHost(desired: DesiredHostFiles, before: HostFilesBefore | undefined): LiveHost {
  const owners = [...Object.values(desired.files), ...Object.values(desired.directories)].map(({ owner }) =>
    splitOwner(owner),
  );
  const declared = [...Object.keys(desired.files), ...Object.keys(desired.directories)];
  // Nobody knows here what groups accounts have: theirs are taken to be called as they are.
  const accounts = Object.fromEntries(owners.map(({ account }) => [account, account]));
  const groups = owners.flatMap(({ group }) => group ?? []);
  const known = { accounts, groups };
  const owned = (owner: string): string => fullOwner(known, owner) ?? owner;
  const entries: Record<string, LiveFile<string>> = {};
  for (const [path, { owner, mode }] of Object.entries(before?.directories ?? {})) {
    entries[path] = { kind: "directory", owner: owned(owner), mode, hash: "" };
  }
  for (const [path, { owner, mode, hash = "", content }] of Object.entries(before?.files ?? {})) {
    const file = { kind: "file" as const, owner: owned(owner), mode, hash };
    entries[path] = content === undefined ? file : { ...file, text: content };
  }
  return { ...known, entries, directories: declared.map(parentOf) };
}

/** Directories that this resource answers for when it goes: those that it made, and any with pgstead's own name. */
export function ownDirectories(before: HostFilesBefore): string[] {
  const own = Object.keys(before.directories).filter((path) => isOwnDirectory(before, path));
  return deepestFirst([...new Set([...own, ...before.made])]);
}

function leavingDirectories(before: HostFilesBefore | undefined, desired: DesiredHostFiles): string[] {
  if (before === undefined) return [];
  return ownDirectories(before).filter((path) => desired.directories[path] === undefined);
}

function deepestFirst(paths: readonly string[]): string[] {
  return paths.toSorted().toReversed();
}

/**
 * `/etc/pgstead` and `/etc/pgstead/shop-prod` are nobody else's: several resources may share them, and whoever goes last
 * removes them.
 */
function isOwnDirectory(before: HostFilesBefore | undefined, path: string): boolean {
  return (
    before?.made.includes(path) === true ||
    [path, parentOf(path)].some((one) => nameOf(one).startsWith("pgstead"))
  );
}

interface Change {
  readonly path: string;
  readonly statement?: Statement;
  readonly refusals: readonly Refusal[];
}

function planDirectory(
  desired: DesiredHostFiles,
  before: HostFilesBefore | undefined,
  path: string,
  live: LiveHost,
): Change {
  const directory = desired.directories[path];
  if (directory === undefined) return { path, refusals: [] };
  const owner = fullOwner(live, directory.owner) ?? directory.owner;
  const found = live.entries[path];
  const refuse = (message: string, hint: string): Change => ({
    path,
    refusals: [{ subject: `directory ${path} on ${desired.host}`, message, hint }],
  });
  if (found === undefined) {
    const text = `make directory ${path} on ${desired.host}`;
    const statement = fileStep(text, `it is not there; owner ${owner}, mode ${directory.mode}`);
    return { path, statement, refusals: refuseParent(desired, path, live) };
  }
  if (found.kind !== "directory") {
    return refuse(`what is there is ${kindWords[found.kind]}`, "look at what it is for, and move it away.");
  }
  if (found.owner === owner && found.mode === directory.mode) return { path, refusals: [] };
  const has = `it has ${found.owner} and ${found.mode}`;
  if (!isOwnDirectory(before, path)) {
    return refuse(
      `it is there already, and ${has}, not ${owner} and ${directory.mode}`,
      "it is not pgstead's to change: give it that owner and mode, or have another directory declared.",
    );
  }
  const text = `set owner ${owner} and mode ${directory.mode} of directory ${path} on ${desired.host}`;
  return { path, statement: fileStep(text, has), refusals: [] };
}

const kindWords = {
  file: "a file",
  directory: "a directory",
  link: "a link",
  other: "no regular file",
} as const;

function planFile(
  desired: DesiredHostFiles,
  before: HostFilesBefore | undefined,
  path: string,
  live: LiveHost,
): Change {
  const file = desired.files[path];
  if (file === undefined) return { path, refusals: [] };
  const found = live.entries[path];
  const refusals = [
    ...refuseParent(desired, path, live),
    ...refuseForeign(desired, before, { path, file, live }),
  ];
  if (refusals.length > 0) return { path, refusals };
  const place = {
    where: `${path} on ${desired.host}`,
    owner: fullOwner(live, file.owner) ?? file.owner,
    wasSecret: before?.files[path]?.secret ?? false,
  };
  const statement = compareFile(place, file, found);
  return { path, ...(statement === undefined ? {} : { statement }), refusals: [] };
}

/** What is there under the name and is not to be written over. */
function refuseForeign(
  { host, stack }: DesiredHostFiles,
  before: HostFilesBefore | undefined,
  { path, file, live }: { readonly path: string; readonly file: DesiredHostFile; readonly live: LiveHost },
): Refusal[] {
  const found = live.entries[path];
  if (found === undefined) return [];
  const refuse = (message: string, hint: string): Refusal[] => [
    { subject: `file ${path} on ${host}`, message, hint },
  ];
  if (found.kind !== "file") {
    return refuse(
      `what is there is ${kindWords[found.kind]}`,
      "look at what it is for and remove it there; nothing was written.",
    );
  }
  const marked = markedStack(found.text);
  if (marked !== undefined && marked !== stack) {
    return refuse(
      `it is of another stack, ${marked}`,
      `\`pulumi destroy\` of that stack removes it; where that stack is no more, remove the file there.`,
    );
  }
  const isOwn = marked === stack || before?.files[path] !== undefined || found.hash === file.hash;
  if (isOwn) return [];
  return refuse(
    "a file is there already that pgstead has not written",
    "look at what it is for, and move it away; nothing was written.",
  );
}

/** The directory that a file or directory is to be in has to be there, or declared. */
function refuseParent({ host, directories }: DesiredHostFiles, path: string, live: LiveHost): Refusal[] {
  const parent = parentOf(path);
  if (live.directories.includes(parent) || directories[parent] !== undefined) return [];
  return [
    {
      subject: `${path} on ${host}`,
      message: `there is no directory ${parent}`,
      hint: "is what it belongs to installed there? Make the directory, or install that.",
    },
  ];
}

function refuseAccounts(desired: DesiredHostFiles, { accounts, groups }: LiveHost): Refusal[] {
  const all = [...Object.entries(desired.files), ...Object.entries(desired.directories)];
  const missing = new Map<string, string>();
  for (const [path, { owner }] of all) {
    const { account, group } = splitOwner(owner);
    if (accounts[account] === undefined) missing.set(`account ${account}`, path);
    if (group !== undefined && !groups.includes(group)) missing.set(`group ${group}`, path);
  }
  return [...missing].map(([what, path]) => ({
    subject: `${what} on ${desired.host}`,
    message: `it is not there, and ${path} is to be its own`,
    hint: "is what brings it installed there (postgresql-common brings postgres)? `getent passwd` and `getent group` tell.",
  }));
}

/** `postgres:postgres`; undefined: there is no such account. */
function fullOwner({ accounts }: Pick<LiveHost, "accounts">, owner: string): string | undefined {
  const { account, group } = splitOwner(owner);
  const own = group ?? accounts[account];
  return own === undefined ? undefined : `${account}:${own}`;
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
