/** A name as SQL writes it. */
export interface SqlName {
  /** `["app", "orders"]`: capitals count between quotes only. */
  readonly path: readonly string[];
  /** Types of a function's arguments, as PostgreSQL calls them; absent where none are written. */
  readonly args?: string;
}

const part = /\s*(?:"((?:[^"]|"")+)"|([^\s".(),]+))\s*/y;

/** `app.orders`, `"My schema"."Orders"`, `app.price(int, text[])`; undefined where it is no name. */
export function parseSqlName(written: string): SqlName | undefined {
  const path: string[] = [];
  let at = 0;
  for (;;) {
    part.lastIndex = at;
    const found = part.exec(written);
    if (found === null) return undefined;
    path.push(found[1]?.replaceAll('""', '"') ?? (found[2] ?? "").toLowerCase());
    at = part.lastIndex;
    if (written[at] !== ".") break;
    at++;
  }
  const rest = written.slice(at).trim();
  if (rest === "") return { path };
  const args = /^\((.*)\)$/s.exec(rest)?.[1];
  return args === undefined ? undefined : { path, args: normalizeTypes(args) };
}

/** Types as `pg_catalog.format_type` writes them; spaces and capitals do not count, but between quotes. */
export function normalizeTypes(written: string): string {
  const types = written.match(/(?:"(?:[^"]|"")*"|\([^)]*\)|[^,"(])+/g) ?? [];
  return types.map(normalizeType).join(",");
}

function normalizeType(written: string): string {
  const plain = written
    .split(/("(?:[^"]|"")*")/)
    .map((text, index) => (index % 2 === 1 ? text : text.toLowerCase().replaceAll(/\s+/g, " ")))
    .join("")
    .trim()
    .replaceAll(/ ?([[\]]) ?/g, "$1");
  const [, name = plain, dimensions = ""] = /^(.*?)((?:\[\])*)$/s.exec(plain) ?? [];
  return `${aliases.get(name) ?? name}${dimensions}`;
}

/** Other spellings of PostgreSQL's types ("Data Types", table 8.1). */
const aliases: ReadonlyMap<string, string> = new Map([
  ["bool", "boolean"],
  ["int", "integer"],
  ["int4", "integer"],
  ["int2", "smallint"],
  ["int8", "bigint"],
  ["float4", "real"],
  ["float8", "double precision"],
  ["float", "double precision"],
  ["decimal", "numeric"],
  ["varchar", "character varying"],
  ["char", "character"],
  ["varbit", "bit varying"],
  ["time", "time without time zone"],
  ["timetz", "time with time zone"],
  ["timestamp", "timestamp without time zone"],
  ["timestamptz", "timestamp with time zone"],
]);
