import type { Node } from "libpg-query";
import { contentOf, contentsOf, namesOf, type NodeOf } from "../migrations/ast";
import { quoteIdentifier } from "../identifier";

/** What a repeatable file may make, in the words of `pg_identify_object`. */
export type ObjectKind = "function" | "procedure" | "view" | "materialized view" | "trigger" | "index";

/** A name as SQL has it; no schema where none is written. */
export interface ObjectName {
  readonly schema?: string;
  readonly name: string;
}

/** Something that a file makes. */
export interface DatabaseObject extends ObjectName {
  readonly kind: ObjectKind;
  /** Of a function or procedure: the types of what it takes, as SQL. */
  readonly takes?: readonly string[];
  /** Of a trigger or an index: what it is on. */
  readonly on?: ObjectName;
}

/** What CREATE makes, of the kinds that a repeatable file may make. */
export function madeObject(node: Node): DatabaseObject | undefined {
  const code = contentOf(node, "CreateFunctionStmt");
  if (code !== undefined) {
    const kind = code.is_procedure === true ? "procedure" : "function";
    return { kind, ...nameOf(namesOf(code.funcname)), takes: inputTypes(code.parameters) };
  }
  const view = contentOf(node, "ViewStmt")?.view;
  if (view !== undefined) return { kind: "view", ...relationName(view) };
  const query = contentOf(node, "CreateTableAsStmt");
  if (query?.objtype === "OBJECT_MATVIEW") {
    return { kind: "materialized view", ...relationName(query.into?.rel) };
  }
  const trigger = contentOf(node, "CreateTrigStmt");
  if (trigger !== undefined) {
    return { kind: "trigger", name: trigger.trigname ?? "", on: relationName(trigger.relation) };
  }
  const index = contentOf(node, "IndexStmt");
  if (index === undefined) return undefined;
  const on = relationName(index.relation);
  // An index is where its table is.
  const schema = on.schema === undefined ? {} : { schema: on.schema };
  return { kind: "index", ...schema, name: index.idxname ?? "", on };
}

const droppedKinds: Readonly<Record<string, ObjectKind | undefined>> = {
  OBJECT_FUNCTION: "function",
  OBJECT_PROCEDURE: "procedure",
  OBJECT_ROUTINE: "function",
  OBJECT_VIEW: "view",
  OBJECT_MATVIEW: "materialized view",
  OBJECT_TRIGGER: "trigger",
  OBJECT_INDEX: "index",
};

/** What DROP drops; undefined where a file may not drop that. */
export function droppedObjects({
  removeType,
  objects = [],
}: NodeOf<"DropStmt">): DatabaseObject[] | undefined {
  const kind = droppedKinds[removeType ?? ""];
  if (kind === undefined) return undefined;
  return objects.map((object): DatabaseObject => {
    const code = contentOf(object, "ObjectWithArgs");
    if (code !== undefined) {
      const takes =
        code.args_unspecified === true ? undefined : contentsOf(code.objargs, "TypeName").map(typeText);
      return { kind, ...nameOf(namesOf(code.objname)), ...(takes === undefined ? {} : { takes }) };
    }
    const names = namesOf(contentOf(object, "List")?.items);
    if (kind !== "trigger") return { kind, ...nameOf(names) };
    return { kind, name: names.at(-1) ?? "", on: nameOf(names.slice(0, -1)) };
  });
}

/** Parts of a name as it is written: with a schema, or without. */
export function nameOf(names: readonly string[]): ObjectName {
  const [name = "", schema] = names.toReversed();
  return schema === undefined ? { name } : { schema, name };
}

export function relationName(relation: NodeOf<"RangeVar"> | undefined): ObjectName {
  const { schemaname, relname = "" } = relation ?? {};
  return schemaname === undefined ? { name: relname } : { schema: schemaname, name: relname };
}

/** A name as SQL. */
export function nameSql({ schema, name }: ObjectName): string {
  return schema === undefined ? quoteIdentifier(name) : `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;
}

/** What `to_regprocedure` takes of a function, and `to_regclass` of a relation. */
export function lookupName(object: DatabaseObject): string {
  return object.takes === undefined ? nameSql(object) : `${nameSql(object)}(${object.takes.join(", ")})`;
}

/** `function app.total(int4)`, for people. */
export function describeObject({ kind, takes, on, ...name }: DatabaseObject): string {
  const plain = (one: ObjectName): string =>
    one.schema === undefined ? one.name : `${one.schema}.${one.name}`;
  const types =
    takes === undefined
      ? ""
      : `(${takes.map((type) => type.replaceAll(/"|pg_catalog"?\./g, "")).join(", ")})`;
  return `${kind} ${plain(name)}${types}${kind === "trigger" && on !== undefined ? ` on ${plain(on)}` : ""}`;
}

/** Whether two are of one name, whatever their arguments. */
export function isSameName(one: DatabaseObject, other: DatabaseObject): boolean {
  const same = (a: ObjectName | undefined, b: ObjectName | undefined): boolean =>
    a?.name === b?.name && a?.schema === b?.schema;
  return (
    isOneKind(one.kind, other.kind) && same(one, other) && (one.kind !== "trigger" || same(one.on, other.on))
  );
}

/** Functions and procedures share their names. */
function isOneKind(one: ObjectKind, other: ObjectKind): boolean {
  const code: readonly ObjectKind[] = ["function", "procedure"];
  return one === other || (code.includes(one) && code.includes(other));
}

/** The same one; a DROP without arguments is of the only function of that name. */
export function isSameObject(one: DatabaseObject, other: DatabaseObject): boolean {
  if (!isSameName(one, other)) return false;
  return one.takes === undefined || other.takes === undefined || one.takes.join() === other.takes.join();
}

const inputs = ["FUNC_PARAM_IN", "FUNC_PARAM_INOUT", "FUNC_PARAM_VARIADIC", "FUNC_PARAM_DEFAULT"];

function inputTypes(parameters: readonly Node[] | undefined): string[] {
  return contentsOf(parameters, "FunctionParameter").flatMap(({ mode = "", argType }) =>
    inputs.includes(mode) && argType !== undefined ? [typeText(argType)] : [],
  );
}

/** A type as SQL; what is between its parentheses is no part of a function's signature. */
export function typeText({ names, arrayBounds = [] }: NodeOf<"TypeName">): string {
  return `${namesOf(names).map(quoteIdentifier).join(".")}${arrayBounds.length > 0 ? "[]" : ""}`;
}
