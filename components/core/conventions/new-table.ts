import { maxIdentifierBytes, identifierBytes, quoteIdentifier, quoteLiteral } from "../identifier";
import { problemError } from "../problem";
import { nameSql, type ObjectName } from "../repeatables/objects";
import { partitionFunctions } from "./partition-functions";
import { rowFunctions, type ConventionFunction } from "./row-functions";

/** A table with its schema: `app.orders`. */
export type TableName = Required<ObjectName>;

/**
 * Reads `app.orders`, or `"App"."My orders"`.
 *
 * @throws ProblemError
 */
export function parseTableName(text: string): TableName {
  const names = /^("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)\.("(?:[^"]|"")+"|[a-z_][a-z0-9_$]*)$/.exec(text);
  const [schema, name] = (names?.slice(1) ?? []).map((part) =>
    part.startsWith('"') ? part.slice(1, -1).replaceAll('""', '"') : part,
  );
  if (schema === undefined || name === undefined) {
    const hint = "write it with its schema, as SQL does: app.orders";
    throw problemError("--table", `${JSON.stringify(text)} is no table with its schema`, hint);
  }
  const long = [schema, name].find((one) => identifierBytes(one) > maxIdentifierBytes);
  if (long !== undefined) {
    throw problemError(
      "--table",
      `${long} has more than ${maxIdentifierBytes} bytes`,
      "choose a shorter name",
    );
  }
  return { schema, name };
}

/** The text of a migration that makes a table by the conventions; nothing of it is left to be answered. */
export function tableMigration(table: TableName, { partitioned = false } = {}): string {
  const { schema, name } = table;
  const full = nameSql(table);
  const at = (one: string): string => nameSql({ schema, name: one });
  const key = partitioned ? "PRIMARY KEY (id, created_at)" : "PRIMARY KEY (id)";
  const partitions = `
-- pgstead:allow function-call reason="makes the first partitions of a table that is new"
SELECT ${at("make_partitions")}(${quoteLiteral(full)}::pg_catalog.regclass, 3, 'month'::text);
`;
  return `-- why: table ${schema}.${name}, by the conventions for tables
-- data: none, the table is new
-- rollback: the table goes with its rows
-- performance: none, the table is new

-- migrate:up
${functionsGuard([...rowFunctions(schema), ...(partitioned ? partitionFunctions(schema) : [])])}
CREATE TABLE ${full} (
  id uuid NOT NULL DEFAULT ${at("new_id")}(),
  -- Columns of its own go here.
  is_active boolean NOT NULL DEFAULT true,
  deleted_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text NOT NULL,
  updated_at timestamptz NOT NULL,
  updated_by text NOT NULL,
  ${key},
  CONSTRAINT ${quoteIdentifier(constraintName(name))} CHECK (is_active = (deleted_at IS NULL))
)${partitioned ? " PARTITION BY RANGE (created_at)" : ""};

CREATE TRIGGER keep_row BEFORE INSERT OR UPDATE ON ${full}
  FOR EACH ROW EXECUTE FUNCTION ${at("keep_row")}();
${partitioned ? partitions : ""}
-- migrate:down
DROP TABLE ${full};
`;
}

function constraintName(table: string): string {
  const name = `${table}_deleted`;
  return identifierBytes(name) > maxIdentifierBytes ? "deleted" : name;
}

/**
 * Makes functions where they are not there. Their text is the repeatable file's, which is applied after the migrations:
 * an empty database has none of them yet, and one that has them keeps the newer text.
 */
function functionsGuard(functions: readonly ConventionFunction[]): string {
  const parts = functions.map(({ signature, create }) => {
    const lines = create.replace("CREATE OR REPLACE", "CREATE").split("\n");
    return `  IF to_regprocedure(${quoteLiteral(signature)}) IS NULL THEN\n${lines.map((line) => `    ${line}`).join("\n")}\n  END IF;\n`;
  });
  const acknowledged = functions.find(({ acknowledgement }) => acknowledgement !== "")?.acknowledgement ?? "";
  return `-- The functions are those of the repeatable file beside this directory; an empty database has none of them yet.
${acknowledged}DO $do$
BEGIN
${parts.join("")}END
$do$;
`;
}
