import { exporter, type AlertProofs, type Samples } from "./proof";

const server = `${exporter}, server="server:5432"`;
const shop = `${exporter}, datname="shop"`;
const here = 'instance="exporter:9187"';

function sessions(used: number): Samples {
  return {
    [`pg_stat_activity_count{${server}, datname="shop", backend_type="client backend", state="idle"}`]: `${used}x60`,
    // The server's own are none of a role's.
    [`pg_stat_activity_count{${server}, datname="shop", backend_type="autovacuum worker", state="active"}`]:
      "50x60",
    [`pg_settings_max_connections{${server}}`]: "106x60",
    [`pg_settings_superuser_reserved_connections{${server}}`]: "3x60",
    [`pg_settings_reserved_connections{${server}}`]: "3x60",
  };
}

function oldest(state: string, application: string, values: string): Samples {
  const labels = `datname="shop", usename="shop_app", application_name="${application}", backend_type="client backend"`;
  return { [`pg_stat_activity_max_tx_duration{${server}, ${labels}, state="${state}"}`]: values };
}

const session = `${here}, datname="shop", usename="shop_app"`;

export const sessionProofs: AlertProofs = {
  ConnectionsHigh: {
    severity: "warning",
    fires: {
      given: sessions(80),
      at: "6m",
      told: { [here]: "80% of the connections of ordinary roles are in use" },
    },
    quiet: { given: sessions(79), at: "6m" },
  },
  ConnectionsExhausted: {
    severity: "critical",
    fires: {
      given: sessions(95),
      at: "3m",
      told: {
        [here]: "95% of the connections of ordinary roles are in use: at 100% their logins are refused",
      },
    },
    quiet: { given: sessions(94), at: "3m" },
    also: [
      // Roles that may use what is reserved have taken five of those: 105 sessions, 100 that ordinary ones may have.
      {
        given: sessions(105),
        at: "3m",
        told: {
          [here]: "100% of the connections of ordinary roles are in use: at 100% their logins are refused",
        },
      },
      // Before PostgreSQL 16 nothing is reserved for roles.
      {
        given: {
          [`pg_stat_activity_count{${server}, backend_type="client backend"}`]: "97x60",
          [`pg_settings_max_connections{${server}}`]: "100x60",
          [`pg_settings_superuser_reserved_connections{${server}}`]: "3x60",
        },
        at: "3m",
        told: {
          [here]: "100% of the connections of ordinary roles are in use: at 100% their logins are refused",
        },
      },
    ],
  },
  TransactionLong: {
    severity: "warning",
    fires: {
      given: oldest("active", "shop", "3541+60x20"),
      at: "3m",
      told: {
        [session]:
          "a transaction of shop_app in shop has run for 1h 2m 1s: nothing that died since can be vacuumed",
      },
    },
    quiet: { given: oldest("active", "pg_dump", "7200x20"), at: "10m" },
    also: [{ given: oldest("active", "shop", "3600x20"), at: "10m" }],
  },
  IdleInTransaction: {
    severity: "warning",
    fires: {
      given: oldest("idle in transaction (aborted)", "shop", "601x20"),
      at: "2m",
      told: {
        [session]: "a session of shop_app in shop has a transaction open for 10m 1s, and does nothing",
      },
    },
    quiet: { given: oldest("idle in transaction", "shop", "600x20"), at: "10m" },
  },
  LocksWaiting: {
    severity: "warning",
    fires: {
      given: { [`pg_stat_activity_count{${server}, datname="shop", wait_event_type="Lock"}`]: "0x3 2x20" },
      at: "6m",
      told: {
        [`${here}, datname="shop"`]:
          "2 sessions in shop wait for locks, and some have at every look of the last 60 s",
      },
    },
    quiet: {
      given: { [`pg_stat_activity_count{${server}, datname="shop", wait_event_type="Lock"}`]: "0x3 2 0x20" },
      at: "6m",
    },
    also: [
      {
        given: { [`pg_stat_activity_count{${server}, datname="shop", wait_event_type="Lock"}`]: "1x20" },
        at: "6m",
        told: {
          [`${here}, datname="shop"`]:
            "1 session in shop waits for locks, and some have at every look of the last 60 s",
        },
      },
    ],
  },
  Deadlocks: {
    severity: "warning",
    fires: {
      given: { [`pg_stat_database_deadlocks{${shop}}`]: "0x10 5x20" },
      at: "12m",
      told: { [shop]: "5 deadlocks in shop within 10 minutes" },
    },
    quiet: { given: { [`pg_stat_database_deadlocks{${shop}}`]: "0x10 3x20" }, at: "15m" },
  },
  RollbacksHigh: {
    severity: "warning",
    fires: {
      given: {
        [`pg_stat_database_xact_rollback{${shop}}`]: "0+12x60",
        [`pg_stat_database_xact_commit{${shop}}`]: "0+88x60",
      },
      at: "40m",
      told: { [shop]: "12% of the transactions in shop are rolled back" },
    },
    // Most of few.
    quiet: {
      given: {
        [`pg_stat_database_xact_rollback{${shop}}`]: "0+5x60",
        [`pg_stat_database_xact_commit{${shop}}`]: "0+1x60",
      },
      at: "40m",
    },
  },
  TemporaryFilesLarge: {
    severity: "warning",
    fires: {
      given: { [`pg_stat_database_temp_bytes{${shop}}`]: "0+6291456000x60" },
      at: "30m",
      told: {
        [shop]:
          "queries in shop write 100MiB of temporary files a second: their sorts and hashes do not fit into work_mem",
      },
    },
    quiet: { given: { [`pg_stat_database_temp_bytes{${shop}}`]: "0+2147483648x60" }, at: "30m" },
  },
  CacheHitLow: {
    severity: "info",
    fires: {
      given: {
        [`pg_stat_database_blks_hit{${shop}}`]: "0+60000x180",
        [`pg_stat_database_blks_read{${shop}}`]: "0+20000x180",
      },
      at: "130m",
      told: { [shop]: "75% of the blocks that shop reads are in shared_buffers" },
    },
    quiet: {
      given: {
        [`pg_stat_database_blks_hit{${shop}}`]: "0+6000x180",
        [`pg_stat_database_blks_read{${shop}}`]: "0+2000x180",
      },
      at: "130m",
    },
  },
};
