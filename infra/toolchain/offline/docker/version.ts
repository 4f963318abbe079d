import type { OfficialPlugin } from "../shared/attribute";

/** The official plugin whose answers this edition gives. */
export const officialPlugin: OfficialPlugin = { name: "docker", version: "5.2.0" };
