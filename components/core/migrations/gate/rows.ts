import type { Node } from "libpg-query";
import { contentOf, contentsOf, tableName, walk, walkType, type NodeOf } from "../ast";
import { judgeCalls } from "./calls";
import type { GateContext } from "./context";
import { restrictionOf, type ConditionScope, type Restriction } from "./restriction";
import { hit, type Hit, type RuleId } from "./rules";

/** What reads or writes rows: the statement, what its WITH holds, and the functions that it calls. */
export function judgeRows(type: "SelectStmt" | WritingType, content: unknown, context: GateContext): Hit[] {
  const statement = { [type]: content };
  const writes = [...walk(statement)].flatMap((found) =>
    isWriting(found.type) ? writing[found.type](found.content as never, context) : [],
  );
  return [...writes, ...judgeLocking(statement, context), ...judgeCalls(statement, context)];
}

type WritingType = "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt";

function isWriting(type: string): type is WritingType {
  return type in writing;
}

const writing: { readonly [Type in WritingType]: (statement: NodeOf<Type>, context: GateContext) => Hit[] } =
  {
    InsertStmt: ({ relation, selectStmt, onConflictClause }, context) => {
      const table = tableName(relation);
      // Every row of the table meets itself.
      const meetsItself =
        onConflictClause?.action === "ONCONFLICT_UPDATE" &&
        onConflictClause.whereClause === undefined &&
        [...walkType(selectStmt, "RangeVar")].some((source) => tableName(source) === table) &&
        contentOf(selectStmt, "SelectStmt")?.whereClause === undefined;
      const isLoss = meetsItself && !context.memory.isNew("relation", table);
      return [
        ...(isLoss
          ? [hit("update-all", `every row of table ${table} is overwritten by its own conflict`)]
          : []),
        ...judgeCatalog(relation),
      ];
    },
    DeleteStmt: ({ relation, whereClause, usingClause }, context) => {
      const table = tableName(relation);
      const found = restrictionOf(whereClause, scopeOf(relation, usingClause, context));
      return judgeWriting(
        relation,
        tooMany(found, table, "delete-all", `every row of table ${table} is deleted`),
        context,
      );
    },
    UpdateStmt: ({ relation, whereClause, fromClause, targetList }, context) => {
      const table = tableName(relation);
      const columns = contentsOf(targetList, "ResTarget").map(({ name = "" }) => name);
      // What fills a column that the same part added takes nothing away.
      const isNew = columns.every((column) => context.memory.isNewColumn(table, column));
      const found = isNew ? "some" : restrictionOf(whereClause, scopeOf(relation, fromClause, context));
      const words = `${columns.join(", ")} of every row of table ${table} is overwritten`;
      return judgeWriting(relation, tooMany(found, table, "update-all", words), context);
    },
    MergeStmt: ({ relation, sourceRelation, joinCondition, mergeWhenClauses }, context) => {
      const table = tableName(relation);
      const source = sourceRelation === undefined ? [] : [sourceRelation];
      const scope = scopeOf(relation, source, context);
      const clauses = contentsOf(mergeWhenClauses, "MergeWhenClause")
        .filter(({ commandType }) => commandType === "CMD_DELETE" || commandType === "CMD_UPDATE")
        .map(({ matchKind, condition }) => {
          // Both sides of a match are there to be asked.
          const own = restrictionOf(condition, { ...scope, others: new Map() });
          const joined = matchKind === "MERGE_WHEN_MATCHED" ? restrictionOf(joinCondition, scope) : "none";
          return [own, joined].includes("some") ? "some" : [own, joined].includes("weak") ? "weak" : "none";
        });
      const found = clauses.includes("none") ? "none" : clauses.includes("weak") ? "weak" : "some";
      const words = `rows of table ${table} are changed or deleted without a condition`;
      return judgeWriting(relation, tooMany(found, table, "merge-all", words), context);
    },
  };

function scopeOf(
  relation: NodeOf<"RangeVar"> | undefined,
  sources: readonly Node[] | undefined,
  { memory }: GateContext,
): ConditionScope {
  const table = tableName(relation);
  const tables = [
    ...walk(sources, ({ type }) => type !== "RangeSubselect" && type !== "RangeFunction"),
  ].flatMap(({ type, content }): [string, string | undefined][] => {
    const { alias, relname } = content as NodeOf<"RangeVar">;
    const name = alias?.aliasname ?? relname;
    if (name === undefined || !type.startsWith("Range")) return [];
    return [[name, type === "RangeVar" ? tableName(content as NodeOf<"RangeVar">) : undefined]];
  });
  return {
    own: relation?.alias?.aliasname ?? relation?.relname ?? "",
    table,
    others: new Map(tables),
    isNotNull: (column) => memory.isNotNull(table, column),
  };
}

function tooMany(found: Restriction, table: string, rule: RuleId, words: string): Hit[] {
  if (found === "some") return [];
  if (found === "none") return [hit(rule, words)];
  return [hit("weak-condition", `its condition may hold for every row of table ${table}`)];
}

/** Writing many rows while a lock of the same transaction keeps everybody else out. */
function judgeWriting(
  relation: NodeOf<"RangeVar"> | undefined,
  all: Hit[],
  { memory, transactional }: GateContext,
): Hit[] {
  const table = tableName(relation);
  if (memory.isNew("relation", table)) return [];
  const locked = transactional && memory.isLocked(table);
  const words = `rows of table ${table} are written under the lock of an earlier statement`;
  return [...all, ...(locked ? [hit("write-under-lock", words)] : []), ...judgeCatalog(relation)];
}

function judgeCatalog(relation: NodeOf<"RangeVar"> | undefined): Hit[] {
  const isCatalog = relation?.schemaname === "pg_catalog" || (relation?.relname ?? "").startsWith("pg_");
  return isCatalog ? [hit("write-catalog", `${tableName(relation)} is a catalogue of PostgreSQL`)] : [];
}

/** SELECT … FOR UPDATE of all rows keeps every writer of them waiting until the transaction ends. */
function judgeLocking(tree: unknown, { memory, transactional, inFunction }: GateContext): Hit[] {
  if (!transactional || inFunction) return [];
  return [...walkType(tree, "SelectStmt")].flatMap(
    ({ lockingClause, whereClause, limitCount, fromClause }) => {
      if (lockingClause === undefined || whereClause !== undefined || limitCount !== undefined) return [];
      const tables = [...walkType(fromClause, "RangeVar")]
        .map(tableName)
        .filter((table) => !memory.isNew("relation", table));
      return tables.length === 0
        ? []
        : [hit("lock-table", `every row of ${tables.join(", ")} is locked until the migration ends`)];
    },
  );
}
