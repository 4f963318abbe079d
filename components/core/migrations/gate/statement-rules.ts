import type { Node } from "libpg-query";
import { contentsOf, dotted, tableName, typeOf, type NodeOf, type StatementType } from "../ast";
import { hasOption } from "../transaction-block";
import { judgeAlterTable } from "./alter-table";
import { judgeAlterFunction, judgeDo, judgeFunction } from "./code";
import type { GateContext } from "./context";
import { judgeDrop } from "./drop";
import {
  always,
  judgeDomain,
  judgeGrant,
  judgeIndex,
  judgeOwner,
  judgeRename,
  judgeSetSchema,
  judgeSetting,
} from "./objects";
import { judgeRows } from "./rows";
import { hit, type Hit } from "./rules";

type StatementRule<Type extends StatementType> = (
  statement: NodeOf<Type>,
  context: GateContext,
) => readonly Hit[];

const safe = (): readonly Hit[] => [];
const server = (words: string): (() => readonly Hit[]) => always("server-wide", words);
const definition = (words: string): (() => readonly Hit[]) =>
  always("change-definition", `${words} is defined in another way`);
const elsewhere = (words: string): (() => readonly Hit[]) => always("connect-elsewhere", words);
const notWritten = always("unknown-statement", "this is no statement that a file can hold");

