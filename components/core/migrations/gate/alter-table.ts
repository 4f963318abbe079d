import type { AlterTableType } from "libpg-query";
import { contentOf, contentsOf, tableName, type NodeOf } from "../ast";
import { judgeAddedColumn, judgeAddedConstraint } from "./added-column";
import { judgeTypeChange, readType } from "./column-types";
import type { GateContext } from "./context";
import { hit, type Hit } from "./rules";

/** One change of ALTER TABLE, INDEX, VIEW, SEQUENCE, MATERIALIZED VIEW, FOREIGN TABLE or (composite) TYPE. */
interface Change {
  readonly command: NodeOf<"AlterTableCmd">;
  /** As it is written: `app.orders`. */
  readonly table: string;
  readonly objtype: NodeOf<"AlterTableStmt">["objtype"];
  readonly context: GateContext;
}

type ChangeRule = (change: Change) => readonly Hit[];

/** Rules of ALTER TABLE in all its forms; what the part itself made is nobody's yet. */
export function judgeAlterTable(statement: NodeOf<"AlterTableStmt">, context: GateContext): Hit[] {
  const table = tableName(statement.relation);
  const kind = statement.objtype === "OBJECT_TYPE" ? "type" : "relation";
  const { objtype } = statement;
  const isNew = context.memory.isNew(kind, table);
  return contentsOf(statement.cmds, "AlterTableCmd").flatMap((command) => {
    const { subtype } = command;
    if (subtype === undefined) return [hit("unknown-statement", `${table}: a change that has no name`)];
    if (isNew && !evenIfNew.has(subtype)) return [];
    return changes[subtype]({ command, table, objtype, context });
  });
}

/** What concerns another table than the one that is new. */
const evenIfNew: ReadonlySet<AlterTableType> = new Set(["AT_DetachPartition", "AT_AttachPartition"]);

const safe: ChangeRule = () => [];

/** What the parser does not give: PostgreSQL makes it while it runs a change. */
const internal: ChangeRule = ({ command, table }) => [
  hit("unknown-statement", `table ${table}: ${command.subtype ?? ""} is no change that one can write`),
];

const on = (rule: Parameters<typeof hit>[0], words: string): ChangeRule => {
  return ({ table, command: { name } }) => [
    hit(rule, `${name === undefined ? `table ${table}` : `${name} of table ${table}`} ${words}`),
  ];
};

const rowSecurity = (words: string): ChangeRule => on("row-security", words);
const trigger = on("change-trigger", "does other things when rows are written");
const definition = on("change-definition", "is defined in another way");

/** Every change that ALTER TABLE has: the compiler asks for each. */
const changes: Readonly<Record<AlterTableType, ChangeRule>> = {
  AT_AddColumn: ({ table, objtype, command, context }) =>
    objtype === "OBJECT_TYPE"
      ? []
      : judgeAddedColumn(table, contentOf(command.def, "ColumnDef") ?? {}, context.memory),
  AT_DropColumn: dropColumn,
  AT_AlterColumnType: changeType,
  // Without a new value it is DROP DEFAULT.
  AT_ColumnDefault: (change) =>
    change.command.def === undefined
      ? on("drop-default", "loses its default: what inserts without it gets NULL")(change)
      : [],
  AT_DropNotNull: on("drop-not-null", "may be NULL from now on, which running code does not expect"),
  AT_SetNotNull: ({ table, command: { name = "" }, context }) =>
    context.memory.isNotNull(table, name)
      ? []
      : [
          hit(
            "set-not-null",
            `column ${table}.${name}: nobody reads or writes the table while every row is looked at`,
          ),
        ],
  AT_SetExpression: on("stored-column", "is computed anew for every row: the table is written anew"),
  AT_DropExpression: on("change-generation", "is not computed any more"),
  AT_AddIdentity: on("change-generation", "gets its values from a sequence"),
  AT_SetIdentity: on("change-generation", "gets its values in another way"),
  AT_DropIdentity: on("change-generation", "does not get its values from a sequence any more"),
  AT_AddConstraint: ({ table, command: { def }, context }) =>
    judgeAddedConstraint(table, contentOf(def, "Constraint") ?? {}, context.memory),
  AT_AlterConstraint: definition,
  AT_ValidateConstraint: validate,
  AT_DropConstraint: on("drop-constraint", "is not kept any more"),
  AT_SetLogged: on("set-logged", "is written anew into the log, and nobody reads or writes it meanwhile"),
  AT_SetUnLogged: on("set-unlogged", "is emptied by a crash from now on"),
  AT_SetAccessMethod: on("move-storage", "is written anew, and nobody reads or writes it meanwhile"),
  AT_SetTableSpace: on(
    "move-storage",
    "is copied to another tablespace, and nobody reads or writes it meanwhile",
  ),
  AT_ChangeOwner: on("change-owner", "gets another owner"),
  AT_EnableTrig: trigger,
  AT_EnableAlwaysTrig: trigger,
  AT_EnableReplicaTrig: trigger,
  AT_DisableTrig: trigger,
  AT_EnableTrigAll: trigger,
  AT_DisableTrigAll: trigger,
  AT_EnableTrigUser: trigger,
  AT_DisableTrigUser: trigger,
  AT_EnableRule: trigger,
  AT_EnableAlwaysRule: trigger,
  AT_EnableReplicaRule: trigger,
  AT_DisableRule: trigger,
  AT_EnableRowSecurity: rowSecurity("shows no rows but those that a policy allows"),
  AT_DisableRowSecurity: rowSecurity("shows every row to whoever may read it: policies do not count"),
  AT_ForceRowSecurity: rowSecurity("has policies for its owner as well, migrations included"),
  AT_NoForceRowSecurity: rowSecurity("shows every row to its owner"),
  AT_AttachPartition: attach,
  AT_DetachPartition: ({ table, command: { def } }) => [
    hit(
      "detach-partition",
      `${tableName(contentOf(def, "PartitionCmd")?.name)} leaves table ${table} with its rows`,
    ),
  ],
  AT_DetachPartitionFinalize: on("detach-partition", "loses a partition with its rows"),
  AT_AddInherit: on("change-inheritance", "shows its rows in another table as well"),
  AT_DropInherit: on("change-inheritance", "shows its rows in another table no more"),
  AT_AddOf: definition,
  AT_DropOf: definition,
  AT_ReplicaIdentity: on("change-publication", "tells subscribers other columns of a row that changes"),
  AT_GenericOptions: definition,
  AT_AlterColumnGenericOptions: definition,
  AT_SetOptions: safe,
  AT_ResetOptions: safe,
  AT_SetStatistics: safe,
  AT_SetStorage: safe,
  AT_SetCompression: safe,
  AT_ClusterOn: safe,
  AT_DropCluster: safe,
  AT_DropOids: safe,
  AT_SetRelOptions: options,
  AT_ResetRelOptions: options,
  AT_ReplaceRelOptions: internal,
  AT_AddColumnToView: internal,
  AT_CookedColumnDefault: internal,
  AT_AddIndex: internal,
  AT_ReAddIndex: internal,
  AT_ReAddConstraint: internal,
  AT_ReAddDomainConstraint: internal,
  AT_AddIndexConstraint: internal,
  AT_ReAddComment: internal,
  AT_ReAddStatistics: internal,
};

