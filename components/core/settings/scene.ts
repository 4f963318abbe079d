import type { SettingValue } from "../server/role-settings";
import { isAutoFile, namesOf, type ActualSetting, type SettingsCatalog } from "./catalog";
import { settingFault, type BroughtFiles } from "./check";
import { knownExtensionSettings } from "./known";
import { isKeptByOthers, type MadeServer } from "./owners";

/** What is declared of a server's settings. */
export interface DesiredSettingsOfServer extends BroughtFiles {
  /** Values by name: the user's own, and the formulas'. */
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** The formula of each value that is one, by name; the others are the user's own. */
  readonly reasons: Readonly<Record<string, string>>;
  /** Whether a run may restart the server. */
  readonly restart: "allow" | "refuse";
  /** Whether a run can: otherwise somebody else does, and what waits for it is told. */
  readonly canRestart: boolean;
  /** What a server that is made here runs in; absent: it was there already. */
  readonly made?: MadeServer | undefined;
  /**
   * The names that are this declaration's to set and to take out; every other one is left alone, unseen.
   *
   * @default - all but those that another part of pgstead, or another tool, keeps; of these it is told
   */
  readonly names?: readonly string[];
  /** Names that another resource of the stack keeps: they are not told either. */
  readonly keptBeside?: readonly string[];
  /** Set where the managing login is no superuser: it sets what it was granted (`ALTER SYSTEM` on a parameter). */
  readonly limited?: LimitedLogin;
}

/** A managing login without superuser. */
export interface LimitedLogin {
  readonly login: string;
  /** Whether what it may not set is the service's own interface's to set; otherwise that is refused. */
  readonly isManaged: boolean;
}

/** A declaration held against a server. */
export interface Scene {
  readonly catalog: SettingsCatalog;
  readonly reasons: Readonly<Record<string, string>>;
  /** Rows of pg_settings by name in small letters. */
  readonly live: ReadonlyMap<string, ActualSetting>;
  /** The same as they will be once what nobody declared is gone. */
  readonly afterResets: ReadonlyMap<string, ActualSetting>;
  readonly declared: ReadonlyMap<string, SettingValue>;
  readonly formulas: ReadonlySet<string>;
  /** Value of postgresql.auto.conf by name. */
  readonly auto: ReadonlyMap<string, string>;
  /** Value of the other configuration files by name. */
  readonly below: ReadonlyMap<string, string>;
  /** Names that are, or were just before a reload, in postgresql.auto.conf and are not declared. */
  readonly leaving: readonly string[];
  /** Declared ones that the managing login may not set. */
  readonly beyond: readonly string[];
}

/** What is declared of those settings that the server has and the login may set, and what it has. */
export function setScene(desired: DesiredSettingsOfServer, catalog: SettingsCatalog): Scene {
  const live = new Map(catalog.settings.map((row) => [row.name.toLowerCase(), row]));
  const entries = (isAuto: boolean): Map<string, string> =>
    new Map(
      catalog.entries
        .filter(({ file }) => isAutoFile(file) === isAuto)
        .map(({ name, value }) => [name.toLowerCase(), value]),
    );
  const [auto, below] = [entries(true), entries(false)];
  const formulas = new Set(Object.keys(desired.reasons).map((name) => name.toLowerCase()));
  const written = Object.entries(desired.settings).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  const libraries = librariesOf(desired.settings, live);
  const may = (name: string): boolean => catalog.rights?.alter.includes(name) ?? true;
  const taken = written
    .filter(([name, value]) => !formulas.has(name) || isTaken(name, value, live, libraries))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const declared = new Map(taken.filter(([name]) => may(name)));
  const beyond = taken.map(([name]) => name).filter((name) => !may(name));
  const stale = catalog.settings.filter(({ file }) => file !== undefined && isAutoFile(file));
  const present = new Set([...auto.keys(), ...stale.map(({ name }) => name.toLowerCase())]);
  const isOwn = (name: string): boolean => desired.names?.includes(name) ?? !isKeptByOthers(name);
  const leaving = [...present].filter((name) => !declared.has(name) && isOwn(name) && may(name)).toSorted();
  const afterResets = new Map(live);
  for (const name of leaving) {
    const row = live.get(name);
    if (row !== undefined) afterResets.set(name, { ...row, setting: below.get(name) ?? row.boot });
  }
  const { reasons } = desired;
  return { catalog, reasons, live, afterResets, declared, formulas, auto, below, leaving, beyond };
}

/** A formula's value that this server's version or build has not, or that is outranked, is left out; a user's is refused. */
function isTaken(
  name: string,
  value: SettingValue,
  live: ReadonlyMap<string, ActualSetting>,
  libraries: readonly string[],
): boolean {
  const row = live.get(name);
  if (row?.source === "command line" || row?.source === "environment variable") return false;
  const [library = ""] = name.split(".");
  const type = row ?? (libraries.includes(library) ? knownExtensionSettings.get(name) : undefined);
  return type !== undefined && settingFault(name, value, () => type, []) === undefined;
}

/** What the server loads when it starts next, and each session when it logs in. */
function librariesOf(
  settings: Readonly<Record<string, SettingValue>>,
  live: ReadonlyMap<string, ActualSetting>,
): readonly string[] {
  const names = ["shared_preload_libraries", "session_preload_libraries"];
  return names.flatMap((name) => namesOf(settings[name] ?? live.get(name)?.setting ?? ""));
}
