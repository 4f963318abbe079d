import { ours } from "../alerts/sessions";
import type { Thresholds } from "../thresholds";
import type { Dashboard, Panel } from "./panel";
import { warnFrom } from "./threshold";

const databases = 'datname=~"$database"';
const statement = "{{queryid}} of {{user}} in {{datname}}";

/** Where the time goes. */
export function queriesDashboard(limits: Thresholds): Dashboard {
  return {
    uid: "pgstead-queries",
    title: "pgstead: queries",
    question: "What takes the server's time, and what waits for what?",
    panels: [...totals, ...statements(limits), ...transactions(limits), ...waits(limits), ...faults(limits)],
  };
}

const totals: readonly Panel[] = [
  {
    title: "Time in statements",
    description:
      "Seconds that statements ran, in each second: 2 is as much as two processors that do nothing else. Needs pg_stat_statements.",
    unit: "seconds",
    kind: "lines",
    queries: [
      {
        expression: `sum by (datname) (rate(pg_stat_statements_seconds_total{${databases}}[$__rate_interval]))`,
        legend: "{{datname}}",
      },
    ],
    nothing: "pg_stat_statements is no extension of the database that the exporter is in",
  },
  {
    title: "Statements",
    description: "Statements that ended, in a second.",
    unit: "perSecond",
    kind: "lines",
    queries: [
      {
        expression: `sum by (datname) (rate(pg_stat_statements_calls_total{${databases}}[$__rate_interval]))`,
        legend: "{{datname}}",
      },
    ],
  },
  {
    title: "Rows of statements",
    description: "Rows that statements gave or changed, in a second.",
    unit: "perSecond",
    kind: "lines",
    queries: [
      {
        expression: `sum by (datname) (rate(pg_stat_statements_rows_total{${databases}}[$__rate_interval]))`,
        legend: "{{datname}}",
      },
    ],
  },
];

function statements(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "What took most time in an hour",
      description:
        "The ten statements that ran longest, all their runs together. `npm run ops -- slow-queries` shows their text by these numbers.",
      unit: "seconds",
      kind: "bars",
      queries: [{ expression: `topk(10, ${inAnHour("seconds_total")})`, legend: statement }],
    },
    {
      title: "What is slow by itself",
      description:
        "The ten statements whose mean time was longest within an hour. `npm run ops -- slow-queries`, then EXPLAIN (ANALYZE, BUFFERS).",
      unit: "seconds",
      kind: "bars",
      queries: [
        {
          expression: `topk(10, ${inAnHour("seconds_total")} / (${inAnHour("calls_total")} > 0))`,
          legend: statement,
        },
      ],
      thresholds: warnFrom(limits.slowQuery),
    },
  ];
}

function inAnHour(figure: "seconds_total" | "calls_total"): string {
  return `sum by (datname, user, queryid) (increase(pg_stat_statements_${figure}{${databases}}[1h]))`;
}

function transactions(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Oldest transaction that works",
      description:
        "Age of the oldest one in each database; backups are left out. Nothing that died since can be vacuumed: `npm run ops -- connections`.",
      unit: "seconds",
      kind: "lines",
      queries: [
        {
          expression: `max by (datname) (pg_stat_activity_max_tx_duration{state="active", ${databases}, ${ours}})`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(limits.transaction),
      check: "long_transactions",
    },
    {
      title: "Oldest transaction that does nothing",
      description:
        "Age of the oldest one that is idle in each database. It keeps its locks, and dead rows with them: `npm run ops -- terminate-idle` ends it.",
      unit: "seconds",
      kind: "lines",
      queries: [
        {
          expression: `max by (datname) (pg_stat_activity_max_tx_duration{state=~"idle in transaction.*", ${databases}, ${ours}})`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(limits.idleInTransaction),
      check: "idle_in_transaction",
    },
  ];
}

function waits(limits: Thresholds): readonly Panel[] {
  const sessions = `sum by (datname) (pg_stat_activity_count{${databases}})`;
  return [
    {
      title: "Sessions that wait for locks",
      description: `Above nothing for ${limits.lockWait} s is an alert. \`npm run ops -- locks\` shows who is in whose way.`,
      unit: "count",
      kind: "lines",
      queries: [
        {
          // None is told by no sample: where there are sessions at all it is zero of them.
          expression: `sum by (datname) (pg_stat_activity_count{wait_event_type="Lock", ${databases}}) or 0 * ${sessions}`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(1),
      check: "lock_waits",
    },
    {
      title: "What sessions wait for",
      description:
        "Sessions by what they wait for: Client is the application, IO the disk, LWLock the server's own. One that runs waits for nothing, and is not among them.",
      unit: "count",
      kind: "lines",
      queries: [
        {
          expression: `sum by (wait_event_type) (pg_stat_activity_count{wait_event_type!="", ${databases}})`,
          legend: "{{wait_event_type}}",
        },
      ],
    },
    {
      title: "Locks",
      description:
        "Locks by their mode. An access exclusive lock is in the way of everybody who reads: ALTER TABLE, TRUNCATE, VACUUM FULL take it.",
      unit: "count",
      kind: "lines",
      queries: [{ expression: `sum by (mode) (pg_locks_count{${databases}})`, legend: "{{mode}}" }],
    },
  ];
}

function faults(limits: Thresholds): readonly Panel[] {
  const commits = `sum by (datname) (rate(pg_stat_database_xact_commit{${databases}}[$__rate_interval]))`;
  const rollbacks = `sum by (datname) (rate(pg_stat_database_xact_rollback{${databases}}[$__rate_interval]))`;
  return [
    {
      title: "Rolled back",
      description:
        "Part of the transactions that were rolled back. Many: an application that fails, or that takes conflicts for granted; `npm run ops -- logs`.",
      unit: "percent",
      kind: "lines",
      queries: [
        {
          expression: `100 * ${rollbacks} / (${commits} + ${rollbacks} > 0)`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(limits.rollbacks),
    },
    {
      title: "Deadlocks in ten minutes",
      description:
        "Transactions that were ended as they waited for each other. The log has both statements: `npm run ops -- logs`.",
      unit: "count",
      kind: "lines",
      queries: [
        {
          expression: `sum by (datname) (increase(pg_stat_database_deadlocks{${databases}}[10m]))`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(limits.deadlocks),
    },
    {
      title: "Temporary files",
      description: "What sorts and hashes write, as they do not fit into work_mem.",
      unit: "bytesPerSecond",
      kind: "lines",
      queries: [
        {
          expression: `sum by (datname) (rate(pg_stat_database_temp_bytes{${databases}}[$__rate_interval]))`,
          legend: "{{datname}}",
        },
      ],
      thresholds: warnFrom(limits.temporaryBytes),
    },
  ];
}
