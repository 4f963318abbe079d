/** Longest shape: two messages that are the same so far count as one. */
const longest = 400;

/**
 * A message without what differs from case to case: numbers, values in quotes, addresses of people. Names of objects
 * stay, as PostgreSQL puts both in double quotes and only its wording tells them apart: what comes after a colon, or
 * after `at or near`, is a value.
 */
export function messageShape(message: string): string {
  return message
    .slice(0, 4 * longest)
    .replace(/(at or near ")[\s\S]*(")/, "$1…$2")
    .replace(/(: ")[\s\S]*(")/, "$1…$2")
    .replace(/'(?:[^']|'')*'?/g, "'…'")
    .replace(/[^\s"'<>()]+@[^\s"'<>()]+/g, "…@…")
    .replace(/\b[0-9A-F]+\/[0-9A-F]+\b|(?<![\w$])[+-]?\d[\d.,:]*(?:-\d\d)*(?:e[+-]?\d+)?/gi, "N")
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, longest);
}

/**
 * A statement without its values, quickly and whatever it is, complete or cut off: texts, dollar quotes, numbers and
 * comments go. For telling which statements are the same; what people see comes from PostgreSQL's own normaliser first.
 */
export function statementShape(statement: string): string {
  return maskValues(statement)
    .replace(/\s+/g, " ")
    .trim()
    .slice(0, longest * 4);
}

/** The same with its line breaks: what may hold a value becomes `…`, where a text does not end up to the end. */
export function maskValues(statement: string): string {
  return statement
    .slice(0, longest * 20)
    .replace(
      /--[^\n]*|\/\*[\s\S]*?(?:\*\/|$)|(?:\b[eE])'(?:[^'\\]|''|\\[\s\S])*(?:'|$)|(?:\b[xXbBnN])?'(?:[^']|'')*(?:'|$)|\$([A-Za-z_]\w*)?\$[\s\S]*?(?:\$\1\$|$)|"(?:[^"]|"")*(?:"|$)|(?<![\w$."])[+-]?\d[\w.]*/g,
      (found) => {
        if (found.startsWith("--") || found.startsWith("/*")) return " ";
        return found.startsWith('"') ? found : "…";
      },
    );
}
