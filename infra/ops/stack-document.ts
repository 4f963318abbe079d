import { isDeepStrictEqual } from "node:util";
import { parse, parseDocument, type Document, type YAMLMap } from "yaml";
import { keepLayout } from "../../components/core/layout";

/** The text of a stack's file after a change: comments, order and the layout of its lines stay. */
export function renderDocument(document: Document, old: string): string {
  const rendered = document.toString({ lineWidth: 0, indent: indentOf(old) });
  const kept = keepLayout(old, rendered);
  return saysTheSame(kept, rendered) ? kept : rendered;
}

/** Spaces of the first line that stands further in: Pulumi writes four where it writes the file, people mostly two. */
function indentOf(text: string): number {
  return /^( +)[^\s#]/m.exec(text)?.[1]?.length ?? 2;
}

/** Lines of two layouts together may be no document at all. */
function saysTheSame(kept: string, rendered: string): boolean {
  const document = parseDocument(kept);
  return document.errors.length === 0 && isDeepStrictEqual(document.toJS(), parse(rendered));
}

/** A key of the configuration as the file has it: with its namespace, unless it stands there without. */
export function namedIn(config: YAMLMap, key: string): string {
  return config.has(key) ? key : `pgstead:${key}`;
}
