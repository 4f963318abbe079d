import type { Node } from "libpg-query";
import { quoteIdentifier } from "../identifier";
import { contentOf, contentsOf, dotted, namesOf, walkType } from "./ast";
import { hasOption } from "./transaction-block";

/** A name as SQL takes it, quoted: `"app"."orders"`. */
type SqlName = string;

/**
 * What a statement that cannot be in a transaction leaves behind when it stops half-way, and so where one has to look
 * before it runs again.
 */
export type Traces =
  | {
      readonly kind: "index made";
      /** Without its schema, which is the table's; undefined: PostgreSQL chooses one. */
      readonly index: string | undefined;
      readonly table: SqlName;
      readonly unlessThere: boolean;
    }
  | { readonly kind: "index dropped"; readonly index: SqlName }
  /** `place`: the index, the table or the schema; undefined: the whole database. */
  | {
      readonly kind: "index made anew";
      readonly of: "index" | "table" | "schema" | "database";
      readonly place: SqlName | undefined;
    }
  | { readonly kind: "partition detached"; readonly table: SqlName; readonly partition: SqlName }
  /** It can run any number of times: VACUUM, ALTER SYSTEM. */
  | { readonly kind: "nothing" }
  /** Only people can tell how it ended. */
  | { readonly kind: "unknown" };

/** What the catalogue says of such traces. */
export interface FoundTraces {
  /** The index that is to be there, to be gone, or the partition's attachment. */
  readonly state: "absent" | "valid" | "invalid" | "elsewhere" | "pending";
  /** Invalid copies that REINDEX CONCURRENTLY left (`_ccnew`, `_ccold`), as SQL. */
  readonly copies: readonly SqlName[];
  /** Those of toast tables, whose schema is a superuser's: he alone can drop them. */
  readonly kept?: readonly SqlName[];
}

/** How to go on. */
export type Continuation =
  | { readonly kind: "done"; readonly because: string }
  /** `before`: what is taken away first, one by one; `instead`: what stands for the statement. */
  | {
      readonly kind: "run";
      readonly before: readonly string[];
      readonly instead?: string;
      readonly because?: string;
    }
  | { readonly kind: "ask"; readonly message: string; readonly hint: string };

/** Where to look for what a statement left. */
export function tracesOf(node: Node): Traces {
  const made = contentOf(node, "IndexStmt");
  if (made !== undefined) {
    const { idxname: index, relation, if_not_exists: unlessThere = false } = made;
    return { kind: "index made", index, table: relationName(relation), unlessThere };
  }
  const dropped = contentOf(node, "DropStmt");
  if (dropped?.removeType === "OBJECT_INDEX") {
    const names = contentsOf(dropped.objects, "List").map(({ items }) => namesOf(items));
    return { kind: "index dropped", index: sqlName(names[0] ?? []) };
  }
  const anew = contentOf(node, "ReindexStmt");
  if (anew !== undefined) return tracesOfReindex(anew);
  return tracesOfDetach(node) ?? { kind: isRepeatable(node) ? "nothing" : "unknown" };
}

/** True where a build beside running writes waits for other transactions, and nobody waits for it. */
export function isConcurrentIndex(node: Node): boolean {
  const { kind } = tracesOf(node);
  const anew = contentOf(node, "ReindexStmt");
  if (anew !== undefined) return hasOption(anew.params, "concurrently");
  if (kind === "index made") return contentOf(node, "IndexStmt")?.concurrent === true;
  return kind === "index dropped" && contentOf(node, "DropStmt")?.concurrent === true;
}

/** True for what a file without a transaction sets for its whole session, and has to find there when it goes on. */
export function isSessionSetting(node: Node): boolean {
  const set = contentOf(node, "VariableSetStmt");
  if (set !== undefined) return set.is_local !== true;
  if (!("SelectStmt" in node)) return false;
  return [...walkType(node, "FuncCall")].some(({ funcname }) =>
    /^(?:pg_catalog\.)?set_config$/.test(dotted(funcname)),
  );
}

