import { stat } from "node:fs/promises";
import { basename, isAbsolute, join } from "node:path";
import type { FileFact } from "../core/operations/security/facts";
import { listLogFiles } from "./log-directory";

/** Files that controls ask for, by what they are. */
export interface SecurityPath {
  readonly what: string;
  readonly path: string;
}

/** Where they are, as the server's settings say. */
export function securityPaths(settings: Readonly<Record<string, string>>): SecurityPath[] {
  const { data_directory: data = "", log_directory: log = "", ssl } = settings;
  if (data === "") return [];
  const at = (path: string): string => (isAbsolute(path) ? path : join(data, path));
  return [
    { what: "data_directory", path: data },
    ...["hba_file", "ident_file", "config_file"].map((what) => ({ what, path: at(settings[what] ?? what) })),
    { what: "auto_file", path: at("postgresql.auto.conf") },
    { what: "log_directory", path: at(log) },
    ...(ssl === "on" ? [{ what: "ssl_key_file", path: at(settings.ssl_key_file ?? "") }] : []),
  ];
}

/** The modes of files on this machine; undefined: this account does not reach them. */
export async function readLocalModes(paths: readonly SecurityPath[]): Promise<FileFact[] | undefined> {
  try {
    const logs = paths.find(({ what }) => what === "log_directory")?.path;
    const names = logs === undefined ? [] : (await listLogFiles(logs)).map(({ name }) => join(logs, name));
    const all = [...paths, ...names.map((path) => ({ what: "log_file", path }))];
    return await Promise.all(
      all.map(async (one) => ({ ...one, mode: (await stat(one.path)).mode & 0o7777 })),
    );
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    if (["EACCES", "ENOENT", "EPERM"].includes(code)) return undefined;
    throw error;
  }
}

/** The command that tells the modes where the files are, and how its output is read. */
export function modesCommand(paths: readonly SecurityPath[]): string[] {
  const logs = paths.find(({ what }) => what === "log_directory")?.path;
  const places = paths.map(({ path }) => path);
  // A link leads to the data of the generation in use.
  const script = 'stat -L -c "%a %n" "$@"; [ -z "$0" ] || find "$0" -maxdepth 1 -type f -printf "%m %p\\n"';
  return ["sh", "-c", script, logs ?? "", ...places];
}

export function parseModes(output: string, paths: readonly SecurityPath[]): FileFact[] {
  const whats = new Map(paths.map(({ path, what }) => [path, what]));
  return output.split("\n").flatMap((line) => {
    const [, mode, path = ""] = /^([0-7]+) (.+)$/.exec(line) ?? [];
    if (mode === undefined) return [];
    return [{ what: whats.get(path) ?? "log_file", path: shortened(path), mode: Number.parseInt(mode, 8) }];
  });
}

function shortened(path: string): string {
  return path.length <= 80 ? path : `…/${basename(path)}`;
}
