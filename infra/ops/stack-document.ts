import { isDeepStrictEqual } from "node:util";
import { parse, type Document, type YAMLMap } from "yaml";
import { keepLayout } from "../../components/core/layout";

/** The text of a stack's file after a change: comments, order and the layout of its lines stay. */
export function renderDocument(document: Document, old: string): string {
  const rendered = document.toString({ lineWidth: 0 });
  const kept = keepLayout(old, rendered);
  return isDeepStrictEqual(parse(kept), parse(rendered)) ? kept : rendered;
}

/** A key of the configuration as the file has it: with its namespace, unless it stands there without. */
export function namedIn(config: YAMLMap, key: string): string {
  return config.has(key) ? key : `pgstead:${key}`;
}
