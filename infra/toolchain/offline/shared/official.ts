import type { OfficialPlugin } from "./attribute";

/** This edition, as messages name it. */
export function editionOf({ name }: OfficialPlugin): string {
  return `the offline edition of the ${name} plugin`;
}

/** The way out where this edition ends. */
export function wayOut({ name, version }: OfficialPlugin): string {
  return `the official plugin supports it: pulumi plugin install resource ${name} ${version}`;
}
