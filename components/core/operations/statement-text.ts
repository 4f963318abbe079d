import { visible } from "../visible";
import { sampleLimits } from "./sample-tables";

/** Commands whose own words hold what is secret: their texts end where that begins. */
const secretive = /^\s*(CREATE|ALTER)\s+(ROLE|USER|GROUP|SUBSCRIPTION|SERVER|FOREIGN|DATABASE)\b/i;
const secretBegins = /\b(PASSWORD|CONNECTION|OPTIONS|SET)\b/i;

const hidden = "'…'";

/**
 * The text of a statement as it may be kept and shown: without comments and without any constant in quotes, on one line,
 * of bounded length.
 *
 * pg_stat_statements puts `$1` in place of the constants of a statement that reads or writes rows, in general: not where
 * it had thrown the entry out while the statement ran, and not in what is written in quotes in other commands, of which
 * `ALTER ROLE … PASSWORD` is the worst. So nothing in quotes is kept, whatever the command is. A text that does not end
 * its quotes or comment is hidden from there on.
 */
export function keptText(text: string, length: number = sampleLimits.textLength): string {
  const plain = withoutConstants(text).replace(/\s+/g, " ").trim();
  const cut = secretive.test(plain) ? cutSecret(plain) : plain;
  const characters = Array.from(visible(cut));
  return characters.length <= length ? characters.join("") : `${characters.slice(0, length - 1).join("")}…`;
}

function cutSecret(text: string): string {
  const found = secretBegins.exec(text);
  return found === null ? text : `${text.slice(0, found.index)}${found[0].toUpperCase()} …`;
}

/** What a text is made of, as PostgreSQL's lexer has it; what is in no group stays as it is. */
const tokens = new RegExp(
  [
    String.raw`"(?:[^"]|"")*"`, // a name
    String.raw`(?<line>--[^\n\r]*)`,
    String.raw`(?<block>/\*)`,
    String.raw`(?<escape>\b[eE]'(?:[^'\\]|''|\\[\s\S])*(?:'|\\?$))`,
    // A backslash before the end may be an escape, where standard_conforming_strings is off: then nobody knows the end.
    String.raw`(?<constant>(?:\b[bBxXnN]|\b[uU]&)?'(?:[^'\\]|''|\\(?!'))*(?<end>'|\\'[\s\S]*$|$))`,
    String.raw`(?<![\w$])(?<dollar>\$(?:[\p{L}_][\p{L}\p{N}_]*)?\$)`,
  ].join("|"),
  "gu",
);

function withoutConstants(text: string): string {
  let result = "";
  let from = 0;
  tokens.lastIndex = 0;
  for (let match = tokens.exec(text); match !== null; match = tokens.exec(text)) {
    const groups = match.groups ?? {};
    let end = tokens.lastIndex;
    let shown = match[0];
    if (groups.line !== undefined) shown = " ";
    if (groups.escape !== undefined || groups.constant !== undefined) shown = hidden;
    if (groups.block !== undefined) [shown, end] = [" ", endOfComment(text, match.index)];
    if (groups.dollar !== undefined) {
      const close = text.indexOf(groups.dollar, end);
      [shown, end] = [hidden, close === -1 ? text.length : close + groups.dollar.length];
    }
    result += text.slice(from, match.index) + shown;
    from = end;
    tokens.lastIndex = end;
  }
  return result + text.slice(from);
}

/** Comments of SQL are within each other. */
function endOfComment(text: string, start: number): number {
  const marks = /\/\*|\*\//g;
  marks.lastIndex = start;
  let depth = 0;
  for (let mark = marks.exec(text); mark !== null; mark = marks.exec(text)) {
    depth += mark[0] === "/*" ? 1 : -1;
    if (depth === 0) return marks.lastIndex;
  }
  return text.length;
}
