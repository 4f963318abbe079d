import {
  isSecret,
  reveal,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";

/** Shorter ones are found everywhere: hiding them would hide the message. */
const shortest = 4;

/** Every text that came in as a secret; of `NAME=value` the value as well. The longest first. */
export function secretTexts(maps: readonly PropertyMap[]): readonly string[] {
  const found = new Set(maps.flatMap((map) => Object.values(map).flatMap((value) => below(value, false))));
  const values = [...found].flatMap((text) => [
    text,
    ...(/^[A-Za-z_]\w*=([\s\S]*)$/.exec(text)?.slice(1) ?? []),
  ]);
  return [...new Set(values)].filter(({ length }) => length >= shortest).sort((a, b) => b.length - a.length);
}

/** A text of the server's, such as the end of a log, without what must not be read. */
export function withoutSecrets(text: string, secrets: readonly string[]): string {
  return secrets.reduce((clean, value) => clean.replaceAll(value, "[secret]"), text);
}

function below(value: PropertyValue | undefined, hidden: boolean): string[] {
  if (isSecret(value)) return below(reveal(value), true);
  if (typeof value === "string") return hidden ? [value] : [];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap((item: PropertyValue | undefined) => below(item, hidden));
}
