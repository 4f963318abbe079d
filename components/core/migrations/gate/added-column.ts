import { contentOf, contentsOf, type NodeOf } from "../ast";
import { readType } from "./column-types";
import { isOneValue } from "./default-value";
import { hit, type Hit } from "./rules";
import type { SchemaMemory } from "./schema-memory";

type Column = NodeOf<"ColumnDef">;
type Constraint = NodeOf<"Constraint">;

/**
 * ADD COLUMN of a table that is in use.
 *
 * Without a default, or with one value for all rows, it is quick. What has to be computed for every row rewrites the
 * table ("ALTER TABLE", Notes); what has to be looked for in every row scans it, both under ACCESS EXCLUSIVE.
 */
export function judgeAddedColumn(table: string, column: Column, memory: SchemaMemory): Hit[] {
  const place = `column ${table}.${column.colname ?? ""}`;
  const constraints = contentsOf(column.constraints, "Constraint");
  const has = (type: Constraint["contype"]): Constraint | undefined =>
    constraints.find(({ contype }) => contype === type);
  const type = readType(column.typeName).name;
  const standard = has("CONSTR_DEFAULT")?.raw_expr;
  const hits: Hit[] = [];
  if (standard !== undefined && !isOneValue(standard)) {
    hits.push(
      hit(
        "volatile-default",
        `${place} has a default that is computed for every row: the table is written anew`,
      ),
    );
  }
  if (has("CONSTR_GENERATED")?.generated_kind === "s") {
    hits.push(
      hit("stored-column", `${place} is computed and stored for every row: the table is written anew`),
    );
  }
  const counts = has("CONSTR_IDENTITY") !== undefined || /^(?:small|big)?serial\d?$/.test(type);
  if (counts) hits.push(hit("identity-column", `${place} numbers every row: the table is written anew`));
  if (memory.isConstrainedDomain(type)) {
    hits.push(
      hit(
        "constrained-domain-column",
        `${place} is of domain ${type}, which has constraints: the table is written anew`,
      ),
    );
  }
  const isNull = contentOf(standard, "A_Const")?.isnull === true;
  const filled = (standard !== undefined && !isNull) || counts || has("CONSTR_GENERATED") !== undefined;
  return [...hits, ...judgeColumnConstraints(place, constraints, filled)];
}

function judgeColumnConstraints(place: string, constraints: readonly Constraint[], filled: boolean): Hit[] {
  return constraints.flatMap(({ contype }) => {
    switch (contype) {
      case "CONSTR_NOTNULL":
        return filled
          ? []
          : [
              hit(
                "add-required-column",
                `${place} is NOT NULL without a default: it fails where there are rows, and so does what inserts without it`,
              ),
            ];
      case "CONSTR_PRIMARY":
      case "CONSTR_UNIQUE":
        return [
          hit("add-unique", `${place} needs an index: nobody reads or writes the table while it is built`),
        ];
      case "CONSTR_CHECK":
        return [
          hit(
            "add-check",
            `${place} has a CHECK: nobody reads or writes the table while every row is looked at`,
          ),
        ];
      case "CONSTR_FOREIGN":
        // Where every row has NULL there is nothing to look for.
        return filled
          ? [
              hit(
                "add-foreign-key",
                `${place} has a default that is looked for in the other table: nobody writes either meanwhile`,
              ),
            ]
          : [];
      default:
        return [];
    }
  });
}

/** ADD CONSTRAINT of a table that is in use ("ALTER TABLE", `ADD table_constraint`). */
export function judgeAddedConstraint(table: string, constraint: Constraint, memory: SchemaMemory): Hit[] {
  const { contype, skip_validation: later, indexname, conname, keys } = constraint;
  const place = `${conname === undefined ? "a constraint" : `constraint ${conname}`} of table ${table}`;
  const scans = "while every row is looked at";
  if (later === true) return [];
  switch (contype) {
    case "CONSTR_CHECK":
      return [hit("add-check", `${place}: nobody reads or writes the table ${scans}`)];
    case "CONSTR_FOREIGN":
      return [hit("add-foreign-key", `${place}: nobody writes it or the table it refers to ${scans}`)];
    case "CONSTR_NOTNULL":
      return contentsOf(keys, "String").every(({ sval = "" }) => memory.isNotNull(table, sval))
        ? []
        : [hit("set-not-null", `${place}: nobody reads or writes the table ${scans}`)];
    case "CONSTR_UNIQUE":
    case "CONSTR_PRIMARY":
      if (indexname !== undefined) return judgeIndexConstraint(place, contype, indexname);
      return [hit("add-unique", `${place}: nobody reads or writes the table while its index is built`)];
    case "CONSTR_EXCLUSION":
      return [hit("add-exclusion", `${place}: nobody reads or writes the table while its index is built`)];
    default:
      return [];
  }
}

/** A primary key sets NOT NULL on columns that the text does not name, which scans where they have none yet. */
function judgeIndexConstraint(place: string, type: Constraint["contype"], index: string): Hit[] {
  if (type === "CONSTR_UNIQUE") return [];
  return [
    hit(
      "set-not-null",
      `${place}: the columns of index ${index} become NOT NULL, which looks at every row unless they are already`,
    ),
  ];
}

/** The column that `CHECK (column IS NOT NULL)` is about. */
export function notNullColumn(constraint: Constraint): string | undefined {
  const test = contentOf(constraint.raw_expr, "NullTest");
  if (test?.nulltesttype !== "IS_NOT_NULL") return undefined;
  const fields = contentsOf(contentOf(test.arg, "ColumnRef")?.fields, "String");
  return fields.length === 1 ? fields[0]?.sval : undefined;
}
