import type { Node } from "libpg-query";
import { contentOf, contentsOf, namesOf, walkType, type NodeOf } from "../ast";
import { hit, type Hit } from "./rules";
import type { ColumnType } from "./schema-memory";

const wordsOf: Readonly<Record<string, string>> = {
  int2: "smallint",
  int4: "integer",
  int8: "bigint",
  float4: "real",
  float8: "double precision",
  bool: "boolean",
  bpchar: "char",
};

/** Reads a type of the parser. */
export function readType(type: NodeOf<"TypeName"> | undefined): ColumnType {
  const name = namesOf(type?.names)
    .join(".")
    .replace(/^pg_catalog\./, "");
  const modifiers = contentsOf(type?.typmods, "A_Const").map(({ ival }) => ival?.ival ?? 0);
  return { name, modifiers, isArray: (type?.arrayBounds ?? []).length > 0 };
}

export function renderType({ name, modifiers, isArray }: ColumnType): string {
  const length = modifiers.length === 0 ? "" : `(${modifiers.join(",")})`;
  return `${wordsOf[name] ?? name}${length}${isArray ? "[]" : ""}`;
}

type Change = "none" | "widens" | "rewrites" | "narrows";

/**
 * What ALTER COLUMN … TYPE does to the rows.
 *
 * PostgreSQL does not rewrite where the old type is binary coercible to the new one, or the new one only takes more
 * ("ALTER TABLE", Notes); it rewrites the table and its indexes otherwise, under ACCESS EXCLUSIVE. It refuses a value
 * that does not fit, but rounds numbers and cuts times and blanks without a word.
 */
export function judgeTypeChange(
  place: string,
  from: ColumnType | undefined,
  to: ColumnType,
  { raw_default: using, collClause }: NodeOf<"ColumnDef">,
): Hit[] {
  const [, column = ""] = /\.([^.]*)$/.exec(place) ?? [];
  const words = `${place} becomes ${renderType(to)}${from === undefined ? "" : `, and was ${renderType(from)}`}`;
  const change = from === undefined ? guess(to) : compare(from, to);
  const hits: Hit[] = [];
  if (change === "narrows")
    hits.push(hit("narrow-type", `${words}: not every value fits, or is kept as it is`));
  if (using !== undefined && !columnsOf(using).includes(column)) {
    // Whatever stood there is not asked for.
    hits.push(hit("narrow-type", `${words}: what is in it now is replaced by something else`));
  } else if (using !== undefined && !isPlainCast(using, to))
    hits.push(hit("type-using", `${words} by an expression`));
  // Another collation has its indexes built anew.
  if (change === "rewrites" || collClause !== undefined || change === "narrows" || hits.length > 0) {
    const sure = from === undefined ? "may be" : "is";
    hits.push(
      hit(
        "change-type",
        `${words}: the whole table ${sure} written anew, and nobody reads or writes it meanwhile`,
      ),
    );
  }
  return hits;
}

function columnsOf(expression: Node): string[] {
  return [...walkType(expression, "ColumnRef")].map(({ fields }) => namesOf(fields).at(-1) ?? "");
}

/** `USING amount`, and `USING amount::bigint` where that is the new type, say no more than the type itself does. */
function isPlainCast(using: Node, to: ColumnType): boolean {
  if (contentOf(using, "ColumnRef") !== undefined) return true;
  const cast = contentOf(using, "TypeCast");
  const isTo = renderType(readType(cast?.typeName)) === renderType(to);
  return isTo && contentOf(cast?.arg, "ColumnRef") !== undefined;
}

/** Types that take less than another one of their kind, or less exactly. */
const narrowTypes =
  /^(?:int2|int4|float4|date|time|timetz|bpchar|varchar|numeric|bit|varbit|timestamp|interval|char|name)$/;

/** Where the old type is in no file: what may be narrower than it was. */
function guess(to: ColumnType): Change {
  const { name, modifiers, isArray } = to;
  // The longest of their kinds: without a length nothing is cut.
  if (isArray || (/^(?:varchar|numeric|varbit|interval)$/.test(name) && modifiers.length === 0))
    return "rewrites";
  return narrowTypes.test(name) || modifiers.length > 0 ? "narrows" : "rewrites";
}

function compare(from: ColumnType, to: ColumnType): Change {
  if (JSON.stringify(from) === JSON.stringify(to)) return "none";
  if (from.isArray !== to.isArray) return "narrows";
  if (from.name === to.name) return compareModifiers(from, to);
  const isOpenText = ({ name, modifiers }: ColumnType): boolean =>
    name === "text" || (name === "varchar" && modifiers.length === 0);
  if (isOpenText(to)) {
    if (isOpenText(from) || from.name === "varchar") return "widens";
    return from.name === "bpchar" ? "narrows" : "rewrites"; // every value has a text; char(n) loses its blanks
  }
  if (to.name === "citext" && isOpenText(from)) return "rewrites"; // its indexes
  if (from.name === "cidr" && to.name === "inet") return "widens";
  return (wider[from.name] ?? []).includes(to.name) && to.modifiers.length === 0 ? "rewrites" : "narrows";
}

/** Types that hold every value of another one, in another form. */
const wider: Readonly<Record<string, readonly string[]>> = {
  int2: ["int4", "int8", "numeric", "float4", "float8"],
  int4: ["int8", "numeric", "float8"],
  int8: ["numeric"],
  float4: ["float8"],
  date: ["timestamp", "timestamptz"],
  timestamp: ["timestamptz"],
  json: ["jsonb"],
};

function compareModifiers(from: ColumnType, to: ColumnType): Change {
  const [length, scale = 0] = from.modifiers;
  const [newLength, newScale = 0] = to.modifiers;
  if (to.name === "bpchar" || to.name === "bit") {
    return length !== undefined && newLength !== undefined && newLength >= length ? "rewrites" : "narrows";
  }
  if (newLength === undefined) return "widens";
  if (to.name === "numeric") {
    if (length === undefined || newScale < scale || newLength - newScale < length - scale) return "narrows";
    return newScale === scale ? "widens" : "rewrites";
  }
  // What of an interval is kept is written before how exact it is.
  if (to.name === "interval") return "narrows";
  // Times are as exact as they can be without a number.
  return length !== undefined && newLength >= length ? "widens" : "narrows";
}
