import type { PropertyMap, PropertyValue } from "../../../../components/providers/properties";
import { asMap, asText, type Attribute } from "../shared/attribute";

/** Labels as the official plugin has them: a set of pairs. */
export const labelsAttribute: Attribute = {
  kind: "objects",
  set: true,
  replaces: true,
  inner: {
    attributes: { label: { kind: "text", required: true }, value: { kind: "text", required: true } },
    refused: [],
  },
};

export type Labels = Readonly<Record<string, string>>;

/** As the engine takes them. */
export function toLabels(value: PropertyValue | undefined): Labels {
  const pairs = Array.isArray(value) ? (value as readonly PropertyMap[]) : [];
  return Object.fromEntries(pairs.map(({ label, value: text }) => [asText(label), asText(text)]));
}

/** As the state has them. */
export function fromLabels(labels: Labels | null | undefined): readonly PropertyMap[] {
  return Object.entries(labels ?? {}).map(([label, value]) => ({ label, value }));
}

/** A map of texts; an absent one is empty. */
export function toTexts(value: PropertyValue | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(asMap(value) ?? {}).map(([name, text]) => [name, asText(text)]));
}

/** The engine has nothing where no label is. */
export function orEmpty(labels: Labels | null | undefined): Labels {
  return labels ?? {};
}

/** The official plugin has nothing where the engine has an empty map. */
export function orNothing(texts: Readonly<Record<string, string>> | null | undefined): PropertyMap | null {
  return texts === null || texts === undefined || Object.keys(texts).length === 0 ? null : texts;
}
