import { nearest } from "../nearest";
import type { SettingValue } from "../server/role-settings";
import { namesOf, isNameList, textOf, type ActualSetting, type SettingsCatalog } from "./catalog";
import { knownExtensionSettings } from "./known";
import { parseSettingValue, type SettingType } from "./value";
import { foreignFault, type MadeServer } from "./owners";
import type { Refusal } from "../statement";

/** What is wrong, and what to do about it. */
export type SettingFault = Omit<Refusal, "subject">;

/** Looks a setting up in whatever form its name is written. */
export type FindSetting = (name: string) => SettingType | undefined;

/**
 * What the server would not take, or what nobody may set: name, unit, range, words, context.
 *
 * @param find what is known of a setting; for names with a dot the library may not be loaded
 * @param names all names that are known, for a suggestion
 */
export function settingFault(
  name: string,
  value: SettingValue,
  find: FindSetting,
  names: Iterable<string>,
): SettingFault | undefined {
  const type = find(name);
  if (type === undefined) return unknownFault(name, names);
  if (type.context === "internal") {
    return { message: "the server tells it, and nobody can set it", hint: "remove it" };
  }
  if (isNameList(name) && namesOf(value).length === 0) {
    return {
      message:
        "an empty list: ALTER SYSTEM stores it as one nameless entry, with which a server does not start",
      hint: "remove it, which gives the value of postgresql.conf",
    };
  }
  const read = parseSettingValue(type, textOf(value));
  if (!("fault" in read)) return undefined;
  return {
    message: `${JSON.stringify(textOf(value))} ${read.fault}`,
    hint: `write it such as ${type.boot || "a text"}${bootUnit(type)}`,
  };
}

function bootUnit({ unit, boot }: SettingType): string {
  return /^(?:kB|MB|B|ms|s|min)$/.test(unit) && boot !== "-1" && boot !== "0" ? unit : "";
}

/** A name with a dot belongs to a library, or to an application that invents it; others are PostgreSQL's. */
function unknownFault(name: string, names: Iterable<string>): SettingFault | undefined {
  const [prefix = "", rest] = name.toLowerCase().split(".");
  const known = [...names, ...knownExtensionSettings.keys()];
  const ofLibrary = known.filter((other) => other.startsWith(`${prefix}.`));
  if (rest !== undefined && ofLibrary.length === 0) return undefined;
  const meant = nearest(name, rest === undefined ? known.filter((other) => !other.includes(".")) : ofLibrary);
  return {
    message: rest === undefined ? "PostgreSQL has no such setting" : `${prefix} has no such setting`,
    hint: meant === undefined ? "remove it: pg_settings lists what there is" : `did you mean ${meant}?`,
  };
}

/** What the server has, and what is declared on top. */
export interface Effective {
  readonly catalog: SettingsCatalog;
  /** What is declared, by name in small letters. */
  readonly declared: ReadonlyMap<string, SettingValue>;
  readonly live: ReadonlyMap<string, ActualSetting>;
  readonly made: MadeServer | undefined;
}

/** What is not on the server's host yet, and will be. */
export interface BroughtFiles {
  /** Files that another resource of the stack puts there before the settings: they are not missed. @default - none */
  readonly broughtFiles?: readonly string[];
}

/** What of the declared settings the server itself stands against: each by itself, then those that do not go together. */
export function refuseSettings(
  effective: Effective,
  byUser: (name: string) => boolean,
  { broughtFiles = [] }: BroughtFiles = {},
): Refusal[] {
  const { declared, live, catalog, made } = effective;
  const find: FindSetting = (name) => live.get(name) ?? knownExtensionSettings.get(name);
  const names = [...live.values()].map(({ name }) => name);
  const single = [...declared]
    .filter(([name]) => byUser(name))
    .flatMap(([name, value]) => {
      const fault =
        foreignFault(name, made) ?? sourceFault(live.get(name)) ?? settingFault(name, value, find, names);
      return fault === undefined ? [] : [{ subject: `setting ${name}`, ...fault }];
    });
  const missing = catalog.missing
    .filter(({ setting, name }) => declared.has(setting) && !broughtFiles.includes(name))
    .map(({ setting, name }) => ({ subject: `setting ${setting}`, ...missingFault(setting, name) }));
  const bad = new Set([...single, ...missing].map(({ subject }) => subject));
  const together = refuseTogether(effective).filter(({ subject }) => !bad.has(subject));
  return [...single, ...missing, ...together];
}

