import type { ActualSetting } from "./catalog";

/** The live value with its unit, as far as people read it: `131072 8kB`, `4096kB`. */
export function shownValue({ setting, unit }: ActualSetting): string {
  if (unit === "" || setting.startsWith("-")) return setting === "" ? "''" : setting;
  return /^\d/.test(unit) ? `${setting} × ${unit}` : `${setting}${unit}`;
}

/** A setting of an extension or an application, or a command, may hold what is not for everybody's eyes. */
export function isSecretive(name: string): boolean {
  return name.includes(".") || /command|conninfo|passphrase/.test(name);
}
