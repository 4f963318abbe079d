/**
 * Text that is one line and only looks like what it is: a name on a server may hold what a terminal obeys, a line break
 * that makes it look like a line of the plan, or marks that turn the direction of reading. Each of them is shown as U+FFFD.
 */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\p{Bidi_Control}]/gu, "\uFFFD");
}

/** The same of text whose lines and tabs are meant, such as that of a statement on a page. */
export function visibleLines(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Bidi_Control}]/gu, "\uFFFD");
}
