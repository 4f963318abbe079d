import { quoteLiteral } from "../identifier";
import type { SchemaObject } from "./snapshot";

/** How SQL calls a kind, where that is not its name in capitals. */
const words: Partial<Record<SchemaObject["kind"], string>> = {
  "foreign server": "SERVER",
  attribute: "COLUMN",
};

/** Kinds whose objects are named by themselves on something: `orders_total_check` on `app.orders`. */
const onSomething = new Set(["constraint", "trigger", "policy", "rule"]);

/** `TABLE`, `MATERIALIZED VIEW`. */
export function sqlKind({ kind }: Pick<SchemaObject, "kind">): string {
  return words[kind] ?? kind.toUpperCase();
}

/** The object as COMMENT and DROP take it: `TABLE app.orders`, `TRIGGER t ON app.orders`. */
export function sqlObject(object: SchemaObject): string {
  if (!onSomething.has(object.kind)) return `${sqlKind(object)} ${object.name}`;
  const domain = object.of?.startsWith("domain ") === true ? "DOMAIN " : "";
  return `${sqlKind(object)} ${ownName(object)} ON ${domain}${relationOf(object)}`;
}

/** Name of the table or view that something is a part of. */
export function relationOf({ of = "", details }: SchemaObject): string {
  const key = details.table ?? of;
  return key.replace(/^(?:foreign table|materialized view|table|view|domain|type) /, "");
}

/** The name by which it is known on its table. */
export function ownName(object: SchemaObject): string {
  return object.details["own name"] ?? object.name.slice(relationOf(object).length + 1);
}

/** `ALTER TABLE app.orders`, of the table of a column or a constraint. */
export function alterRelation(object: SchemaObject): string {
  return `ALTER ${object.of?.startsWith("domain ") === true ? "DOMAIN" : "TABLE"} ${relationOf(object)}`;
}

export function commentSql(object: SchemaObject, comment: string | undefined): string {
  return `COMMENT ON ${sqlObject(object)} IS ${comment === undefined ? "NULL" : quoteLiteral(comment).trim()}`;
}

/** Storage parameters as a WITH clause takes them; `fillfactor=70, user_catalog_table=true` as the catalogue has them. */
export function optionList(options: string, prefix = ""): string {
  return options
    .split(", ")
    .map((option) => {
      const [name = "", ...value] = option.split("=");
      const text = value.join("=");
      return `${prefix}${name}=${/^[\w.+-]+$/.test(text) ? text : quoteLiteral(text).trim()}`;
    })
    .join(", ");
}

/** What brings storage parameters from one list to another. */
export function alterOptions(
  alter: string,
  expected: string | undefined,
  actual: string | undefined,
  prefix = "",
): string[] {
  const names = (options: string | undefined): string[] =>
    options === undefined ? [] : options.split(", ").map((option) => option.split("=")[0] ?? "");
  const gone = names(actual).filter((name) => !names(expected).includes(name));
  return [
    ...(gone.length === 0 ? [] : [`${alter} RESET (${gone.map((name) => prefix + name).join(", ")})`]),
    ...(expected === undefined ? [] : [`${alter} SET (${optionList(expected, prefix)})`]),
  ];
}
