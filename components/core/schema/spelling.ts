/**
 * Whether two texts of the catalogue say the same. A list of varchar values that is compared with text is written in one
 * way when it is made and in another one once that text was read again, as a restore does.
 */
export function saysTheSame(one: string | undefined, other: string | undefined): boolean {
  if (one === other) return true;
  if (one === undefined || other === undefined) return false;
  return reread(one) === reread(other);
}

const value = String.raw`E?'(?:[^']|'')*'::character varying`;
const list = new RegExp(String.raw`\(\(ARRAY\[(${value}(?:, ${value})*)\]\)::text\[\]\)`, "g");

/** The text as the server writes it after a restore. */
function reread(text: string): string {
  return text.replace(list, (_, values: string) => {
    return `(ARRAY[${values.replace(new RegExp(value, "g"), "($&)::text")}])`;
  });
}
