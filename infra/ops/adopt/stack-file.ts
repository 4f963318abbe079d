import { Document, isMap, parseDocument, Scalar, visit } from "yaml";
import type { Adoption } from "../../../components/core/adopt/adoption";
import { problemError } from "../../../components/core/problem";
import { visible } from "../../../components/core/visible";

/** Keys of a stack file that stay whatever is adopted: who encrypts, and the password that is encrypted. */
const keptKey = "pgstead:administratorPassword";

/**
 * The text of a stack's file with an adopted server in it. What else the file holds (its encryption, other namespaces)
 * stays.
 *
 * @param existing text of the file that is there; undefined: there is none
 * @param options.force whether keys of pgstead that are there may go
 */
export function renderStackFile(
  { config, notes }: Adoption,
  existing: string | undefined,
  { name, force }: { readonly name: string; readonly force: boolean },
): string {
  const document = openDocument(existing);
  if (document.errors.length > 0) {
    throw problemError(name, "is not YAML", "mend it, or move it away, then run this again");
  }
  const found = keysOf(document);
  if (found.length > 0 && !force) {
    throw problemError(
      name,
      `is there already, with ${found.join(", ")}`,
      "give another name with --stack, or replace those keys with --force",
    );
  }
  for (const key of found) document.deleteIn(["config", key]);
  for (const [key, value] of Object.entries(config))
    document.setIn(["config", key], document.createNode(value));
  quoteTexts(document);
  document.commentBefore = comment(notes);
  return document.toString({ lineWidth: 110, minContentWidth: 0 });
}

/** An empty file is a file without keys. */
function openDocument(existing: string | undefined): Document {
  const document = existing === undefined ? undefined : parseDocument(existing);
  const isUsable = document !== undefined && (document.errors.length > 0 || isMap(document.contents));
  return isUsable ? document : new Document({});
}

function keysOf(document: Document): string[] {
  const { config } = (document.toJS() ?? {}) as { config?: Record<string, unknown> };
  return Object.keys(config ?? {}).filter((key) => key.startsWith("pgstead:") && key !== keptKey);
}

/** A text that another reader of YAML takes for a number, a date or a flag (`on`, `2030-01-01`) stands in quotes. */
function quoteTexts(document: Document): void {
  visit(document, {
    Scalar(_key, node) {
      if (typeof node.value !== "string" || /^[\p{L}_][\p{L}\p{N}_$:.-]*$/u.test(node.value)) {
        if (!/^(?:y|n|yes|no|on|off|true|false|null|~)$/i.test(String(node.value))) return;
        if (typeof node.value !== "string") return;
      }
      node.type = Scalar.QUOTE_DOUBLE;
    },
  });
}

function comment(notes: Adoption["notes"]): string {
  const lines = [
    "Adopted from a live server. The password is no part of this file in clear:",
    `npm run pulumi -- config set --secret ${keptKey}`,
    ...(notes.length === 0 ? [] : ["", "Not taken over:"]),
    ...notes.map(({ subject, message }) => `- ${subject}: ${message}`),
  ];
  // A name on the server may hold a line's end.
  return lines.map((line) => ` ${visible(line)}`.trimEnd()).join("\n");
}
