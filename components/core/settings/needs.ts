import type { SettingValue } from "../server/role-settings";
import { namesOf, textOf, type ActualSetting } from "./catalog";

/** What a declared setting needs to be on the server's host. */
export interface SettingNeeds {
  /** Libraries, as LOAD takes them. */
  readonly libraries: readonly { readonly setting: string; readonly name: string; readonly path: string }[];
  /** Files and directories, absolute or from the data directory. */
  readonly files: readonly { readonly setting: string; readonly path: string }[];
}

/**
 * What has to be there for a server to start, or for anybody to log in, with the declared settings: ALTER SYSTEM and a
 * reload take them without looking.
 */
export function settingNeeds(
  settings: Readonly<Record<string, SettingValue>>,
  rows: readonly ActualSetting[],
): SettingNeeds {
  const live = new Map(rows.map(({ name, setting }) => [name, setting]));
  const value = (name: string): string => textOf(settings[name] ?? live.get(name) ?? "");
  const loaded = namesOf(live.get("shared_preload_libraries") ?? "");
  const libraries = libraryLists
    .flatMap((setting) => namesOf(settings[setting] ?? []).map((name) => ({ setting, name })))
    .filter(({ name }) => name !== "" && !loaded.includes(name))
    .map((library) => ({ ...library, path: pathOf(library) }));
  const encrypts = ["on", "true", "yes", "1"].includes(textOf(settings.ssl ?? "").toLowerCase());
  const certificates = encrypts ? ["ssl_cert_file", "ssl_key_file", "ssl_ca_file"] : [];
  const directory = textOf(settings.log_directory ?? "");
  return {
    libraries,
    files: [
      ...certificates
        .map((name) => ({ setting: "ssl", path: value(name) }))
        .filter(({ path }) => path !== ""),
      // The server makes the directory of its log itself, and none above it.
      ...(directory.includes("/") ? [{ setting: "log_directory", path: parentOf(directory) }] : []),
    ],
  };
}

const libraryLists = ["shared_preload_libraries", "session_preload_libraries", "local_preload_libraries"];

function pathOf({ setting, name }: { readonly setting: string; readonly name: string }): string {
  return setting === "local_preload_libraries" && !name.includes("/") ? `$libdir/plugins/${name}` : name;
}

function parentOf(path: string): string {
  const parent = path.replace(/\/+$/, "").replace(/\/[^/]*$/, "");
  return parent === "" ? "/" : parent;
}
