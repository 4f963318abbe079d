import { parseNames, nameLists, type SettingValue } from "../server/role-settings";
import { knownExtensionSettings, knownSettings } from "./known";
import type { SettingRights } from "./rights";
import { sameSettingValue, type SettingType } from "./value";

/** A row of pg_settings. */
export interface ActualSetting extends SettingType {
  /** The live value, in the setting's unit. */
  readonly setting: string;
  /** Where it comes from: `default`, `configuration file`, `command line`, `client` … */
  readonly source: string;
  /** Undefined: no file, or the login may not know. */
  readonly file: string | undefined;
  readonly pendingRestart: boolean;
}

/** A line of a configuration file, as the next reload would read it (a row of pg_file_settings). */
export interface FileEntry {
  readonly name: string;
  readonly value: string;
  readonly file: string;
  readonly line: number;
  /** What is wrong with it; undefined: nothing. */
  readonly error: string | undefined;
}

/** What a server is set to. */
export interface SettingsCatalog {
  readonly settings: readonly ActualSetting[];
  /** In the order in which the server reads them: the last one of a name counts. */
  readonly entries: readonly FileEntry[];
  /** True where postgresql.auto.conf is newer than what the server has loaded. */
  readonly isUnloaded: boolean;
  /** True where settings are kept to be put back, should the server not start with the present ones. */
  readonly hasProof: boolean;
  /** True where it has no database of anybody: a restart disturbs nobody. */
  readonly isUnused: boolean;
  /** Libraries and files of the declared settings that are not there, by setting. */
  readonly missing: readonly { readonly setting: string; readonly name: string }[];
  /** Replication slots: how many, and how many of them logical. */
  readonly slots: { readonly total: number; readonly logical: number };
  /** What the managing login may set, where that is not everything. */
  readonly rights?: SettingRights;
}

/** Name of the file that ALTER SYSTEM writes, and the last one that the server reads. */
export const autoFile = "postgresql.auto.conf";

export function isAutoFile(file: string): boolean {
  return /(?:^|[\\/])postgresql\.auto\.conf$/.test(file);
}

/**
 * A server of PostgreSQL 17 before anybody has set anything.
 *
 * @param libraries that it loads when it starts
 */
export function newServerSettings(libraries: readonly string[]): SettingsCatalog {
  const ofLibraries = [...knownExtensionSettings.values()].filter(({ name }) =>
    libraries.includes(name.split(".")[0] ?? ""),
  );
  const settings = [...knownSettings.values(), ...ofLibraries].map((type) => ({
    ...type,
    setting: type.name === "shared_preload_libraries" ? libraries.join(", ") : type.boot,
    source: "default",
    file: undefined,
    pendingRestart: false,
  }));
  const slots = { total: 0, logical: 0 };
  return { settings, entries: [], isUnloaded: false, hasProof: false, isUnused: true, missing: [], slots };
}

/** Whether two values mean the same; of a setting that nobody knows they are compared as texts. */
export function sameValueOf(
  type: SettingType | undefined,
  name: string,
  one: SettingValue,
  other: SettingValue,
): boolean {
  if (isNameList(name)) return JSON.stringify(namesOf(one)) === JSON.stringify(namesOf(other));
  const [a, b] = [textOf(one), textOf(other)];
  return type === undefined ? a === b : sameSettingValue(type, a, b);
}

/** True for a setting that is a list of names, each quoted by itself. */
export function isNameList(name: string): boolean {
  return nameLists.has(name.toLowerCase());
}

/** The names of a list, written as one text or as a list. */
export function namesOf(value: SettingValue): readonly string[] {
  return typeof value === "string" ? parseNames(value) : value;
}

export function textOf(value: SettingValue): string {
  return typeof value === "string" ? value : value.join(", ");
}
