import { describeHolder } from "../../../components/core/operations/bloat";
import type { JudgedIndex } from "../../../components/core/operations/indexes";
import { renderMs } from "../../../components/core/operations/statements";
import { renderSize } from "../../../components/core/size";
import type { IndexesData } from "../commands/indexes";
import type { BloatData } from "../space/render-bloat";
import type { SlowQueriesData } from "../statements/read";
import { numberOf, table, textOf, type PlacedTable } from "./placed";
import { renderMoment, renderValue } from "./units";

export function statementTables({ spans, statements, remarks }: SlowQueriesData): PlacedTable[] {
  const spanRows = spans.map(({ database, from, to, statementCount, calls, totalMs }) => [
    database,
    from === null ? "since the counters began" : renderMoment(from),
    renderMoment(to),
    statementCount,
    renderValue(calls, "count"),
    renderMs(totalMs),
  ]);
  const rows = statements.map((one) => [
    renderMs(one.totalMs),
    `${Math.round(one.share * 100)}%`,
    renderValue(one.calls, "count"),
    renderMs(one.meanMs),
    renderValue(one.rowsPerCall, "count"),
    one.hitRatio === null ? "" : `${Math.round(one.hitRatio * 100)}%`,
    one.role ?? "",
    one.database,
    one.text ?? `query ${one.queryId ?? "?"}, whose text was thrown out`,
  ]);
  const columns = [
    ...["total", "share", "calls", "mean", "rows/call", "hit"].map(numberOf),
    ...["role", "database", "statement"].map(textOf),
  ];
  return [
    table("queries", "Statements that take most", columns, rows, remarks.join("; ")),
    table(
      "queries",
      "What was measured",
      [...["database", "from", "to"].map(textOf), ...["statements", "calls", "time"].map(numberOf)],
      spanRows,
    ),
  ];
}

export function bloatTables({ databases, remarks }: BloatData): PlacedTable[] {
  const share = (bytes: number | null, percent: number | null): string[] =>
    bytes === null ? ["?", "?"] : [renderSize(bytes), `${percent ?? "?"}%`];
  const rows = databases.flatMap(({ database, tables }) =>
    tables.map((one) => [
      database,
      one.table,
      renderSize(one.sizeBytes),
      ...share(one.bloatBytes, one.bloatPercent),
      one.deadRows,
      moment(one.lastVacuum ?? one.lastAutovacuum),
      moment(one.lastAnalyze ?? one.lastAutoanalyze),
      one.autovacuum ?? "",
    ]),
  );
  const indexes = databases.flatMap(({ database, indexes: some }) =>
    some.map((one) => [
      database,
      one.index,
      one.table,
      renderSize(one.sizeBytes),
      ...share(one.bloatBytes, one.bloatPercent),
    ]),
  );
  const holders = databases.flatMap(({ holders: [oldest] }) => (oldest === undefined ? [] : [oldest]));
  const kept = holders[0] === undefined ? [] : [`oldest that keeps dead rows: ${describeHolder(holders[0])}`];
  const sizes = ["size", "empty", "%"].map(numberOf);
  return [
    table(
      "tables",
      "Bloat and vacuum of tables",
      [
        ...[textOf("database"), textOf("table"), ...sizes, numberOf("dead rows")],
        ...["vacuumed", "analyzed", "why"].map(textOf),
      ],
      rows,
      ["estimated from the statistics, what is below 1 MB left out", ...kept, ...remarks].join("; "),
    ),
    table(
      "tables",
      "Bloat of indexes",
      [textOf("database"), textOf("index"), textOf("table"), ...sizes],
      indexes,
    ),
  ];
}

/** As the server writes it, to the minute. */
function moment(at: string | null): string {
  return at === null ? "never" : renderMoment(at);
}

export function indexTables({ databases }: IndexesData): PlacedTable[] {
  const rows = databases.flatMap(({ database, invalid, duplicate, unused, missing, neverAnalyzed }) => [
    ...judged(database, "invalid", invalid),
    ...judged(database, "the same twice", duplicate),
    ...judged(database, "unused", unused),
    ...missing.map(({ foreignKey, table: name, columns, sizeBytes, statements }) => [
      ...[database, "missing", `for foreign key ${foreignKey} (${columns.join(", ")})`, name],
      ...[renderSize(sizeBytes), statements.join("; ")],
    ]),
    ...neverAnalyzed.map(({ table: name, sizeBytes, statements }) => [
      ...[database, "never analyzed", "", name, renderSize(sizeBytes), statements.join("; ")],
    ]),
  ]);
  const columns = [
    ...["database", "what", "index", "table"].map(textOf),
    numberOf("size"),
    textOf("what would mend it"),
  ];
  return [table("tables", "Indexes that want a look", columns, rows)];
}

function judged(database: string, what: string, indexes: readonly JudgedIndex[]): string[][] {
  return indexes.map(({ index, table: name, sizeBytes, statements }) => [
    database,
    what,
    index,
    name,
    renderSize(sizeBytes),
    statements.join("; "),
  ]);
}