/** Every statement of PostgreSQL 18: the compiler asks for each, and so does a test. */
export const statementRules: { readonly [Type in StatementType]: StatementRule<Type> } = {
  // Rows
  SelectStmt: (content, context) => judgeRows("SelectStmt", content, context),
  InsertStmt: (content, context) => judgeRows("InsertStmt", content, context),
  UpdateStmt: (content, context) => judgeRows("UpdateStmt", content, context),
  DeleteStmt: (content, context) => judgeRows("DeleteStmt", content, context),
  MergeStmt: (content, context) => judgeRows("MergeStmt", content, context),
  TruncateStmt: truncate,
  CopyStmt: copy,
  CallStmt: ({ funccall }, { memory }) => [
    ...memory.bodiesOf(dotted(funccall?.funcname)),
    hit("call-procedure", `procedure ${dotted(funccall?.funcname)} is called, and may do anything`),
  ],
  DoStmt: judgeDo,
  PrepareStmt: ({ query }, context) => inner(query, context),
  ExecuteStmt: ({ name = "" }) => [hit("run-prepared", `prepared statement ${name} runs`)],
  DeallocateStmt: safe,
  // EXPLAIN alone plans; ANALYZE runs.
  ExplainStmt: ({ query, options }, context) => (hasOption(options, "analyze") ? inner(query, context) : []),
  DeclareCursorStmt: ({ query }, context) => inner(query, context),
  FetchStmt: safe,
  ClosePortalStmt: safe,
  ReturnStmt: safe,
  PLAssignStmt: safe,
  SetOperationStmt: notWritten,
  RawStmt: notWritten,

  // Tables and what is like them
  CreateStmt: safe,
  CreateTableAsStmt: ({ query }, context) => inner(query, context),
  CreateForeignTableStmt: safe,
  AlterTableStmt: judgeAlterTable,
  AlterTableMoveAllStmt: always("move-storage", "every table of a tablespace is copied, each under a lock"),
  IndexStmt: judgeIndex,
  ReindexStmt: ({ params, relation, name }, { memory }) =>
    hasOption(params, "concurrently") || memory.isNew("relation", tableName(relation))
      ? []
      : [
          hit(
            "reindex",
            `${name ?? tableName(relation)}: nobody writes the table meanwhile, and few queries read it`,
          ),
        ],
  ClusterStmt: ({ relation }, { memory }) =>
    relation !== undefined && memory.isNew("relation", tableName(relation))
      ? []
      : [
          hit(
            "cluster",
            `${relation === undefined ? "every clustered table" : `table ${tableName(relation)}`} is written anew`,
          ),
        ],
  VacuumStmt: vacuum,
  LockStmt: ({ relations }, { memory }) => {
    const tables = contentsOf(relations, "RangeVar")
      .map(tableName)
      .filter((table) => !memory.isNew("relation", table));
    return tables.length === 0
      ? []
      : [hit("lock-table", `${tables.join(", ")} is locked until the migration ends`)];
  },
  ViewStmt: safe,
  RefreshMatViewStmt: refresh,
  CreateSeqStmt: safe,
  AlterSeqStmt: ({ sequence, options }, { memory }) =>
    memory.isNewSequence(tableName(sequence)) ? [] : sequenceChange(tableName(sequence), options),
  CreateStatsStmt: safe,
  AlterStatsStmt: safe,
  CommentStmt: safe,
  SecLabelStmt: definition("a security label"),
  ReplicaIdentityStmt: notWritten,

  // Objects of all kinds
  DropStmt: judgeDrop,
  RenameStmt: judgeRename,
  AlterObjectSchemaStmt: judgeSetSchema,
  AlterOwnerStmt: judgeOwner,
  AlterObjectDependsStmt: definition("what an object goes with"),
  DefineStmt: safe,
  CreateSchemaStmt: ({ schemaElts = [] }, context) =>
    schemaElts.flatMap((element) => inner(element, context)),
  CreateEnumStmt: safe,
  CreateRangeStmt: safe,
  CompositeTypeStmt: safe,
  CreateDomainStmt: safe,
  AlterDomainStmt: judgeDomain,
  AlterEnumStmt: ({ oldVal, newVal = "" }) =>
    oldVal === undefined
      ? []
      : [hit("rename", `value ${oldVal} is called ${newVal}: what asks for the old one fails`)],
  AlterTypeStmt: definition("a type"),
  AlterCollationStmt: definition("a collation"),
  AlterOperatorStmt: definition("an operator"),
  AlterOpFamilyStmt: definition("an operator family"),
  AlterTSConfigurationStmt: definition("a text search configuration"),
  AlterTSDictionaryStmt: definition("a text search dictionary"),
  CreateCastStmt: always("change-definition", "a cast changes what existing statements mean"),
  CreateConversionStmt: safe,
  CreateOpClassStmt: safe,
  CreateOpFamilyStmt: safe,
  CreateTransformStmt: safe,
  CreateAmStmt: always("load-library", "an access method is code of a library"),
  CreatePLangStmt: always("load-library", "a language is code of a library"),
  LoadStmt: ({ filename = "" }) => [hit("load-library", `library ${filename} is loaded into the server`)],

  // Code
  CreateFunctionStmt: judgeFunction,
  AlterFunctionStmt: judgeAlterFunction,
  CreateTrigStmt: ({ relation, trigname = "" }, { memory }) =>
    memory.isNew("relation", tableName(relation))
      ? []
      : [
          hit(
            "change-trigger",
            `trigger ${trigname} runs with every write of table ${tableName(relation)} from now on`,
          ),
        ],
  RuleStmt: ({ relation }, { memory }) =>
    memory.isNew("relation", tableName(relation))
      ? []
      : [hit("rewrite-rule", `statements on ${tableName(relation)} are turned into others`)],
  CreateEventTrigStmt: always("database-trigger", "a trigger runs with every change of the schema"),
  AlterEventTrigStmt: always("database-trigger", "a trigger of the schema runs in another way"),

  // Rights
  GrantStmt: judgeGrant,
  GrantRoleStmt: ({ is_grant: isGrant }) =>
    isGrant === true
      ? [hit("grant-role", "a role gets the rights of another one")]
      : [hit("revoke", "a role loses the rights of another one")],
  AlterDefaultPrivilegesStmt: ({ action }, context) =>
    action === undefined ? [] : judgeGrant({ ...action, objects: [] }, context),
  CreatePolicyStmt: policy,
  AlterPolicyStmt: policy,
  ReassignOwnedStmt: always("change-owner", "everything that a role owns gets another owner"),
  DropOwnedStmt: always(
    "drop-owned",
    "everything that a role owns in this database is lost, and its privileges",
  ),

  // The server, and other ones
  CreateRoleStmt: server("roles are declared in the stack; a password in a file is no secret"),
  AlterRoleStmt: server("roles are declared in the stack; a password in a file is no secret"),
  AlterRoleSetStmt: server("settings of roles are declared in the stack"),
  DropRoleStmt: server("roles are declared in the stack"),
  CreatedbStmt: server("databases are declared in the stack"),
  DropdbStmt: ({ dbname = "" }) => [hit("drop-database", `database ${dbname} is lost`)],
  AlterDatabaseStmt: server("databases are declared in the stack"),
  AlterDatabaseSetStmt: server("settings of databases are declared in the stack"),
  AlterDatabaseRefreshCollStmt: server("the server is not told any more that its collations differ"),
  AlterSystemStmt: server("settings are declared in the stack"),
  CreateTableSpaceStmt: server("a tablespace is a directory of the server"),
  DropTableSpaceStmt: server("a tablespace is a directory of the server"),
  AlterTableSpaceOptionsStmt: server("a tablespace is used by every database"),
  CheckPointStmt: server("a checkpoint writes everything at once"),
  CreateExtensionStmt: safe,
  AlterExtensionStmt: definition("an extension"),
  AlterExtensionContentsStmt: ({ extname = "", action }) =>
    (action ?? 0) < 0
      ? [hit("alter-extension-drop", `an object of extension ${extname} is nobody's`)]
      : [hit("change-definition", `an object goes with extension ${extname}`)],
  CreateFdwStmt: elsewhere("a foreign data wrapper is code of a library"),
  AlterFdwStmt: elsewhere("a foreign data wrapper is changed"),
  CreateForeignServerStmt: elsewhere("another server is named"),
  AlterForeignServerStmt: elsewhere("another server is named"),
  CreateUserMappingStmt: elsewhere("a login to another server is written down"),
  AlterUserMappingStmt: elsewhere("a login to another server is written down"),
  DropUserMappingStmt: always("drop-object", "a login to another server is gone"),
  ImportForeignSchemaStmt: elsewhere("what is made depends on another server"),
  CreatePublicationStmt: safe,
  AlterPublicationStmt: ({ pubname = "", action }) =>
    action === "AP_AddObjects" ? [] : [hit("change-publication", `publication ${pubname} sends other rows`)],
  CreateSubscriptionStmt: elsewhere("rows of another server come in"),
  AlterSubscriptionStmt: elsewhere("other rows of another server come in"),
  DropSubscriptionStmt: always("change-publication", "rows of another server do not come in any more"),

  // The session
  VariableSetStmt: judgeSetting,
  VariableShowStmt: safe,
  DiscardStmt: safe,
  ConstraintsSetStmt: safe,
  ListenStmt: safe,
  UnlistenStmt: safe,
  NotifyStmt: safe,
  TransactionStmt: always("unknown-statement", "it would end the transaction"),
};

