import type { Node } from "libpg-query";
import type { AclKind } from "../privileges/declaration";
import { contentOf, contentsOf, namesOf, type NodeOf } from "./ast";

/** Something that privileges can be granted on, and that a migration makes. */
export interface MadeObject {
  readonly kind: AclKind;
  /** Absent: the file leaves it to the search path. */
  readonly schema?: string;
  readonly name: string;
  /** A column that a table gets which is there already. */
  readonly column?: string;
}

/** What a file makes, and privileges can be granted on once it ran. */
export interface PendingFile {
  /** `sql/migrations/0001-orders.sql` */
  readonly file: string;
  readonly makes: readonly MadeObject[];
}

/** What a statement makes, as far as its text says: bodies of DO blocks and of functions are not looked into. */
export function madeBy(node: Node): MadeObject[] {
  return [...tables(node), ...sequences(node), ...routines(node), ...types(node), ...changed(node)];
}

function tables(node: Node): MadeObject[] {
  const foreign = contentOf(node, "CreateForeignTableStmt")?.base;
  const relation =
    contentOf(node, "CreateStmt")?.relation ??
    foreign?.relation ??
    contentOf(node, "ViewStmt")?.view ??
    contentOf(node, "CreateTableAsStmt")?.into?.rel;
  return relationOf("r", relation);
}

function sequences(node: Node): MadeObject[] {
  return relationOf("S", contentOf(node, "CreateSeqStmt")?.sequence);
}

function routines(node: Node): MadeObject[] {
  const made = contentOf(node, "CreateFunctionStmt");
  return made === undefined ? [] : named("f", namesOf(made.funcname));
}

function types(node: Node): MadeObject[] {
  const composite = contentOf(node, "CompositeTypeStmt")?.typevar;
  const names =
    contentOf(node, "CreateEnumStmt")?.typeName ??
    contentOf(node, "CreateDomainStmt")?.domainname ??
    contentOf(node, "CreateRangeStmt")?.typeName;
  return composite === undefined ? named("T", namesOf(names)) : relationOf("T", composite);
}

/** A new name of a table, and columns of one that is there. */
function changed(node: Node): MadeObject[] {
  const renamed = contentOf(node, "RenameStmt");
  if (renamed?.renameType === "OBJECT_TABLE" || renamed?.renameType === "OBJECT_VIEW") {
    const relation =
      renamed.relation === undefined ? undefined : { ...renamed.relation, relname: renamed.newname };
    return relationOf("r", relation as NodeOf<"RangeVar">);
  }
  const altered = contentOf(node, "AlterTableStmt");
  const added = contentsOf(altered?.cmds, "AlterTableCmd").filter(
    ({ subtype }) => subtype === "AT_AddColumn",
  );
  return added.flatMap(({ def }) => {
    const column = contentOf(def, "ColumnDef")?.colname;
    const [table] = relationOf("r", altered?.relation);
    return column === undefined || table === undefined ? [] : [{ ...table, column }];
  });
}

function relationOf(kind: AclKind, relation: NodeOf<"RangeVar"> | undefined): MadeObject[] {
  // What is temporary ends with the run.
  if (relation?.relname === undefined || relation.relpersistence === "t") return [];
  const { schemaname: schema, relname: name } = relation;
  return [{ kind, ...(schema === undefined ? {} : { schema }), name }];
}

function named(kind: AclKind, path: readonly string[]): MadeObject[] {
  const name = path.at(-1);
  const schema = path.at(-2);
  return name === undefined ? [] : [{ kind, ...(schema === undefined ? {} : { schema }), name }];
}