/** What outranks postgresql.auto.conf. */
function sourceFault(live: ActualSetting | undefined): SettingFault | undefined {
  if (live?.source !== "command line" && live?.source !== "environment variable") return undefined;
  const place =
    live.source === "command line" ? "on the server's command line" : "by a variable of its environment";
  return {
    message: `it is set ${place}, which outranks ALTER SYSTEM`,
    hint: "remove it here, or there",
  };
}

function missingFault(setting: string, name: string): SettingFault {
  if (setting.endsWith("_libraries")) {
    return {
      message: `library ${name} is not there: the server would not start`,
      hint: "install it on the server's host, or remove it from the list",
    };
  }
  return { message: `${name} is not there: the server would not start`, hint: "put it there first" };
}

/** Combinations that ALTER SYSTEM takes and with which a server does not start. */
function refuseTogether(effective: Effective): Refusal[] {
  return [...refuseMinimalWal(effective), ...refuseSlots(effective), ...refuseNumbers(effective)];
}

function refuseMinimalWal(effective: Effective): Refusal[] {
  const value = (name: string): string => valueOf(effective, name);
  if (value("wal_level") !== "minimal") return [];
  const clash = (other: string, wanted: string): Refusal[] =>
    value(other) === "" || value(other) === wanted
      ? []
      : refuse(
          effective,
          ["wal_level", other],
          `minimal does not go with ${other} ${value(other)}: the server would not start`,
          `set ${other} to ${wanted}, or wal_level to replica`,
        );
  return [
    ...clash("max_wal_senders", "0"),
    ...clash("archive_mode", "off"),
    ...clash("summarize_wal", "off"),
  ];
}

function refuseSlots(effective: Effective): Refusal[] {
  const { total, logical } = effective.catalog.slots;
  const level = valueOf(effective, "wal_level");
  const slots = `there are ${total} replication slots, ${logical} of them logical`;
  const needsMore = (logical > 0 && level !== "logical") || (total > 0 && level === "minimal");
  const message = `${slots}, that need more: the server would not start`;
  const tooMany = total > Number(valueOf(effective, "max_replication_slots"));
  return [
    ...(needsMore
      ? refuse(effective, ["wal_level"], message, "drop the slots, or set wal_level to logical")
      : []),
    ...(tooMany
      ? refuse(effective, ["max_replication_slots"], `${slots}: the server would not start`, "set it higher")
      : []),
  ];
}

function refuseNumbers(effective: Effective): Refusal[] {
  const number = (name: string): number => Number(valueOf(effective, name));
  const reserved = number("superuser_reserved_connections") + number("reserved_connections");
  const least = (2 * number("wal_segment_size")) / 1024 ** 2;
  const connections = number("max_connections");
  const tooShort = ["min_wal_size", "max_wal_size"].filter((name) => number(name) < least);
  return [
    ...(reserved >= connections
      ? refuse(
          effective,
          ["max_connections", "superuser_reserved_connections", "reserved_connections"],
          `${connections} leaves nobody a connection: ${reserved} are reserved, and the server would not start`,
          "set it higher, or superuser_reserved_connections and reserved_connections lower",
        )
      : []),
    ...tooShort.flatMap((name) =>
      refuse(
        effective,
        [name],
        `is less than two segments of WAL, ${least}MB: the server would not start`,
        `set it to ${least}MB or more`,
      ),
    ),
  ];
}

/** A refusal about the first of the names, where one of them is declared. */
function refuse({ declared }: Effective, names: readonly string[], message: string, hint: string): Refusal[] {
  if (!names.some((name) => declared.has(name))) return [];
  return [{ subject: `setting ${names[0] ?? ""}`, message, hint }];
}

/** The value that a setting will have, in its own unit. */
function valueOf({ declared, live }: Effective, name: string): string {
  const actual = live.get(name);
  const written = declared.get(name);
  if (actual === undefined || written === undefined) return actual?.setting ?? "";
  const read = parseSettingValue(actual, textOf(written));
  return "fault" in read ? actual.setting : read.value;
}
