import type { Node } from "libpg-query";
import { contentOf, contentsOf, dotted, tableName, type NodeOf } from "../ast";
import { droppedName, newKind } from "./drop";
import type { GateContext } from "./context";
import { hit, type Hit, type RuleId } from "./rules";

/** The name of what a statement is about, wherever it has it. */
function nameOf(relation: NodeOf<"RangeVar"> | undefined, object: Node | undefined): string {
  return relation === undefined ? (object === undefined ? "" : droppedName(object)) : tableName(relation);
}

/** Names that applications do not ask for: constraints, indexes, triggers, sequences' owners, policies. */
const unasked = [
  "OBJECT_INDEX",
  "OBJECT_TABCONSTRAINT",
  "OBJECT_DOMCONSTRAINT",
  "OBJECT_TRIGGER",
  "OBJECT_POLICY",
  "OBJECT_RULE",
  "OBJECT_STATISTIC_EXT",
];

/** ALTER … RENAME: it takes effect for everybody at once. */
export function judgeRename(statement: NodeOf<"RenameStmt">, { memory }: GateContext): Hit[] {
  const { renameType = "OBJECT_TABLE", relation, object, subname, newname = "" } = statement;
  const name = nameOf(relation, object);
  if (unasked.includes(renameType)) return [];
  if (relation !== undefined && (memory.isNew("relation", name) || memory.isNewColumn(name, subname ?? "")))
    return [];
  const renamed = renameType === "OBJECT_SCHEMA" ? (subname ?? "") : name;
  if (relation === undefined && memory.isNew(newKind(renameType), renamed)) return [];
  const from = [name, subname].filter((part) => part !== undefined && part !== "").join(".");
  return [hit("rename", `${from} is called ${newname}: what asks for the old name fails`)];
}

export function judgeSetSchema(statement: NodeOf<"AlterObjectSchemaStmt">, { memory }: GateContext): Hit[] {
  const { objectType = "OBJECT_TABLE", relation, object, newschema = "" } = statement;
  const name = nameOf(relation, object);
  if (memory.isNew(relation === undefined ? newKind(objectType) : "relation", name)) return [];
  return [hit("set-schema", `${name} moves to schema ${newschema}: what asks for it at its old place fails`)];
}

export function judgeOwner({ relation, object }: NodeOf<"AlterOwnerStmt">): Hit[] {
  return [hit("change-owner", `${nameOf(relation, object)} gets another owner`)];
}

/** GRANT and REVOKE on objects; what the part made is nobody's yet. */
export function judgeGrant(statement: NodeOf<"GrantStmt">, { memory }: GateContext): Hit[] {
  const { is_grant: isGrant, grantees, objects = [], objtype } = statement;
  const isPublic = contentsOf(grantees, "RoleSpec").some(({ roletype }) => roletype === "ROLESPEC_PUBLIC");
  if (isGrant === true)
    return isPublic ? [hit("grant-public", "every role of the server gets a privilege")] : [];
  const kind = /FUNCTION|PROCEDURE|ROUTINE/.test(objtype ?? "")
    ? "function"
    : objtype === "OBJECT_SCHEMA"
      ? "schema"
      : "relation";
  const isNew = (object: Node): boolean =>
    memory.isNew(kind, tableName(contentOf(object, "RangeVar")) || droppedName(object));
  if (objects.length > 0 && objects.every(isNew)) return [];
  return [hit("revoke", "a privilege is taken away at once")];
}

/** ALTER DOMAIN: a constraint is looked for in every table that uses it ("ALTER DOMAIN"). */
export function judgeDomain(
  { subtype, typeName, def }: NodeOf<"AlterDomainStmt">,
  { memory }: GateContext,
): Hit[] {
  const place = `domain ${dotted(typeName)}`;
  if (memory.isNew("type", dotted(typeName))) return [];
  switch (subtype) {
    case "C":
      return contentOf(def, "Constraint")?.skip_validation === true
        ? []
        : [hit("constrain-domain", `${place}: every table that uses it is looked at`)];
    case "O":
      return [hit("constrain-domain", `${place} is NOT NULL: every table that uses it is looked at`)];
    case "T":
      return def === undefined ? [hit("drop-default", `${place} loses its default`)] : [];
    case "N":
      return [hit("drop-not-null", `${place} may be NULL from now on`)];
    case "X":
      return [hit("drop-constraint", `a constraint of ${place} is not kept any more`)];
    case "V":
      return [];
    default:
      return [hit("unknown-statement", `${place} is changed in a way that is not known`)];
  }
}

/** SET LOCAL of what guards a migration; the rest is its own affair. */
export function judgeSetting({ name = "", args, kind }: NodeOf<"VariableSetStmt">): Hit[] {
  const value = contentsOf(args, "A_Const").map(({ sval, ival, fval, isnull }) =>
    isnull === true ? "" : (sval?.sval ?? fval?.fval ?? String(ival?.ival ?? 0)),
  )[0];
  const isOff = kind === "VAR_SET_DEFAULT" || kind === "VAR_RESET" || /^0+\s*[a-z]*$/.test(value ?? "");
  if (/^(?:lock_timeout|statement_timeout|transaction_timeout)$/i.test(name) && isOff) {
    return [hit("session-guard", `${name} ends: a statement may wait, or keep others waiting, for ever`)];
  }
  if (/^lock_timeout$/i.test(name) && milliseconds(value) > longestLockMs) {
    return [hit("session-guard", `${name} is ${value ?? ""}: whoever comes after waits as long`)];
  }
  if (
    /^(?:session_replication_role|allow_system_table_mods|zero_damaged_pages|ignore_system_indexes)$/i.test(
      name,
    )
  ) {
    return [
      hit("session-guard", `${name} turns off what keeps rows right: triggers, foreign keys or catalogues`),
    ];
  }
  if (/^(?:role|session_authorization)$/i.test(name)) {
    return [hit("session-guard", `${name} changes: what follows runs as somebody else`)];
  }
  return [];
}

/** Bound of a wait for a lock that everybody after it shares. */
const longestLockMs = 10_000;

/** A time as PostgreSQL reads it: without a unit it is milliseconds. */
function milliseconds(value: string | undefined): number {
  const [, number = "", unit = "ms"] = /^\s*([\d.]+(?:e\d+)?)\s*([a-z]*)\s*$/.exec(value ?? "") ?? [];
  const units: Readonly<Record<string, number>> = { us: 0.001, ms: 1, s: 1e3, min: 6e4, h: 3.6e6, d: 8.64e7 };
  return Number(number) * (units[unit === "" ? "ms" : unit] ?? Infinity);
}

export function judgeIndex(
  { relation, idxname, concurrent }: NodeOf<"IndexStmt">,
  { memory }: GateContext,
): Hit[] {
  const table = tableName(relation);
  if (concurrent === true || memory.isNew("relation", table)) return [];
  return [
    hit(
      "create-index",
      `index ${idxname ?? ""}${idxname === undefined ? "of" : " of"} table ${table}: nobody writes the table while it is built`,
    ),
  ];
}

/** An answer that is the same whatever the statement says. */
export function always(rule: RuleId, message: string): () => readonly Hit[] {
  return () => [hit(rule, message)];
}
