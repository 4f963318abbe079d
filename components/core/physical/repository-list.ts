import { problemError } from "../problem";

/** A file or directory of a repository. */
export interface RepositoryEntry {
  readonly name: string;
  readonly isFile: boolean;
  /** When it was written, in milliseconds since 1970; 0: the program does not tell. */
  readonly writtenAt: number;
}

/**
 * Reads what `pgbackrest repo-ls --output=json` prints of one directory, by name.
 *
 * @throws ProblemError the text is of another form
 */
export function parseRepositoryList(text: string): readonly RepositoryEntry[] {
  try {
    const found = JSON.parse(text) as Readonly<
      Record<string, { readonly type?: string; readonly time?: number }>
    >;
    return Object.entries(found)
      .filter(([name]) => name !== ".")
      .map(([name, { type, time }]) => ({ name, isFile: type === "file", writtenAt: (time ?? 0) * 1_000 }))
      .toSorted((one, other) => (one.name < other.name ? -1 : 1));
  } catch (error) {
    throw problemError(
      "pgbackrest repo-ls",
      "printed what cannot be understood",
      "look whether its version is one that pgstead knows (2.55), and please report this",
      { cause: error },
    );
  }
}

/** Numbers of the lines of the log that began with a restore, by the files that tell where. */
export function historyFiles(
  entries: readonly RepositoryEntry[],
): readonly { readonly id: number; readonly name: string; readonly since: number }[] {
  return entries.flatMap(({ name, writtenAt }) => {
    const [, digits] = /^([0-9A-F]{8})\.history$/.exec(name) ?? [];
    return digits === undefined ? [] : [{ id: Number.parseInt(digits, 16), name, since: writtenAt }];
  });
}
