import { exporter, ops, type AlertProofs, type Samples } from "./proof";

const here = 'instance="exporter:9187"';
const server = `${exporter}, server="server:5432"`;
const slot = 'slot_name="standby"';
const archived = (metric: string): string => `pg_stat_archiver_${metric}{${server}}`;

function checkpoints(requested: string, timed: string): Samples {
  return {
    [`pg_stat_checkpointer_num_requested_total{${exporter}}`]: requested,
    [`pg_stat_checkpointer_num_timed_total{${exporter}}`]: timed,
  };
}

function lastArchived(age: string, inserted: string, timeout = 60): Samples {
  const shop = `${exporter}, datname="shop"`;
  return {
    [archived("last_archive_age")]: age,
    [`pg_settings_archive_timeout_seconds{${server}}`]: `${timeout}x120`,
    [`pg_stat_database_tup_inserted{${shop}}`]: inserted,
    [`pg_stat_database_tup_updated{${shop}}`]: "0x120",
    [`pg_stat_database_tup_deleted{${shop}}`]: "0x120",
  };
}

function waiting(files: string, seconds: string, free: number): Samples {
  return {
    [`pgstead_wal_waiting_files{${ops}}`]: files,
    [`pgstead_wal_waiting_seconds{${ops}}`]: seconds,
    [`pgstead_volume_free_bytes{${ops}, volume="data"}`]: `${free}x20`,
    [`pgstead_volume_size_bytes{${ops}, volume="data"}`]: "100x20",
  };
}

const lost = (status: string): string =>
  `pg_replication_slot_wal_status{${exporter}, ${slot}, slot_type="physical", wal_status="${status}"}`;

export const walProofs: AlertProofs = {
  CheckpointsRequested: {
    severity: "warning",
    fires: {
      given: checkpoints("0+1x60", "0x60"),
      at: "50m",
      told: {
        [exporter]:
          "30 checkpoints within 30 minutes were asked for before their time: max_wal_size is too small for what is written",
      },
    },
    // A backup asks for one.
    quiet: { given: checkpoints("0x20 1x20 2x20", "0x60"), at: "50m" },
    also: [{ given: checkpoints("0+1x60", "0+2x60"), at: "50m" }],
  },
  ArchiveFailed: {
    severity: "warning",
    fires: {
      given: { [archived("failed_count")]: "0x4 3+3x20", [archived("archived_count")]: "7x30" },
      at: "8m",
      told: { [server]: "archive_command has failed 6 times within 2 minutes, and not succeeded once" },
    },
    // It succeeded at the third attempt, and the log is quiet since.
    quiet: {
      given: { [archived("failed_count")]: "0x4 2x20", [archived("archived_count")]: "7x4 8x20" },
      at: "7m",
    },
    also: [{ given: { [archived("failed_count")]: "3x30", [archived("archived_count")]: "7x30" }, at: "8m" }],
  },
  ArchiveStale: {
    severity: "critical",
    fires: {
      given: lastArchived("0+60x120", "0+10x120"),
      at: "40m",
      told: {
        [server]: "the last file of the log was archived 40m 0s ago, and rows have been written since",
      },
    },
    // Nobody writes.
    quiet: { given: lastArchived("0+60x120", "0x120"), at: "100m" },
    also: [{ given: lastArchived("0+60x120", "0+10x120", 3600), at: "40m" }],
  },
  LogNotArchived: {
    severity: "critical",
    fires: {
      given: waiting("9x20", "0+60x8 540x12", 90),
      at: "10m",
      told: {
        [ops]:
          "the log has not been sent to the repository for 9m 0s: it stays on the data volume until that is full",
      },
    },
    quiet: { given: waiting("0 1 0 1 0x16", "0 30 0 30 0x16", 5), at: "10m" },
  },
  LogFillsVolume: {
    severity: "critical",
    fires: {
      given: waiting("9x20", "60x20", 19),
      at: "10m",
      told: {
        [ops]:
          "9 files of the log wait to be sent, and less than 20% of the data volume is free: the server stops when it is full",
      },
    },
    quiet: { given: waiting("1x20", "60x20", 5), at: "10m" },
  },
  WalLarge: {
    severity: "warning",
    fires: {
      given: {
        [`pg_wal_size_bytes{${exporter}}`]: "2600x30",
        [`pg_settings_max_wal_size_bytes{${server}}`]: "1000x30",
      },
      at: "16m",
      told: {
        [exporter]: "the log takes 2.6 times max_wal_size: a slot, the archiver or wal_keep_size holds it",
      },
    },
    quiet: {
      given: {
        [`pg_wal_size_bytes{${exporter}}`]: "2000x30",
        [`pg_settings_max_wal_size_bytes{${server}}`]: "1000x30",
      },
      at: "16m",
    },
  },
  SlotInactive: {
    severity: "warning",
    fires: {
      given: { [`pg_replication_slot_slot_is_active{${exporter}, ${slot}, slot_type="physical"}`]: "0x30" },
      at: "16m",
      told: {
        [`${exporter}, ${slot}, slot_type="physical"`]:
          "nobody reads replication slot standby (active is 0), and it keeps the log until somebody does",
      },
    },
    quiet: {
      given: {
        [`pg_replication_slot_slot_is_active{${exporter}, ${slot}, slot_type="physical"}`]: "0x9 1x20",
      },
      at: "16m",
    },
  },
  SlotHoldsWal: {
    severity: "warning",
    fires: {
      given: { [`pg_replication_slots_pg_wal_lsn_diff{${server}, ${slot}}`]: "21474836480x30" },
      at: "6m",
      told: { [`${here}, ${slot}`]: "replication slot standby keeps 20GiB of the log" },
    },
    quiet: {
      given: { [`pg_replication_slots_pg_wal_lsn_diff{${server}, ${slot}}`]: "10737418240x30" },
      at: "6m",
    },
  },
  SlotLost: {
    severity: "critical",
    fires: {
      given: { [lost("unreserved")]: "1x9" },
      at: "2m",
      told: {
        [`${here}, ${slot}, wal_status="unreserved"`]:
          "the log that replication slot standby needs is unreserved (status is 1): its reader has to be made anew",
      },
    },
    quiet: { given: { [lost("extended")]: "1x9" }, at: "2m" },
  },
  ReplicationLag: {
    severity: "warning",
    fires: {
      given: {
        [`pg_replication_lag_seconds{${exporter}}`]: "90x20",
        [`pg_replication_is_replica{${exporter}}`]: "1x20",
      },
      at: "6m",
      told: { [exporter]: "the standby at exporter:9187 is 1m 30s behind its primary" },
    },
    quiet: {
      given: {
        [`pg_replication_lag_seconds{${exporter}}`]: "90x20",
        [`pg_replication_is_replica{${exporter}}`]: "0x20",
      },
      at: "6m",
    },
  },
};
