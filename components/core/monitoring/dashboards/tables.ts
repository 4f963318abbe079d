import type { Thresholds } from "../thresholds";
import type { Dashboard, Panel } from "./panel";
import { warnFrom } from "./threshold";

const databases = 'datname=~"$database"';
const table = "{{datname}}.{{schemaname}}.{{relname}}";
const byTable = "max by (datname, schemaname, relname)";
const live = `pg_stat_user_tables_n_live_tup{${databases}}`;
const dead = `pg_stat_user_tables_n_dead_tup{${databases}}`;
const changed = `pg_stat_user_tables_n_mod_since_analyze{${databases}}`;

/** What vacuum and analyze are there for. */
export function tablesDashboard(limits: Thresholds): Dashboard {
  return {
    uid: "pgstead-tables",
    title: "pgstead: tables and vacuum",
    question: "Does vacuum keep up, and which tables are in its way?",
    panels: [...transactionIds(limits), ...sizes, ...rows(limits), ...work, ...use],
  };
}

function transactionIds(limits: Thresholds): readonly Panel[] {
  const ages = [
    {
      title: "Oldest transaction ID",
      check: "wraparound",
      metric: "pg_database_wraparound_age_datfrozenxid_seconds",
      description:
        "Age of the oldest row of each database that is not frozen. At 2.1 billion PostgreSQL takes no more writes: runbook XidWraparoundNear.",
    },
    {
      title: "Oldest multixact",
      check: "multixact_wraparound",
      metric: "pg_database_wraparound_age_datminmxid_seconds",
      description:
        "Age of the oldest shared row lock of each database. At 2.1 billion PostgreSQL takes no more of them: runbook MultixactWraparoundNear.",
    },
  ];
  return ages.map(({ title, check, metric, description }) => ({
    title,
    check,
    description,
    // The exporter calls them seconds.
    unit: "transactions",
    kind: "lines",
    queries: [{ expression: `max by (datname) (${metric}{${databases}})`, legend: "{{datname}}" }],
    thresholds: { warning: limits.wraparoundWarning, critical: limits.wraparoundCritical },
  }));
}

const sizes: readonly Panel[] = [
  {
    title: "Dead rows",
    description:
      "The ten tables that have most of them. `npm run ops -- vacuum` removes them; where it cannot, an old transaction, a slot or a prepared transaction keeps them.",
    unit: "count",
    kind: "bars",
    queries: [{ expression: `topk(10, ${byTable} (${dead}))`, legend: table }],
  },
  {
    title: "Largest tables",
    description:
      "Size of the ten largest, with indexes. `npm run ops -- bloat` says how much of a table is empty.",
    unit: "bytes",
    kind: "bars",
    queries: [
      {
        expression: `topk(10, ${byTable} (pg_stat_user_tables_size_bytes{${databases}}))`,
        legend: table,
      },
    ],
  },
];

function rows(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Part that is dead",
      description:
        "Of the rows of the ten tables where it is greatest. Of a table with more than 100,000 of them it is an alert.",
      unit: "percent",
      kind: "bars",
      queries: [
        {
          expression: `topk(10, 100 * ${byTable} (${dead}) / (${byTable} (${live}) + ${byTable} (${dead}) > 0))`,
          legend: table,
        },
      ],
      thresholds: warnFrom(limits.deadRows),
    },
    {
      title: "Changed since ANALYZE",
      description:
        "Of the rows of the ten tables where it is most: plans are made for what the table was. `npm run ops -- analyze`.",
      unit: "percent",
      kind: "bars",
      queries: [
        {
          expression: `topk(10, 100 * ${byTable} (${changed}) / (${byTable} (${live}) > 0))`,
          legend: table,
        },
      ],
      thresholds: warnFrom(limits.staleStatistics),
    },
  ];
}

const work: readonly Panel[] = [
  {
    title: "Autovacuum at work",
    description:
      "Workers that run, and the most that may. Always all of them: they do not get through; raise autovacuum_vacuum_cost_limit before their number.",
    unit: "count",
    kind: "lines",
    queries: [
      {
        // None is told by no sample: of a server that answers it is zero.
        expression: 'sum(pg_stat_activity_count{backend_type="autovacuum worker"}) or 0 * max(pg_up == 1)',
        legend: "running",
      },
      { expression: "max(pg_settings_autovacuum_max_workers)", legend: "at most" },
    ],
  },
  {
    title: "Autovacuums and autoanalyzes in an hour",
    description: "How often they came to tables of each database.",
    unit: "count",
    kind: "lines",
    queries: ["autovacuum", "autoanalyze"].map((kind) => ({
      expression: `sum by (datname) (increase(pg_stat_user_tables_${kind}_count{${databases}}[1h]))`,
      legend: `${kind} {{datname}}`,
    })),
  },
  ...(["vacuum", "analyze"] as const).map((kind): Panel => ({
    title: `Longest without ${kind.toUpperCase()}`,
    description: `Time since the last one, by hand or by autovacuum, of the ten tables where it is longest; tables that never had one are not among them. \`npm run ops -- ${kind}\` makes up for it.`,
    unit: "seconds",
    kind: "table",
    queries: [
      {
        expression: `topk(10, time() - (${byTable} ({__name__=~"pg_stat_user_tables_last_(auto)?${kind}", ${databases}}) > 0))`,
        legend: table,
      },
    ],
    nothing: `no table has had ${kind === "vacuum" ? "a VACUUM" : "an ANALYZE"} yet`,
  })),
];

const use: readonly Panel[] = [
  {
    title: "Rows read by sequential scans",
    description:
      "Of the ten tables where it is most, in a second. A large one that is read whole again and again may lack an index: `npm run ops -- indexes`.",
    unit: "perSecond",
    kind: "bars",
    queries: [
      {
        expression: `topk(10, ${byTable} (rate(pg_stat_user_tables_seq_tup_read{${databases}}[15m])))`,
        legend: table,
      },
    ],
  },
  {
    title: "Rows written",
    description: "Rows that were inserted, updated and deleted in a second.",
    unit: "perSecond",
    kind: "lines",
    queries: (["inserted", "updated", "deleted"] as const).map((kind) => ({
      expression: `sum(rate(pg_stat_database_tup_${kind}{${databases}}[$__rate_interval]))`,
      legend: kind,
    })),
  },
];
