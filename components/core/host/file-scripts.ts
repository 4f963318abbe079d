import { quoteShell } from "../shell";
import { joinPath, parentOf, type HostQuestion } from "./file-model";

/** Between what the host says in lines and the archive. */
export const archiveMark = "--archive--";

/** In the output: the first file is about to be taken over. */
export const startedMark = "pgstead: started";
/** In the output: all of it was done. */
export const doneMark = "pgstead: done";
/** Name of the last file of an archive: all of it arrived. */
export const wholeName = "whole";

/**
 * Reads all that a question is about, as root: accounts, groups and directories in lines, then what lies under the
 * paths, as an archive in base64. Changes nothing.
 */
export function readScript({ paths, parents, accounts, groups, draftPrefix }: HostQuestion): string {
  return `set -u
LC_ALL=C; export LC_ALL
for one in ${words(accounts)}; do
  if group=$(id -gn -- "$one" 2>/dev/null); then printf 'account %s %s\\n' "$one" "$group"; fi
done
for one in ${words(groups)}; do
  if getent group "$one" >/dev/null; then printf 'group %s\\n' "$one"; fi
done
for one in ${words(parents)}; do
  if [ -d "$one" ]; then printf 'directory %s\\n' "$one"; fi
done
set --
for one in ${words(paths)}; do
  if [ -e "$one" ] || [ -L "$one" ]; then set -- "$@" ".$one"; fi
done
for parent in ${words(parents)}; do
  for one in "$parent"/${quoteShell(draftPrefix)}*; do
    if [ -d "$one" ]; then set -- "$@" ".$one"; fi
  done
done
printf 'count %s\\n${archiveMark}\\n' "$#"
cd / || exit 1
if [ "$#" -gt 0 ]; then tar -c --no-recursion -f - -- "$@" | base64; fi
`;
}

/** What is done to a host in one go. */
export interface HostScript {
  /** Directories that are made or get owner and mode, from the root on. */
  readonly make: readonly { readonly path: string; readonly mode: string; readonly owner: string }[];
  /** Directories in which files are drafted, each with the name of its draft. */
  readonly drafts: readonly { readonly parent: string; readonly draft: string }[];
  /** From a draft to its place. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
  readonly remove: readonly string[];
  /** Directories that go if nothing is in them. */
  readonly leave: readonly string[];
  /** Drafts of killed runs. */
  readonly leftovers: readonly string[];
}

/**
 * Writes and removes files, as root. All new files come as an archive on standard input, lie on the file systems where
 * they belong and are flushed before the first one takes the place of an old one, which is a rename: whoever reads sees the
 * old or the new one whole. Killed before that, everything is as it was; a run that loses its connection later does not
 * stop the renames.
 */
export function writeScript({ make, drafts, moves, remove, leave, leftovers }: HostScript): string {
  const draftPaths = drafts.map(({ draft }) => draft);
  const parents = [...new Set([...drafts.map(({ parent }) => parent), ...leave.map(parentOf)])];
  return `set -eu
LC_ALL=C; export LC_ALL
umask 077
made=
undo() {
  rm -rf -- ${words(draftPaths)}
  for one in $made; do rmdir -- "$one" 2>/dev/null || :; done
}
trap undo EXIT
trap 'exit 1' HUP INT TERM
${make.map(makeDirectory).join("")}rm -rf -- ${words(leftovers)}
${draftPaths.map((draft) => `mkdir -m 0700 -- ${quoteShell(draft)}\n`).join("")}${moves.length === 0 ? "" : receive(draftPaths[0] ?? "", moves)}trap '' HUP INT TERM
echo '${startedMark}'
${moves.map(({ from, to }) => `mv -fT -- ${quoteShell(from)} ${quoteShell(to)}\n`).join("")}rm -f -- ${words(remove)}
made=
rm -rf -- ${words(draftPaths)}
for one in ${words(leave)}; do
  if [ -d "$one" ]; then rmdir -- "$one" 2>/dev/null || printf 'left %s\\n' "$one"; fi
done
for one in ${words(parents)}; do
  if [ -d "$one" ]; then sync "$one" 2>/dev/null || :; fi
done
echo '${doneMark}'
`;
}

function makeDirectory({ path, mode, owner }: HostScript["make"][number]): string {
  const name = quoteShell(path);
  return `if [ ! -d ${name} ]; then mkdir -m 0700 -- ${name}; made="${path} $made"; fi
chown -- ${quoteShell(owner)} ${name}
chmod -- ${mode} ${name}
`;
}

/** The last file of the archive says that all came: a lost connection looks like its end. */
function receive(first: string, moves: HostScript["moves"]): string {
  const checks = moves.map(
    ({ to }) =>
      `if [ -d ${quoteShell(to)} ] || [ -L ${quoteShell(to)} ]; then echo ${quoteShell(`${to} is no file`)} >&2; exit 1; fi\n`,
  );
  return `tar -x -p -f - -C /
if [ ! -f ${quoteShell(joinPath(first, wholeName))} ]; then echo 'the files did not arrive whole' >&2; exit 1; fi
sync -- ${words(moves.map(({ from }) => from))}
${checks.join("")}`;
}

function words(texts: readonly string[]): string {
  return texts.map(quoteShell).join(" ");
}
