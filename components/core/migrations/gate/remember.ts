import type { Node } from "libpg-query";
import { contentOf, contentsOf, dotted, namesOf, tableName, walkType, type NodeOf } from "../ast";
import { notNullColumn } from "./added-column";
import { locksWriters } from "./alter-table";
import { readType } from "./column-types";
import { droppedName, newKind } from "./drop";
import type { SchemaMemory } from "./schema-memory";

/** Keeps what a statement of the file changes, for those after it. */
export function remember(node: Node, memory: SchemaMemory): void {
  rememberTable(node, memory);
  rememberOthers(node, memory);
  rememberNames(node, memory);
  rememberLocks(node, memory);
}

function rememberTable(node: Node, memory: SchemaMemory): void {
  const made = contentOf(node, "CreateStmt");
  const table = tableName(made?.relation);
  // What may have been there before is not new, and not known.
  if (made !== undefined && made.if_not_exists !== true) {
    memory.forget("relation", table);
    memory.addCreated("relation", table);
    if (made.relation?.relpersistence === "t") memory.addTemporary(table);
    for (const column of contentsOf(made.tableElts, "ColumnDef")) keepColumn(table, column, memory);
    for (const constraint of contentsOf(made.tableElts, "Constraint"))
      keepConstraint(table, constraint, memory);
  }
  const altered = contentOf(node, "AlterTableStmt");
  if (altered === undefined || altered.objtype === "OBJECT_TYPE") return;
  for (const command of contentsOf(altered.cmds, "AlterTableCmd")) {
    keepChange(tableName(altered.relation), command, memory);
  }
}

function keepChange(table: string, command: NodeOf<"AlterTableCmd">, memory: SchemaMemory): void {
  const { subtype, name = "", def, missing_ok: ifNotExists } = command;
  const column = contentOf(def, "ColumnDef");
  const constraint = contentOf(def, "Constraint");
  if (subtype === "AT_AddColumn" && column !== undefined && ifNotExists !== true) {
    keepColumn(table, column, memory);
    memory.addNewColumn(table, column.colname ?? "");
  }
  if (subtype === "AT_DropColumn") memory.forgetColumn(table, name);
  if (subtype === "AT_AlterColumnType") memory.setType(table, name, readType(column?.typeName));
  if (subtype === "AT_SetNotNull") memory.setNotNull(table, name, "");
  if (subtype === "AT_DropNotNull") memory.dropNotNull(table, name);
  if (subtype === "AT_AddConstraint" && constraint !== undefined) keepConstraint(table, constraint, memory);
  if (subtype === "AT_ValidateConstraint") memory.validate(table, name);
  if (subtype === "AT_DropConstraint") memory.dropConstraint(table, name);
}

function keepColumn(table: string, column: NodeOf<"ColumnDef">, memory: SchemaMemory): void {
  const name = column.colname ?? "";
  memory.setType(table, name, readType(column.typeName));
  const types = contentsOf(column.constraints, "Constraint").map(({ contype }) => contype);
  if (types.includes("CONSTR_NOTNULL") || types.includes("CONSTR_PRIMARY"))
    memory.setNotNull(table, name, "");
}

function keepConstraint(table: string, constraint: NodeOf<"Constraint">, memory: SchemaMemory): void {
  const { contype, conname, keys, skip_validation: later } = constraint;
  const column =
    contype === "CONSTR_NOTNULL"
      ? namesOf(keys)[0]
      : contype === "CONSTR_CHECK"
        ? notNullColumn(constraint)
        : undefined;
  if (contype === "CONSTR_PRIMARY") for (const key of namesOf(keys)) memory.setNotNull(table, key, "");
  // One without a name cannot be followed to its end.
  if (column === undefined || conname === undefined) return;
  if (later === true) memory.addUnproven(table, conname, column);
  else memory.setNotNull(table, column, conname);
}

function rememberOthers(node: Node, memory: SchemaMemory): void {
  const { into, if_not_exists: maybe } = contentOf(node, "CreateTableAsStmt") ?? {};
  if (into !== undefined && maybe !== true) memory.addCreated("relation", tableName(into.rel));
  const { view, replace } = contentOf(node, "ViewStmt") ?? {};
  if (view !== undefined && replace !== true) memory.addCreated("relation", tableName(view));
  const sequence = contentOf(node, "CreateSeqStmt");
  if (sequence !== undefined && sequence.if_not_exists !== true)
    memory.addCreated("relation", tableName(sequence.sequence));
  const schema = contentOf(node, "CreateSchemaStmt");
  if (schema?.schemaname !== undefined && schema.if_not_exists !== true)
    memory.addCreated("schema", schema.schemaname);
  const { funcname, replace: replaced } = contentOf(node, "CreateFunctionStmt") ?? {};
  if (funcname !== undefined && replaced !== true) memory.addCreated("function", dotted(funcname));
  for (const type of [
    contentOf(node, "CreateEnumStmt")?.typeName,
    contentOf(node, "CreateRangeStmt")?.typeName,
  ]) {
    if (type !== undefined) memory.addCreated("type", dotted(type));
  }
  const composite = contentOf(node, "CompositeTypeStmt");
  if (composite !== undefined) memory.addCreated("type", tableName(composite.typevar));
  rememberDomain(node, memory);
}

