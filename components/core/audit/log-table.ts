import { quoteIdentifier } from "../identifier";
import type { Plan, Refusal, Statement } from "../statement";
import { auditSchema, logTable, type AuditCatalog, type AuditDeclaration, type Month } from "./model";
import { isExpired, monthsFrom, monthsLater, startOf } from "./months";

const schema = quoteIdentifier(auditSchema);
const log = `${schema}.${quoteIdentifier(logTable)}`;

/** Where a row goes for which there is no partition: no write fails for the trail's sake, and none is lost. */
export const restPartition = `${logTable}_rest`;

/** Months that are made ahead. */
export const monthsAhead = 12;

/**
 * Columns of the trail. `transaction` counts within one server: after a restore into another one it may be there twice.
 * There is no primary key: nothing refers to an entry, and an index costs each write.
 */
const columns = [
  "id bigint GENERATED ALWAYS AS IDENTITY",
  "at timestamptz NOT NULL",
  "transaction xid8 NOT NULL",
  "login text NOT NULL",
  "role text",
  "app_user text",
  "application text",
  "address inet",
  "operation text NOT NULL CHECK (operation IN ('INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'DDL', 'RESTORE'))",
  "table_schema text",
  "table_name text",
  "relation oid",
  "key jsonb",
  "old jsonb",
  "new jsonb",
  "command text",
  "object text",
];

/** Names of the trail's columns, in their order. */
export const logColumns: readonly string[] = columns.map((column) => column.split(" ")[0] ?? "");

const indexes = [
  { name: `${logTable}_at`, on: "USING brin (at)", reason: "finds a time" },
  { name: `${logTable}_table`, on: "(table_schema, table_name, at)", reason: "finds a table's entries" },
] as const;

/** The statements that make the trail and its indexes; they run as its owner. */
export function planLog(catalog: AuditCatalog): Plan {
  const found = catalog.relations.find(({ name }) => name === logTable);
  const made: Statement = {
    sql: `CREATE TABLE ${log} (${columns.join(", ")}) PARTITION BY RANGE (at)`,
    reason: "the trail, in a partition for each month",
    risk: "none",
    kind: "audit",
  };
  return {
    statements: [
      ...(found === undefined ? [made] : []),
      ...indexes
        .filter(({ name }) => !catalog.indexes.includes(name))
        .map(({ name, on, reason }): Statement => {
          const sql = `CREATE INDEX ${quoteIdentifier(name)} ON ${log} ${on}`;
          return { sql, reason, risk: found === undefined ? "none" : "lock", kind: "audit" };
        }),
      ...interposed(catalog),
    ],
    refusals: found === undefined ? [] : refuseOtherTable(found.kind, catalog),
  };
}

function refuseOtherTable(kind: string, catalog: AuditCatalog): Refusal[] {
  const missing = logColumns.filter((name) => !catalog.columns.includes(name));
  if (kind === "p" && missing.length === 0) return [];
  const what = kind === "p" ? `it lacks ${missing.join(", ")}` : "it is not partitioned";
  return [
    {
      subject: `table ${auditSchema}.${logTable}`,
      message: `it is there and is not the trail that pgstead makes: ${what}`,
      hint: `keep what it holds under another name: ALTER TABLE ${auditSchema}.${logTable} RENAME TO change_log_before`,
    },
  ];
}

/** What would keep entries from the trail, or change them on their way. */
function interposed({ interposed: found }: AuditCatalog): Statement[] {
  return found.map((what) => ({
    sql: `DROP ${what}`,
    reason: "nothing stands between who writes to the trail and the trail",
    risk: "access",
    kind: "audit",
  }));
}

/**
 * The statements that make the partitions from this month to so many ahead. Rows that came when there was no partition
 * for them are moved.
 */
export function planPartitions(catalog: AuditCatalog, ahead: number): Statement[] {
  const names = new Set(catalog.partitions.map(({ name }) => name));
  const wanted = [...new Set([...catalog.stranded, ...monthsFrom(catalog.month, ahead + 1)])].toSorted();
  const rest = quoteIdentifier(restPartition);
  const statement = (sql: string, reason: string): Statement => ({
    sql,
    reason,
    risk: "none",
    kind: "audit",
  });
  return [
    ...wanted
      .filter((month) => !names.has(partitionOf(month)) || catalog.stranded.includes(month))
      .flatMap((month) => {
        const made = names.has(partitionOf(month)) ? [] : [createPartition(month)];
        if (!catalog.stranded.includes(month)) return made;
        const range = `at >= '${startOf(month)}' AND at < '${startOf(monthsLater(month, 1))}'`;
        return [
          {
            ...statement(
              `ALTER TABLE ${log} DETACH PARTITION ${schema}.${rest}`,
              `it holds entries of ${month}, for which there was no partition`,
            ),
            risk: "lock" as const,
          },
          ...made,
          statement(
            `WITH moved AS (DELETE FROM ${schema}.${rest} WHERE ${range} RETURNING *) INSERT INTO ${log} OVERRIDING SYSTEM VALUE SELECT * FROM moved`,
            "to their own partition",
          ),
          statement(`ALTER TABLE ${log} ATTACH PARTITION ${schema}.${rest} DEFAULT`, "empty of that month"),
        ];
      }),
    ...(names.has(restPartition)
      ? []
      : [
          statement(
            `CREATE TABLE ${schema}.${rest} PARTITION OF ${log} DEFAULT`,
            "takes what no other partition takes, so that no write ever fails for want of one",
          ),
        ]),
  ];
}

function createPartition(month: Month): Statement {
  const [from, to] = [startOf(month), startOf(monthsLater(month, 1))];
  return {
    sql: `CREATE TABLE ${schema}.${quoteIdentifier(partitionOf(month))} PARTITION OF ${log} FOR VALUES FROM ('${from}') TO ('${to}')`,
    reason: `the trail of ${month}`,
    risk: "none",
    kind: "audit",
  };
}

export function partitionOf(month: Month): string {
  return `${logTable}_${month.replace("-", "_")}`;
}

/** The month of a partition of ours by its name; undefined for others. */
export function monthOf(partition: string): Month | undefined {
  const [, year, month] = new RegExp(`^${logTable}_(\\d{4})_(\\d{2})$`).exec(partition) ?? [];
  return year === undefined || month === undefined ? undefined : `${year}-${month}`;
}

/** Partitions that are older than the trail is kept; none where nothing says how long that is. */
export function expiredPartitions(
  { retention }: Pick<AuditDeclaration, "retention">,
  { month: today, partitions }: Pick<AuditCatalog, "month" | "partitions">,
): Statement[] {
  if (retention === undefined) return [];
  return partitions
    .flatMap(({ name }) => {
      const month = monthOf(name);
      return month !== undefined && isExpired(month, today, retention) ? [{ name, month }] : [];
    })
    .toSorted((a, b) => (a.month < b.month ? -1 : 1))
    .map(({ name, month }) => ({
      sql: `DROP TABLE ${schema}.${quoteIdentifier(name)}`,
      reason: `the trail of ${month} is older than it is kept`,
      risk: "data-loss",
      kind: "audit",
    }));
}

/** How many months from the next one on have a partition, without a gap. */
export function futureMonths({ month, partitions }: Pick<AuditCatalog, "month" | "partitions">): number {
  const names = new Set(partitions.map(({ name }) => name));
  let count = 0;
  while (names.has(partitionOf(monthsLater(month, count + 1)))) count++;
  return count;
}
