import { hostMemoryUsed, volumeFree } from "../alerts/capacity";
import { connectionsUsed } from "../alerts/sessions";
import type { Thresholds } from "../thresholds";
import type { Dashboard, Panel } from "./panel";
import { failBelow, failFrom, warnFrom } from "./threshold";

const databases = 'datname=~"$database"';

/** What somebody looks at first. */
export function overviewDashboard(limits: Thresholds): Dashboard {
  return {
    uid: "pgstead-overview",
    title: "pgstead: overview",
    question: "Is the service well, and what needs somebody now?",
    panels: [...stateNow, ...load(limits), ...room(limits), ...details],
  };
}

const stateNow: readonly Panel[] = [
  {
    title: "Takes writes",
    description:
      "Whether the last write of the ops container was committed, with room for the next ones. Down: runbook HealthFailed, or `npm run ops -- health`.",
    unit: "upDown",
    kind: "number",
    queries: [{ expression: "min(pgstead_server_writable)", legend: "writable" }],
    thresholds: failBelow(1),
  },
  {
    title: "Health",
    description:
      "Whether `/health` answers 200: it writes and reads, and no critical check fails. The table below says which one does.",
    unit: "upDown",
    kind: "number",
    queries: [{ expression: "min(pgstead_health_status)", legend: "healthy" }],
    thresholds: failBelow(1),
  },
  {
    title: "Critical alerts",
    description:
      "Alerts of severity critical that fire now: somebody has to look at once. Each has a runbook.",
    unit: "count",
    kind: "number",
    queries: [
      {
        expression: 'count(ALERTS{alertstate="firing", severity="critical"}) or vector(0)',
        legend: "critical",
      },
    ],
    thresholds: failFrom(1),
  },
  {
    title: "Warnings",
    description: "Alerts of severity warning that fire now: something for working hours.",
    unit: "count",
    kind: "number",
    queries: [
      {
        expression: 'count(ALERTS{alertstate="firing", severity="warning"}) or vector(0)',
        legend: "warnings",
      },
    ],
    thresholds: warnFrom(1),
  },
  {
    title: "Differs from what is declared",
    description:
      "Differences between the server and the stack's file, at the last comparison. `npm run ops -- drift` lists them, with the statements that mend them.",
    unit: "count",
    kind: "number",
    queries: [{ expression: "max(pgstead_drift_objects)", legend: "differences" }],
    thresholds: warnFrom(1),
    check: "drift",
  },
  {
    title: "Up for",
    description: "Time since the server was started. A short one that nobody planned: look at the log.",
    unit: "seconds",
    kind: "number",
    queries: [{ expression: "time() - max(pg_postmaster_start_time_seconds)", legend: "up for" }],
  },
];

function load(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Connections in use",
      description:
        "Of those that ordinary roles may have. At 100% the next login is refused: `npm run ops -- connections` says who has them.",
      unit: "percent",
      kind: "lines",
      queries: [{ expression: connectionsUsed, legend: "in use" }],
      thresholds: { warning: limits.connectionsWarning, critical: limits.connectionsCritical },
      check: "connections",
    },
    {
      title: "Sessions",
      description:
        "Sessions by what they do. Many that are idle in a transaction hold locks and keep dead rows from being removed.",
      unit: "count",
      kind: "lines",
      queries: [{ expression: `sum by (state) (pg_stat_activity_count{${databases}})`, legend: "{{state}}" }],
    },
    {
      title: "Transactions",
      description:
        "Transactions in a second that were committed and rolled back. A sudden fall is an outage that clients see first.",
      unit: "perSecond",
      kind: "lines",
      queries: [
        {
          expression: `sum(rate(pg_stat_database_xact_commit{${databases}}[$__rate_interval]))`,
          legend: "committed",
        },
        {
          expression: `sum(rate(pg_stat_database_xact_rollback{${databases}}[$__rate_interval]))`,
          legend: "rolled back",
        },
      ],
    },
    cacheHits(limits),
  ];
}

function cacheHits(limits: Thresholds): Panel {
  return {
    title: "Pages found in memory",
    description:
      "Reads that find their page in shared_buffers; what misses may still be in the kernel's cache. Low and slow: more memory, or an index that is missing.",
    unit: "percent",
    kind: "lines",
    queries: [
      {
        expression: `100 * sum by (datname) (rate(pg_stat_database_blks_hit{${databases}}[$__rate_interval]))
          / (sum by (datname) (rate(pg_stat_database_blks_hit{${databases}}[$__rate_interval]))
          + sum by (datname) (rate(pg_stat_database_blks_read{${databases}}[$__rate_interval])) > 0)`,
        legend: "{{datname}}",
      },
    ],
    thresholds: { warning: limits.cacheHit, critical: Number.NEGATIVE_INFINITY, below: true },
  };
}

function room(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Free room of volumes",
      description:
        "What is free of the file system that each volume is on. A server whose data volume is full stops: `npm run ops -- disk`, `npm run ops -- capacity`.",
      unit: "percent",
      kind: "bars",
      queries: [{ expression: volumeFree, legend: "{{volume}}" }],
      thresholds: { warning: limits.diskWarning, critical: limits.diskCritical, below: true },
    },
    {
      title: "Size of databases",
      description:
        "Size of each database with its indexes. `npm run ops -- capacity` says when it is too much.",
      unit: "bytes",
      kind: "lines",
      queries: [
        { expression: `max by (datname) (pg_database_size_bytes{${databases}})`, legend: "{{datname}}" },
      ],
    },
    {
      title: "Memory of the host",
      description:
        "What is in use and cannot be had back. The kernel ends a process when there is none left.",
      unit: "percent",
      kind: "lines",
      queries: [{ expression: hostMemoryUsed, legend: "in use" }],
      thresholds: warnFrom(limits.memory),
    },
    {
      title: "Processors of the host",
      description:
        "Time of all processors that is used, by everything on the host. Long at 100%: the dashboard of queries says what takes it.",
      unit: "percent",
      kind: "lines",
      queries: [
        {
          expression: '100 * (1 - avg(rate(node_cpu_seconds_total{mode="idle"}[$__rate_interval])))',
          legend: "in use",
        },
      ],
    },
  ];
}

const details: readonly Panel[] = [
  {
    title: "Checks of health",
    description:
      "What the ops container thinks of each part of the server: 0 is well, 1 a warning, 2 critical.",
    unit: "count",
    kind: "table",
    queries: [{ expression: "max by (check) (pgstead_health_check_status)", legend: "{{check}}" }],
    thresholds: { warning: 1, critical: 2 },
    check: "{{legend}}",
  },
  {
    title: "Alerts",
    description:
      "What fires now, with the sign of life (Watchdog), which always does. Runbooks are in `infra/monitoring/runbooks/`, by these names.",
    unit: "count",
    kind: "table",
    queries: [
      {
        expression: 'count by (alertname, severity) (ALERTS{alertstate="firing"})',
        legend: "{{alertname}} ({{severity}})",
      },
    ],
  },
];
