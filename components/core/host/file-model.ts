import type { DesiredFile, LiveFile } from "../files/model";
import { reservedPrefix } from "../files/model";

/** A file of a host as it is to be. */
export interface DesiredHostFile extends DesiredFile {
  /** `root`, `postgres` or `account:group`; without a group it is the account's own. */
  readonly owner: string;
}

export interface DesiredHostDirectory {
  readonly mode: string;
  readonly owner: string;
}

/** What is declared of a host. */
export interface DesiredHostFiles {
  /** `deploy@db1.example.com:22` */
  readonly host: string;
  /** `<project>/<stack>`: whose the files are. */
  readonly stack: string;
  /** By absolute path. */
  readonly files: Readonly<Record<string, DesiredHostFile>>;
  /** By absolute path: made where they are not there, and removed again if nothing is in them. */
  readonly directories: Readonly<Record<string, DesiredHostDirectory>>;
}

/** A host as it was read, as far as the declaration is about it. */
export interface LiveHost {
  /** Files and directories that are there, by path; drafts of killed runs included. Owners are `account:group`. */
  readonly entries: Readonly<Record<string, LiveFile<string>>>;
  /** Directories that are there, of those in which files are to be. */
  readonly directories: readonly string[];
  /** The group of each account that is there, by its name. */
  readonly accounts: Readonly<Record<string, string>>;
  readonly groups: readonly string[];
}

/** What is asked of a host in one go. */
export interface HostQuestion {
  /** Absolute paths of files and directories. */
  readonly paths: readonly string[];
  /** Directories in which files are to be. */
  readonly parents: readonly string[];
  readonly accounts: readonly string[];
  readonly groups: readonly string[];
  /** How the names of this resource's drafts begin. */
  readonly draftPrefix: string;
}

/** How the names of a resource's drafts begin: another one's may be in the middle of a write. */
export function draftsOf(key: string): string {
  return `${reservedPrefix}draft-${key}-`;
}

export function parentOf(path: string): string {
  const end = path.lastIndexOf("/");
  return end <= 0 ? "/" : path.slice(0, end);
}

export function joinPath(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

export function splitOwner(owner: string): { readonly account: string; readonly group: string | undefined } {
  const [account = "", group] = owner.split(":");
  return { account, group };
}

/** All that has to be known of a host to compare it with what is declared, now and before. */
export function questionOf(
  desired: Pick<DesiredHostFiles, "files" | "directories">,
  before: Pick<DesiredHostFiles, "files" | "directories"> | undefined,
  draftPrefix: string,
): HostQuestion {
  const files = [...Object.keys(desired.files), ...Object.keys(before?.files ?? {})];
  const directories = [...Object.keys(desired.directories), ...Object.keys(before?.directories ?? {})];
  const owners = [...Object.values(desired.files), ...Object.values(desired.directories)].map(({ owner }) =>
    splitOwner(owner),
  );
  return {
    paths: sorted([...files, ...directories]),
    parents: sorted([...files, ...directories].map(parentOf)),
    accounts: sorted(owners.map(({ account }) => account)),
    groups: sorted(owners.flatMap(({ group }) => group ?? [])),
    draftPrefix,
  };
}

function sorted(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted();
}
