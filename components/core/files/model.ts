/** Whose a file is, by numbers: names differ between images. */
export interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** What tells a process of a container that its files changed. */
export interface Reload {
  /** Name of the container. One that does not run reads the files when it starts. */
  readonly container: string;
  /** Signal to its main process; ignored with `restart`. */
  readonly signal?: string;
  /** True: it is restarted, as it reads its files only then. */
  readonly restart?: boolean;
}

/** A file as it is to be. */
export interface DesiredFile {
  /** Undefined: it is not known before `up`. */
  readonly content: string | undefined;
  /** SHA-256 of the content, in hexadecimal; undefined: not known before `up`. */
  readonly hash: string | undefined;
  /** As chmod has it, such as `0640`. */
  readonly mode: string;
  /** Nothing of a secret file is ever shown. */
  readonly secret: boolean;
  /** True: its lines mean nothing to people, such as those of a certificate; no difference of them is shown. */
  readonly opaque?: boolean;
}

/** What is declared of a volume. */
export interface DesiredFiles {
  readonly volume: string;
  readonly owner: FileOwner;
  /** Of the volume's own directory. */
  readonly directoryMode: string;
  readonly files: Readonly<Record<string, DesiredFile>>;
  /** Names of files that something else keeps there. */
  readonly others: readonly string[];
  readonly reload: Reload | undefined;
}

/** What lies under a name: on a volume, where owners are numbers, or on a host, where they are names. */
export interface LiveFile<Owner = FileOwner> {
  readonly kind: "file" | "directory" | "link" | "other";
  readonly owner: Owner;
  readonly mode: string;
  /** SHA-256 of the content, in hexadecimal; empty where it is no file. */
  readonly hash: string;
  /** The content as text; undefined: it is no text in UTF-8, or nobody asked for it. */
  readonly text?: string;
}

/** A volume as it was read: its own directory, and what lies in it. */
export interface LiveVolume {
  readonly owner: FileOwner;
  readonly mode: string;
  readonly files: Readonly<Record<string, LiveFile>>;
}

/** Beginning of the names that our own runs use on a volume. */
export const reservedPrefix = ".pgstead-";

/** Directory of a write that is not over: what a killed run has left is removed by the next. */
export const draftPrefix = `${reservedPrefix}draft-`;

/** Says that files were written and the container has not been told yet. */
export function pendingName(reload: Reload): string {
  return `${reservedPrefix}reload-${reload.container}`;
}

/** `999:990`, as chown takes it. */
export function renderOwner({ uid, gid }: FileOwner): string {
  return `${uid}:${gid}`;
}