function rememberDomain(node: Node, memory: SchemaMemory): void {
  const { domainname, constraints = [] } = contentOf(node, "CreateDomainStmt") ?? {};
  if (domainname !== undefined) {
    memory.addCreated("type", dotted(domainname));
    if (constraints.length > 0) memory.addConstrainedDomain(dotted(domainname));
  }
  const { subtype, typeName } = contentOf(node, "AlterDomainStmt") ?? {};
  // C: ADD CONSTRAINT; O: SET NOT NULL.
  if (subtype === "C" || subtype === "O") memory.addConstrainedDomain(dotted(typeName));
}

/** Follows what has another name or place now, or none. */
export function rememberNames(node: Node, memory: SchemaMemory): void {
  const { removeType, objects = [] } = contentOf(node, "DropStmt") ?? {};
  if (removeType !== undefined)
    for (const object of objects) memory.forget(newKind(removeType), droppedName(object));
  if (removeType === "OBJECT_SCHEMA") memory.forgetTables();
  const renamed = contentOf(node, "RenameStmt");
  if (renamed !== undefined) rememberRename(renamed, memory);
  const moved = contentOf(node, "AlterObjectSchemaStmt");
  if (moved !== undefined) rememberMove(moved, memory);
  const altered = contentOf(node, "AlterTableStmt");
  if (altered !== undefined) rememberMembers(altered, memory);
  const path = contentOf(node, "VariableSetStmt")?.name === "search_path";
  const calls = [...walkType(node, "FuncCall")].map(({ funcname }) => dotted(funcname));
  if (path || calls.some((name) => /^(?:pg_catalog\.)?set_config$/.test(name))) memory.changePath();
}

function rememberRename(statement: NodeOf<"RenameStmt">, memory: SchemaMemory): void {
  const { renameType = "OBJECT_TABLE", relation, object, subname = "", newname = "" } = statement;
  if (relation !== undefined) {
    const name = tableName(relation);
    if (renameType === "OBJECT_COLUMN") memory.renameColumn(name, subname, newname);
    else if (newKind(renameType) === "relation") {
      const to = tableName({ ...relation, relname: newname });
      memory.rename("relation", name, to);
      memory.lock(to);
    } else memory.forgetFacts(name);
    return;
  }
  const isSchema = renameType === "OBJECT_SCHEMA";
  const from = isSchema ? tableName({ relname: subname }) : object === undefined ? "" : droppedName(object);
  const place = from.includes(".") ? from.slice(0, from.lastIndexOf(".") + 1) : "";
  memory.rename(newKind(renameType), from, `${isSchema ? "" : place}${tableName({ relname: newname })}`);
  // Whatever stands under a type's or a schema's old name is not the same any more.
  memory.forgetTables();
}

function rememberMove(statement: NodeOf<"AlterObjectSchemaStmt">, memory: SchemaMemory): void {
  const { objectType = "OBJECT_TABLE", relation, object, newschema = "" } = statement;
  const kind = relation === undefined ? newKind(objectType) : "relation";
  const from =
    relation === undefined ? (object === undefined ? "" : droppedName(object)) : tableName(relation);
  if (!memory.isNew(kind, from)) memory.addUsed("schema", newschema);
  const to = tableName({ schemaname: newschema, relname: relation?.relname ?? from.split(".").at(-1) ?? "" });
  memory.rename(kind, from, to);
  if (relation === undefined) memory.forgetTables();
}

/** A table that has rows of before in its partitions or children is not new any more. */
function rememberMembers({ relation, cmds }: NodeOf<"AlterTableStmt">, memory: SchemaMemory): void {
  const table = tableName(relation);
  for (const { subtype, def } of contentsOf(cmds, "AlterTableCmd")) {
    const partition = tableName(contentOf(def, "PartitionCmd")?.name);
    if (subtype === "AT_AttachPartition" && !memory.isNew("relation", partition))
      memory.addUsed("relation", table);
    if (subtype === "AT_AddInherit" && !memory.isNew("relation", table))
      memory.addUsed("relation", tableName(contentOf(def, "RangeVar")));
  }
}

/** Locks that keep writers out: SHARE and stronger ("Explicit Locking"). */
function rememberLocks(node: Node, memory: SchemaMemory): void {
  const altered = contentOf(node, "AlterTableStmt");
  if (altered !== undefined && locksWriters(altered)) memory.lock(tableName(altered.relation));
  const index = contentOf(node, "IndexStmt");
  if (index !== undefined && index.concurrent !== true) memory.lock(tableName(index.relation));
  const { relation } = contentOf(node, "CreateTrigStmt") ?? contentOf(node, "RenameStmt") ?? {};
  if (relation !== undefined) memory.lock(tableName(relation));
  // A foreign key keeps writers of the other table out as well, and a partition those of its parent.
  const referred = [...walkType([altered, contentOf(node, "CreateStmt")], "Constraint")];
  for (const { pktable } of referred) if (pktable !== undefined) memory.lock(tableName(pktable));
  const { partbound, inhRelations } = contentOf(node, "CreateStmt") ?? {};
  if (partbound !== undefined)
    for (const parent of contentsOf(inhRelations, "RangeVar")) memory.lock(tableName(parent));
  for (const one of contentsOf(contentOf(node, "LockStmt")?.relations, "RangeVar"))
    memory.lock(tableName(one));
}
