import type { SettingValue } from "../server/role-settings";

/** What the server says of a setting (a row of pg_settings, without its value). */
export interface SettingType {
  /** As PostgreSQL spells it: `TimeZone`, `work_mem`. */
  readonly name: string;
  readonly vartype: "bool" | "integer" | "real" | "enum" | "string";
  /** Unit of bare numbers: `8kB`, `kB`, `MB`, `B`, `ms`, `s`, `min`; empty: none. */
  readonly unit: string;
  /** Who may change it, and what a change costs: `postmaster` is a restart, `internal` is never. */
  readonly context: string;
  /** Least and greatest number, in its unit; empty: no limit. */
  readonly least: string;
  readonly greatest: string;
  /** Value without any configuration (`boot_val`), in its unit. */
  readonly boot: string;
  /** Words of an enum that it takes. */
  readonly words: readonly string[];
}

/** A value as the server keeps it, in its own unit; or why the server would not take it. */
export type ReadValue = { readonly value: string } | { readonly fault: string };

/**
 * Reads a value as PostgreSQL does: `8GB` and `8192MB` are the same number of 8kB blocks.
 *
 * Source: `parse_int`, `parse_real`, `parse_bool` and `convert_to_base_unit` in src/backend/utils/misc/guc.c and
 * src/backend/utils/adt/bool.c of 17.
 */
export function parseSettingValue(type: SettingType, written: SettingValue): ReadValue {
  const text = typeof written === "string" ? written : written.join(", ");
  switch (type.vartype) {
    case "string":
      return { value: text };
    case "bool":
      return parseFlag(text);
    case "enum":
      return parseWord(type, text);
    default:
      return parseNumber(type, text.trim());
  }
}

/** Whether two values that the server takes mean the same to it. Lists of names are compared elsewhere. */
export function sameSettingValue(type: SettingType, one: SettingValue, other: SettingValue): boolean {
  const [a, b] = [parseSettingValue(type, one), parseSettingValue(type, other)];
  if ("fault" in a || "fault" in b) return one === other;
  if (type.vartype !== "real") return a.value === b.value;
  // The server shows six digits of a real number.
  const [x, y] = [Number(a.value), Number(b.value)];
  return Math.abs(x - y) <= 1e-5 * Math.max(Math.abs(x), Math.abs(y));
}

/** A size such as `8GB` in kB, rounded down; undefined: no size with a unit. */
export function parseMemory(text: string): number | undefined {
  const [, number, unit = ""] = /^(\d+(?:\.\d+)?)\s*(B|kB|MB|GB|TB)$/.exec(text.trim()) ?? [];
  const bytes = memoryUnits.get(unit);
  return number === undefined || bytes === undefined
    ? undefined
    : Math.floor((Number(number) * bytes) / 1024);
}

/** A number of kB in the greatest unit that needs no fraction: 1048576 is `1GB`, 5041 is `5041kB`. */
export function renderMemory(kilobytes: number): string {
  const fits = (["TB", "GB", "MB"] as const).find(
    (unit) => kilobytes > 0 && (kilobytes * 1024) % (memoryUnits.get(unit) ?? 1) === 0,
  );
  return fits === undefined
    ? `${kilobytes}kB`
    : `${(kilobytes * 1024) / (memoryUnits.get(fits) ?? 1)}${fits}`;
}

/** From the greatest to the smallest, in bytes. */
const memoryUnits: ReadonlyMap<string, number> = new Map([
  ["TB", 1024 ** 4],
  ["GB", 1024 ** 3],
  ["MB", 1024 ** 2],
  ["kB", 1024],
  ["B", 1],
]);

/** From the greatest to the smallest, in microseconds. */
const timeUnits: ReadonlyMap<string, number> = new Map([
  ["d", 86_400_000_000],
  ["h", 3_600_000_000],
  ["min", 60_000_000],
  ["s", 1_000_000],
  ["ms", 1_000],
  ["us", 1],
]);

/** Units that a setting takes, each as a multiple of its own one. */
function unitsOf({ unit }: SettingType): [string, number][] {
  const [, blocks = "1", name = ""] = /^(\d*)(\D*)$/.exec(unit) ?? [];
  const units = memoryUnits.has(name) ? memoryUnits : timeUnits;
  const own = units.get(name);
  if (own === undefined) return [];
  const base = own * (blocks === "" ? 1 : Number(blocks));
  return [...units].map(([other, size]) => [other, size / base]);
}

function parseFlag(text: string): ReadValue {
  const word = text.trim().toLowerCase();
  const starts = (whole: string, least: number): boolean => word.length >= least && whole.startsWith(word);
  if (word === "1" || starts("true", 1) || starts("yes", 1) || word === "on") return { value: "on" };
  if (word === "0" || starts("false", 1) || starts("no", 1) || starts("off", 2)) return { value: "off" };
  return { fault: "is not on or off" };
}

function parseWord({ words }: SettingType, text: string): ReadValue {
  const word = text.trim().toLowerCase();
  if (words.includes(word)) return { value: word };
  // Words that the server takes and does not list.
  const flag = ["true", "yes", "1"].includes(word) ? "on" : "off";
  if (["true", "yes", "1", "false", "no", "0"].includes(word) && words.includes(flag)) return { value: flag };
  return { fault: `is not one of ${words.join(", ")}` };
}

function parseNumber(type: SettingType, text: string): ReadValue {
  const [, digits = "", unit = ""] =
    /^([+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?))\s*([A-Za-z]*)$/.exec(text) ?? [];
  if (digits === "") return { fault: type.vartype === "real" ? "is not a number" : "is not a whole number" };
  const number =
    type.vartype === "integer" && /^[+-]?0\d+$/.test(digits) ? parseOctal(digits) : Number(digits);
  const units = unitsOf(type);
  if (unit !== "" && units.every(([name]) => name !== unit)) return { fault: unitFault(type, units) };
  const converted = unit === "" ? number : convert(number, unit, units);
  const value = type.vartype === "integer" ? roundToEven(converted) : converted;
  if (
    (type.least !== "" && value < Number(type.least)) ||
    (type.greatest !== "" && value > Number(type.greatest))
  ) {
    const own = type.unit === "" ? "" : ` (in units of ${type.unit})`;
    return { fault: `is outside of ${type.least} to ${type.greatest}${own}` };
  }
  return { value: String(value === 0 ? 0 : value) };
}

/** File modes: `0640`. */
function parseOctal(digits: string): number {
  return Number.parseInt(digits, 8);
}

function unitFault({ name }: SettingType, units: readonly [string, number][]): string {
  if (units.length === 0) return `has a unit, and ${name} has none`;
  const names = units.map(([unit]) => unit).toReversed();
  return `has another unit than ${names.join(", ")}`;
}

/** A fraction is rounded to the next smaller unit: `1.1GB` is 1126MB. */
function convert(number: number, unit: string, units: readonly [string, number][]): number {
  const at = units.findIndex(([name]) => name === unit);
  const factor = units[at]?.[1] ?? 1;
  const smaller = units[at + 1]?.[1];
  const value = number * factor;
  return smaller === undefined ? value : roundToEven(value / smaller) * smaller;
}

/** As C's `rint`: halves go to the even neighbour. */
function roundToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
