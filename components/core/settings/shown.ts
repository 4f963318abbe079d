import { autoFile, type ActualSetting } from "./catalog";

/** The live value with its unit, as far as people read it: `131072 8kB`, `4096kB`. */
export function shownValue({ setting, unit }: ActualSetting): string {
  if (unit === "" || setting.startsWith("-")) return setting === "" ? "''" : setting;
  return /^\d/.test(unit) ? `${setting} × ${unit}` : `${setting}${unit}`;
}

/** A setting of an extension or an application, or a command, may hold what is not for everybody's eyes. */
export function isSecretive(name: string): boolean {
  return name.includes(".") || /_command$|conninfo|passphrase/.test(name);
}

/** What a statement's reason adds of the value before it; nothing of what is not for everybody's eyes. */
export function foundText(name: string, row: ActualSetting | undefined, entry: string | undefined): string {
  if (isSecretive(name)) return "";
  if (entry !== undefined) return `; ${autoFile} has ${entry}`;
  return row === undefined ? "" : `; the server has ${shownValue(row)}`;
}
