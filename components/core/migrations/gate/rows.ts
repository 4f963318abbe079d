import { contentOf, contentsOf, dotted, tableName, walk, walkType, type NodeOf } from "../ast";
import type { GateContext } from "./context";
import { isHarmless } from "./known-functions";
import { judgeSetting } from "./objects";
import { restricts } from "./restriction";
import { hit, type Hit } from "./rules";

/** What reads or writes rows: the statement, what its WITH holds, and the functions that it calls. */
export function judgeRows(type: "SelectStmt" | WritingType, content: unknown, context: GateContext): Hit[] {
  const statement = { [type]: content };
  const writes = [...walk(statement)].flatMap((found) =>
    isWriting(found.type) ? writing[found.type](found.content as never, context) : [],
  );
  return [...writes, ...judgeCalls(statement, context)];
}

type WritingType = "InsertStmt" | "UpdateStmt" | "DeleteStmt" | "MergeStmt";

function isWriting(type: string): type is WritingType {
  return type in writing;
}

const writing: { readonly [Type in WritingType]: (statement: NodeOf<Type>, context: GateContext) => Hit[] } =
  {
    InsertStmt: ({ relation }) => judgeCatalog(relation),
    DeleteStmt: ({ relation, whereClause }, context) => {
      const table = tableName(relation);
      const all = restricts(whereClause) ? [] : [hit("delete-all", `every row of table ${table} is deleted`)];
      return judgeWriting(relation, all, context);
    },
    UpdateStmt: ({ relation, whereClause, targetList }, context) => {
      const table = tableName(relation);
      const columns = contentsOf(targetList, "ResTarget").map(({ name = "" }) => name);
      // What fills a column that the same part added takes nothing away.
      const isLoss =
        !restricts(whereClause) && !columns.every((column) => context.memory.isNewColumn(table, column));
      const all = isLoss
        ? [hit("update-all", `${columns.join(", ")} of every row of table ${table} is overwritten`)]
        : [];
      return judgeWriting(relation, all, context);
    },
    MergeStmt: ({ relation, joinCondition, mergeWhenClauses }, context) => {
      const table = tableName(relation);
      const all = contentsOf(mergeWhenClauses, "MergeWhenClause").some(
        ({ matchKind, commandType, condition }) => {
          if (commandType !== "CMD_DELETE" && commandType !== "CMD_UPDATE") return false;
          const isMatch = matchKind === "MERGE_WHEN_MATCHED";
          return !restricts(condition) && !(isMatch && restricts(joinCondition));
        },
      );
      const hits = all
        ? [hit("merge-all", `rows of table ${table} are changed or deleted without a condition`)]
        : [];
      return judgeWriting(relation, hits, context);
    },
  };

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

/** Functions that are called now and that nobody knows to be harmless. */
export function judgeCalls(tree: unknown, { inFunction }: GateContext): Hit[] {
  // What a function calls is its author's; that it is called at all is told where it is called.
  const calls = [...walkType(tree, "FuncCall")];
  const names = calls.map(({ funcname }) => dotted(funcname));
  const settings = calls.flatMap(({ funcname, args = [] }) =>
    /^(?:pg_catalog\.)?set_config$/.test(dotted(funcname))
      ? judgeSetting({ name: contentOf(args[0], "A_Const")?.sval?.sval ?? "", args: args.slice(1, 2) })
      : [],
  );
  const called = [...new Set(names)].flatMap((name) => {
    if (/^(?:pg_catalog\.)?lo_unlink$/.test(name))
      return [hit("drop-large-object", "a large object is lost")];
    if (inFunction || isHarmless(name)) return [];
    return [hit("function-call", `function ${name} is called, and may do anything`)];
  });
  return inFunction ? called : [...settings, ...called];
}
