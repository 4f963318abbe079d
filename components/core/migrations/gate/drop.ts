import type { Node, ObjectType } from "libpg-query";
import { contentOf, dotted, type NodeOf } from "../ast";
import type { GateContext } from "./context";
import { hit, type Hit, type RuleId } from "./rules";

/** What DROP of each kind costs; a kind that is not here falls to what is built on it. */
const costs: Readonly<
  Partial<Record<ObjectType, { readonly rule: RuleId | "none"; readonly words: string }>>
> = {
  OBJECT_TABLE: { rule: "drop-table", words: "is lost with its rows" },
  OBJECT_SCHEMA: { rule: "drop-schema", words: "is lost" },
  OBJECT_SEQUENCE: { rule: "drop-sequence", words: "is lost with the number that it stands at" },
  OBJECT_EXTENSION: { rule: "drop-extension", words: "is lost with the tables that are its own" },
  OBJECT_INDEX: {
    rule: "drop-index",
    words: "waits for everybody who uses its table, and everybody after waits for it",
  },
  OBJECT_TRIGGER: { rule: "change-trigger", words: "does not happen any more when rows are written" },
  OBJECT_RULE: { rule: "change-trigger", words: "does not happen any more when rows are written" },
  OBJECT_EVENT_TRIGGER: { rule: "database-trigger", words: "does not happen any more" },
  OBJECT_POLICY: { rule: "row-security", words: "does not count any more: other rows are shown, or fewer" },
  OBJECT_PUBLICATION: { rule: "change-publication", words: "is lost: its subscribers get nothing" },
  // Planning alone asks for it.
  OBJECT_STATISTIC_EXT: { rule: "none", words: "" },
};

/**
 * DROP ("DROP TABLE" and its like). Without CASCADE the server refuses what others depend on; with it nobody knows from
 * the text what goes.
 */
export function judgeDrop(statement: NodeOf<"DropStmt">, { memory }: GateContext): Hit[] {
  const { removeType = "OBJECT_TABLE", objects = [], behavior, concurrent = false } = statement;
  const hits = objects.flatMap((object) => {
    const name = droppedName(object);
    if (memory.isNew(newKind(removeType), name)) return [];
    const { rule, words } = costs[removeType] ?? {
      rule: "drop-object",
      words: "is gone for whoever uses it",
    };
    const kind = removeType.replace("OBJECT_", "").toLowerCase().replaceAll("_", " ");
    if (rule === "none" || (rule === "drop-index" && concurrent)) return [];
    const cascade =
      behavior === "DROP_CASCADE"
        ? [hit("drop-cascade", `whatever depends on ${kind} ${name} goes with it`)]
        : [];
    return [hit(rule, `${kind} ${name} ${words}`), ...cascade];
  });
  return hits;
}

/** The kind under which the memory has what a part made; tables, views, indexes and sequences share their names. */
export function newKind(type: ObjectType): string {
  if (type === "OBJECT_SCHEMA") return "schema";
  if (type === "OBJECT_TYPE" || type === "OBJECT_DOMAIN") return "type";
  return [
    "OBJECT_TABLE",
    "OBJECT_VIEW",
    "OBJECT_MATVIEW",
    "OBJECT_INDEX",
    "OBJECT_SEQUENCE",
    "OBJECT_FOREIGN_TABLE",
  ].includes(type)
    ? "relation"
    : "object";
}

/** A name as it is written, whatever the kind. */
export function droppedName(object: Node): string {
  const list = contentOf(object, "List");
  if (list !== undefined) return dotted(list.items);
  const names = contentOf(object, "TypeName")?.names ?? contentOf(object, "ObjectWithArgs")?.objname;
  return names === undefined ? (contentOf(object, "String")?.sval ?? "") : dotted(names);
}
