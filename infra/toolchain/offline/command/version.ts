import type { OfficialPlugin } from "../shared/attribute";

/** The official plugin whose answers this edition gives. */
export const officialPlugin: OfficialPlugin = { name: "command", version: "1.2.1" };
