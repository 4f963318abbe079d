import type { SettingValue } from "../server/role-settings";
import type { TunedSetting } from "../tuning/machine";

/** A server's settings as a user declares them: own ones win over those of formulas. */
export interface SettingsDeclaration {
  readonly settings?: Readonly<Record<string, SettingValue>>;
  readonly tuned?: readonly TunedSetting[];
}

export interface DeclaredSettings {
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** Why a formula gives what it gives, by setting; none for the user's own. */
  readonly reasons: Readonly<Record<string, string>>;
}

export function resolveSettings({ settings = {}, tuned = [] }: SettingsDeclaration): DeclaredSettings {
  const formulas = tuned.filter(({ name }) => !Object.hasOwn(settings, name));
  return {
    settings: { ...Object.fromEntries(formulas.map(({ name, value }) => [name, value])), ...settings },
    reasons: Object.fromEntries(formulas.map(({ name, reason }) => [name, reason])),
  };
}