/** Of a table they tell how it is stored; of a view who may see what. */
function options({ table, objtype }: Change): Hit[] {
  return objtype === "OBJECT_VIEW"
    ? [
        hit(
          "row-security",
          `view ${table} shows its rows by the rights of somebody else, or in another order`,
        ),
      ]
    : [];
}

/** Changes that let others write meanwhile ("Explicit Locking", SHARE UPDATE EXCLUSIVE). */
const mild: ReadonlySet<AlterTableType> = new Set([
  "AT_ValidateConstraint",
  "AT_SetStatistics",
  "AT_SetOptions",
  "AT_ResetOptions",
  "AT_SetRelOptions",
  "AT_ResetRelOptions",
  "AT_ClusterOn",
  "AT_DropCluster",
  "AT_AttachPartition",
]);

/** Whether it takes a lock that keeps writers out until the transaction ends. */
export function locksWriters(statement: NodeOf<"AlterTableStmt">): boolean {
  return contentsOf(statement.cmds, "AlterTableCmd").some(
    ({ subtype }) => subtype !== undefined && !mild.has(subtype),
  );
}

function dropColumn({ table, objtype, command: { name = "", behavior }, context }: Change): Hit[] {
  if (context.memory.isNewColumn(table, name)) return [];
  const rule = objtype === "OBJECT_TYPE" ? "drop-type-attribute" : "drop-column";
  const cascade =
    behavior === "DROP_CASCADE"
      ? [hit("drop-cascade", `whatever depends on ${table}.${name} goes with it`)]
      : [];
  return [hit(rule, `${table}.${name} is lost in every row`), ...cascade];
}

function changeType({ table, command: { name = "", def }, context }: Change): Hit[] {
  if (context.memory.isNewColumn(table, name)) return [];
  const column = contentOf(def, "ColumnDef");
  const to = readType(column?.typeName);
  return judgeTypeChange(`column ${table}.${name}`, context.memory.typeOf(table, name), to, column ?? {});
}

/** VALIDATE lets others write, but not under a lock that the same transaction took before it. */
function validate({ table, command: { name = "" }, context: { memory, transactional } }: Change): Hit[] {
  if (!transactional || !memory.isLocked(table)) return [];
  return [
    hit(
      "validate-under-lock",
      `constraint ${name} of table ${table}: every row is looked at under the lock of an earlier statement`,
    ),
  ];
}

function attach({ table, objtype, command: { def }, context }: Change): Hit[] {
  if (objtype === "OBJECT_INDEX") return []; // no row is looked at
  const partition = tableName(contentOf(def, "PartitionCmd")?.name);
  if (context.memory.isNew("relation", partition)) return [];
  return [
    hit(
      "attach-partition",
      `table ${partition}: nobody reads or writes it while every row is looked at for table ${table}`,
    ),
  ];
}
