import { extensionSettings } from "./table-extensions";
import { firstSettings } from "./table-first";
import { secondSettings } from "./table-second";
import type { SettingType } from "./value";

/** Settings of PostgreSQL 17 by their names in small letters: for plans before there is a server to ask. */
export const knownSettings: ReadonlyMap<string, SettingType> = parseTable(firstSettings + secondSettings);

/** Settings of extensions by their names: a server knows those of a library only when it has loaded it. */
export const knownExtensionSettings: ReadonlyMap<string, SettingType> = parseTable(extensionSettings);

function parseTable(table: string): ReadonlyMap<string, SettingType> {
  const lines = table.split("\n").filter((line) => line !== "");
  return new Map(lines.map(parseLine).map((type) => [type.name.toLowerCase(), type]));
}

function parseLine(line: string): SettingType {
  const [name = "", vartype, unit = "", context = "", least = "", greatest = "", boot = "", words = ""] =
    line.split("|");
  return {
    name,
    vartype: vartype as SettingType["vartype"],
    unit,
    context,
    least,
    greatest,
    boot,
    words: words === "" ? [] : words.split(","),
  };
}