/** What the table says of a statement; what is not in it is not known. */
export function judgeNode(node: Node, context: GateContext): readonly Hit[] {
  const type = typeOf(node);
  const rule = (statementRules as Readonly<Record<string, StatementRule<never> | undefined>>)[type];
  if (rule === undefined) return [hit("unknown-statement", `${type} is not known`)];
  return rule(Object.values(node)[0] as never, context);
}

function inner(node: Node | undefined, context: GateContext): readonly Hit[] {
  return node === undefined ? [] : judgeNode(node, context);
}

function truncate({ relations, behavior }: NodeOf<"TruncateStmt">, { memory }: GateContext): readonly Hit[] {
  const tables = contentsOf(relations, "RangeVar").map(tableName);
  const used = tables.filter((table) => !memory.isNew("relation", table));
  const emptied = used.map((table) => hit("truncate", `every row of table ${table} is deleted`));
  // A table that is new may be referred to by one that is not.
  if (behavior !== "DROP_CASCADE") return emptied;
  return [
    ...emptied,
    hit("truncate-cascade", `every table that refers to ${tables.join(", ")} is emptied as well`),
  ];
}

function copy(
  { query, filename, is_program: isProgram }: NodeOf<"CopyStmt">,
  context: GateContext,
): readonly Hit[] {
  const words =
    isProgram === true
      ? "runs a program on the server"
      : `reads or writes file ${filename ?? ""} of the server`;
  return [hit("run-program", `COPY ${words}`), ...inner(query, context)];
}

function vacuum({ options, rels }: NodeOf<"VacuumStmt">, { memory }: GateContext): readonly Hit[] {
  if (!hasOption(options, "full")) return [];
  const tables = contentsOf(rels, "VacuumRelation").map(({ relation }) => tableName(relation));
  if (tables.length > 0 && tables.every((table) => memory.isNew("relation", table))) return [];
  return [
    hit(
      "vacuum-full",
      `${tables.join(", ") || "every table"} is written anew, and nobody reads or writes it meanwhile`,
    ),
  ];
}

function refresh(
  { relation, concurrent, skipData }: NodeOf<"RefreshMatViewStmt">,
  { memory }: GateContext,
): readonly Hit[] {
  const view = tableName(relation);
  if (memory.isNew("relation", view)) return [];
  if (skipData === true) return [hit("make-view-unreadable", `materialized view ${view} is emptied`)];
  return concurrent === true
    ? []
    : [hit("refresh-view", `nobody reads materialized view ${view} while it is filled`)];
}

function sequenceChange(sequence: string, options: readonly Node[] | undefined): readonly Hit[] {
  const restarts = contentsOf(options, "DefElem").some(({ defname = "" }) =>
    /^(?:restart|increment|maxvalue|minvalue|cycle|as)$/.test(defname),
  );
  return restarts ? [hit("restart-sequence", `sequence ${sequence} counts in another way`)] : [];
}

function policy({ table }: { table?: NodeOf<"RangeVar"> }, { memory }: GateContext): readonly Hit[] {
  if (memory.isNew("relation", tableName(table))) return [];
  return [hit("row-security", `a policy of table ${tableName(table)}: other rows are shown, or fewer`)];
}
