import type { OfficialPlugin } from "../shared/attribute";

/** Version of the official plugin whose answers this edition gives. */
export const pluginVersion = "3.18.1";

export const officialPlugin: OfficialPlugin = { name: "postgresql", version: pluginVersion };
