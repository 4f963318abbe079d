import type { HbaToken } from "./word";

/** A line of pg_hba.conf as its fields, each a list of tokens: `a, b` is one field of two. */
export interface HbaFields {
  /** Number of its first line in the file, from 1, as `pg_hba_file_rules` counts. */
  readonly line: number;
  readonly fields: readonly (readonly HbaToken[])[];
}

/**
 * Splits a file as PostgreSQL does (`tokenize_auth_file` of hba.c, 14 and later): a backslash at the end of a line goes
 * on in the next one, in comments too; `#` outside of quotes ends a line; lines without a field are left out.
 */
export function tokenizeHba(text: string): HbaFields[] {
  const lines = text.split("\n");
  const found: HbaFields[] = [];
  for (let index = 0; index < lines.length; index += 1) {
    const line = index + 1;
    let whole = stripReturns(lines[index] ?? "");
    while (whole.endsWith("\\") && index + 1 < lines.length) {
      index += 1;
      whole = whole.slice(0, -1) + stripReturns(lines[index] ?? "");
    }
    if (whole.endsWith("\\")) whole = whole.slice(0, -1);
    const fields = tokenizeLine(whole);
    if (fields.length > 0) found.push({ line, fields });
  }
  return found;
}

function stripReturns(line: string): string {
  return line.replace(/\r+$/, "");
}

const isBlank = (sign: string | undefined): boolean => sign === " " || sign === "\t" || sign === "\r";

function tokenizeLine(line: string): HbaToken[][] {
  const fields: HbaToken[][] = [];
  let position = 0;
  let goesOn = false;
  for (;;) {
    const next = nextToken(line, position);
    if (next === undefined) return fields;
    position = next.end;
    if (goesOn) fields.at(-1)?.push(next.token);
    else fields.push([next.token]);
    goesOn = next.comma;
  }
}

/** `next_token` of hba.c: quotes may begin and end anywhere within a token; two of them are one. */
function nextToken(
  line: string,
  start: number,
): { readonly token: HbaToken; readonly comma: boolean; readonly end: number } | undefined {
  let at = start;
  while (isBlank(line[at]) || line[at] === ",") at += 1;
  let text = "";
  let quoted = false;
  let [inQuote, wasQuote, sawQuote, comma] = [false, false, false, false];
  for (; at < line.length && (inQuote || !isBlank(line[at])); at += 1) {
    const sign = line.charAt(at);
    if (sign === "#" && !inQuote) {
      at = line.length;
      break;
    }
    if (sign === "," && !inQuote) {
      comma = true;
      at += 1;
      break;
    }
    if (sign !== '"' || wasQuote) text += sign;
    wasQuote = inQuote && sign === '"' && !wasQuote;
    if (sign !== '"') continue;
    inQuote = !inQuote;
    sawQuote = true;
    if (text === "") quoted = true;
  }
  return sawQuote || text !== "" ? { token: { text, quoted }, comma, end: at } : undefined;
}