/** Decides from what was found how a statement goes on that was sent before, and of which nobody knows how it ended. */
export function continueFrom(traces: Traces, { state, copies, kept = [] }: FoundTraces): Continuation {
  switch (traces.kind) {
    case "index made":
      return continueIndex(traces, state);
    case "index dropped":
      if (state === "absent") return { kind: "done", because: `${traces.index} is gone` };
      return { kind: "run", before: [] };
    case "index made anew":
      return continueReindex(copies, kept);
    case "partition detached":
      if (state === "absent") return { kind: "done", because: `${traces.partition} is detached` };
      if (state !== "pending") return { kind: "run", before: [] };
      return {
        kind: "run",
        before: [],
        instead: `ALTER TABLE ${traces.table} DETACH PARTITION ${traces.partition} FINALIZE`,
        because: `${traces.partition} is half detached`,
      };
    case "nothing":
      return { kind: "run", before: [] };
    case "unknown":
      return {
        kind: "ask",
        message: "was sent when an earlier run stopped, and no catalogue tells how it ended",
        hint: "look whether it was done, then say so: `migrate repair --statement done`, or `migrate repair --statement again`",
      };
  }
}

function continueReindex(copies: readonly SqlName[], kept: readonly SqlName[]): Continuation {
  const because = [
    ...(copies.length === 0 ? [] : [`invalid ${copies.join(", ")} left`]),
    ...(kept.length === 0
      ? []
      : [`invalid ${kept.join(", ")} left, which a superuser has to drop (DROP INDEX CONCURRENTLY)`]),
  ].join("; ");
  return {
    kind: "run",
    before: copies.map((name) => `DROP INDEX CONCURRENTLY IF EXISTS ${name}`),
    ...(because === "" ? {} : { because }),
  };
}

function continueIndex(
  { index = "", table }: Extract<Traces, { kind: "index made" }>,
  state: FoundTraces["state"],
): Continuation {
  const name = quoteIdentifier(index);
  if (state === "absent") return { kind: "run", before: [] };
  if (state === "valid") return { kind: "done", because: `index ${name} is there and valid` };
  if (state === "invalid") {
    const schema = /^(.*\.)"(?:[^"]|"")*"$/.exec(table)?.[1] ?? "";
    const because = `invalid index ${name} was left`;
    return { kind: "run", before: [`DROP INDEX CONCURRENTLY IF EXISTS ${schema}${name}`], because };
  }
  return {
    kind: "ask",
    message: `index ${name} belongs to another table than ${table}`,
    hint: "another name is needed: drop that index, or give this one its own name",
  };
}

function tracesOfReindex({
  kind,
  relation,
  name,
}: NonNullable<ReturnType<typeof contentOf<"ReindexStmt">>>): Traces {
  const place = relation === undefined ? undefined : relationName(relation);
  if (kind === "REINDEX_OBJECT_INDEX") return { kind: "index made anew", of: "index", place };
  if (kind === "REINDEX_OBJECT_TABLE") return { kind: "index made anew", of: "table", place };
  if (kind === "REINDEX_OBJECT_SCHEMA" && name !== undefined)
    return { kind: "index made anew", of: "schema", place: quoteIdentifier(name) };
  return { kind: "index made anew", of: "database", place: undefined };
}

function tracesOfDetach(node: Node): Traces | undefined {
  const table = contentOf(node, "AlterTableStmt");
  for (const { subtype, def } of contentsOf(table?.cmds, "AlterTableCmd")) {
    if (subtype !== "AT_DetachPartition") continue;
    const partition = relationName(contentOf(def, "PartitionCmd")?.name);
    return { kind: "partition detached", table: relationName(table?.relation), partition };
  }
  return undefined;
}

/** What gives the same however often it runs. */
function isRepeatable(node: Node): boolean {
  return ["VacuumStmt", "ClusterStmt", "AlterSystemStmt", "VariableSetStmt"].some((type) => type in node);
}

interface Relation {
  readonly schemaname?: string;
  readonly relname?: string;
}

function relationName(relation: Relation | undefined): SqlName {
  const { schemaname, relname = "" } = relation ?? {};
  return sqlName(schemaname === undefined ? [relname] : [schemaname, relname]);
}

function sqlName(parts: readonly string[]): SqlName {
  return parts.map(quoteIdentifier).join(".");
}
