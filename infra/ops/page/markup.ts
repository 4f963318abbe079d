import { visibleLines } from "../../../components/core/visible";

/** Text that is HTML as it stands. */
export class Html {
  constructor(readonly text: string) {}
}

/** What may stand in a template: everything but `Html` is text, and is escaped. */
export type Piece = Html | string | number | readonly Piece[];

/**
 * HTML from a template. What stands in it as a value is text of somebody, such as the name of a role or a statement, and
 * comes out as text wherever it stands, within tags as well as between quotes. How a template is indented does not count.
 */
export function markup(parts: TemplateStringsArray, ...values: readonly Piece[]): Html {
  const written = parts.map((part) => part.replace(/\n\s*/g, "\n"));
  return new Html(
    written.map((part, index) => (index === 0 ? "" : render(values[index - 1] ?? "")) + part).join(""),
  );
}

/** A sentence for people, with what stands between backticks as code. */
export function prose(text: string): Piece {
  const parts = text.split("`");
  // One that has no partner is a part of somebody's name.
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 === 0 ? part : markup`<code>${part}</code>`));
}

function render(piece: Piece): string {
  if (piece instanceof Html) return piece.text;
  if (typeof piece === "string" || typeof piece === "number") return escapeText(String(piece));
  return piece.map(render).join("");
}

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeText(text: string): string {
  // Control characters are none of HTML, and what turns the direction of writing would show another text than there is.
  return visibleLines(text).replace(/[&<>"']/g, (character) => entities[character] ?? "");
}
