import { longestWait, walRatio } from "../alerts/wal";
import type { Thresholds } from "../thresholds";
import type { Dashboard, Panel } from "./panel";
import { failBelow, failFrom, warnFrom } from "./threshold";

const none = {
  archive: "no physical backups are declared: the log is not archived",
  slot: "there is no replication slot",
};

/** The write-ahead log, and whoever needs it. */
export function replicationDashboard(limits: Thresholds): Dashboard {
  return {
    uid: "pgstead-replication",
    title: "pgstead: replication and WAL",
    question: "Does the write-ahead log flow, and does anything hold it?",
    panels: [...log(limits), ...archive, ...checkpoints, ...replication(limits), ...readers],
  };
}

function log(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Size of the log",
      description:
        "Files of the log on the data volume, and max_wal_size, which it stays about unless something holds it.",
      unit: "bytes",
      kind: "lines",
      queries: [
        { expression: "max(pg_wal_size_bytes)", legend: "size" },
        { expression: "max(pg_settings_max_wal_size_bytes)", legend: "max_wal_size" },
      ],
    },
    {
      title: "Log in units of max_wal_size",
      description:
        "More than its limit: a slot, the archiver or wal_keep_size holds it; the panels below say which. Runbook WalLarge.",
      unit: "count",
      kind: "number",
      queries: [{ expression: walRatio, legend: "times max_wal_size" }],
      thresholds: warnFrom(limits.walRatio),
    },
    {
      title: "Free room of the data volume",
      description: "What is left for the log and all else. A server whose data volume is full stops.",
      unit: "percent",
      kind: "lines",
      queries: [
        {
          expression:
            '100 * min(pgstead_volume_free_bytes{volume="data"}) / max(pgstead_volume_size_bytes{volume="data"})',
          legend: "free",
        },
      ],
      thresholds: { warning: limits.diskWarning, critical: limits.diskCritical, below: true },
    },
  ];
}

const archive: readonly Panel[] = [
  {
    title: "Waits to be archived",
    description:
      "How long the oldest file of the log has waited to be sent to the repository: what would be lost with the host. Runbook LogNotArchived.",
    unit: "seconds",
    kind: "lines",
    queries: [{ expression: "max(pgstead_wal_waiting_seconds)", legend: "oldest" }],
    thresholds: failFrom(longestWait),
    nothing: none.archive,
  },
  {
    title: "Files that wait",
    description: "Files of the log that are not in the repository yet, 16 MB each.",
    unit: "count",
    kind: "lines",
    queries: [{ expression: "max(pgstead_wal_waiting_files)", legend: "files" }],
    nothing: none.archive,
  },
  {
    title: "Archived in ten minutes",
    description: "Files of the log that were archived, and attempts of archive_command that failed.",
    unit: "count",
    kind: "lines",
    queries: [
      { expression: "sum(increase(pg_stat_archiver_archived_count[10m]))", legend: "archived" },
      { expression: "sum(increase(pg_stat_archiver_failed_count[10m]))", legend: "failed" },
    ],
  },
  {
    title: "Since the last file was archived",
    description:
      "A server without writes archives nothing, and is none the worse for it. With writes it is an alert after half an hour: runbook ArchiveStale.",
    unit: "seconds",
    kind: "number",
    queries: [{ expression: "min(pg_stat_archiver_last_archive_age)", legend: "ago" }],
    nothing: none.archive,
  },
];

const checkpoints: readonly Panel[] = [
  {
    title: "Checkpoints in half an hour",
    description:
      "At their time, and asked for before it. Many of the latter: max_wal_size is too small for what is written. Runbook CheckpointsRequested.",
    unit: "count",
    kind: "lines",
    queries: [
      { expression: "sum(increase(pg_stat_checkpointer_num_timed_total[30m]))", legend: "at their time" },
      { expression: "sum(increase(pg_stat_checkpointer_num_requested_total[30m]))", legend: "asked for" },
    ],
  },
  {
    title: "Written by checkpoints",
    description: "What they write to the data files in a second, in pages of 8 kB.",
    unit: "bytesPerSecond",
    kind: "lines",
    queries: [
      {
        expression: "8192 * sum(rate(pg_stat_checkpointer_buffers_written_total[$__rate_interval]))",
        legend: "written",
      },
    ],
  },
];

function replication(limits: Thresholds): readonly Panel[] {
  return [
    {
      title: "Held by replication slots",
      description:
        "What each slot keeps of the log. One that nobody reads fills the volume: drop it, or bring its reader back. Runbook SlotHoldsWal.",
      unit: "bytes",
      kind: "lines",
      queries: [
        {
          expression: "max by (slot_name) (pg_replication_slots_pg_wal_lsn_diff)",
          legend: "{{slot_name}}",
        },
      ],
      thresholds: warnFrom(limits.slotBytes),
      check: "replication_slots",
      nothing: none.slot,
    },
    {
      title: "Behind its primary",
      description:
        "Age of what this server has replayed last, if it is a standby; 0 on a server that takes writes. Runbook ReplicationLag.",
      unit: "seconds",
      kind: "lines",
      queries: [{ expression: "max(pg_replication_lag_seconds)", legend: "behind" }],
      thresholds: warnFrom(limits.replicationLag),
      check: "replication",
    },
  ];
}

const readers: readonly Panel[] = [
  {
    title: "Slots that are read",
    description: "Whether somebody reads each slot now. Runbook SlotInactive.",
    unit: "upDown",
    kind: "table",
    queries: [
      {
        expression: "max by (slot_name) (pg_replication_slot_slot_is_active)",
        legend: "{{slot_name}}",
      },
    ],
    thresholds: failBelow(1),
    check: "replication_slots",
    nothing: none.slot,
  },
];
