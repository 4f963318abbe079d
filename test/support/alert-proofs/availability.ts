import { exporter, ops, type AlertProofs } from "./proof";

export const availabilityProofs: AlertProofs = {
  PostgresDown: {
    severity: "critical",
    fires: {
      given: { [`pg_up{${exporter}}`]: "1x5 0x20" },
      at: "8m",
      told: { [exporter]: "PostgreSQL does not answer its exporter at exporter:9187 (pg_up is 0)" },
    },
    quiet: { given: { [`pg_up{${exporter}}`]: "1x5 0 1x20" }, at: "8m" },
  },
  ServerUnreachable: {
    severity: "critical",
    fires: {
      given: { [`pgstead_server_reachable{${ops}}`]: "1x5 0x20" },
      at: "9m",
      told: { [ops]: "the ops container cannot log in to PostgreSQL (pgstead_server_reachable is 0)" },
    },
    quiet: { given: { [`pgstead_server_reachable{${ops}}`]: "1x5 0x1 1x20" }, at: "9m" },
  },
  PostgresUnseen: {
    severity: "critical",
    fires: {
      given: { [`up{${exporter}}`]: "1x20" },
      at: "5m",
      told: { "": "nothing measures PostgreSQL: there is no pg_up (absent is 1)" },
    },
    quiet: { given: { [`up{${exporter}}`]: "0x20" }, at: "5m" },
  },
  PostgresRestarted: {
    severity: "warning",
    fires: {
      given: {
        [`pg_postmaster_start_time_seconds{${exporter}}`]: "0x9 540x30",
        [`pg_up{${exporter}}`]: "1x40",
      },
      at: "14m",
      told: { [exporter]: "PostgreSQL was restarted 5m 0s ago" },
    },
    // A server that was made 9 minutes ago.
    quiet: { given: { [`pg_postmaster_start_time_seconds{${exporter}}`]: "_x9 540x30" }, at: "14m" },
    also: [
      // The outage was told.
      {
        given: {
          [`pg_postmaster_start_time_seconds{${exporter}}`]: "0x4 _x6 660x30",
          [`pg_up{${exporter}}`]: "1x4 0x6 1x30",
        },
        at: "14m",
      },
    ],
  },
  PostgresInRecovery: {
    severity: "critical",
    fires: {
      given: { [`pg_replication_is_replica{${exporter}}`]: "1x20" },
      at: "6m",
      told: {
        [exporter]: "PostgreSQL is in recovery, and takes no writes (pg_replication_is_replica is 1)",
      },
    },
    quiet: { given: { [`pg_replication_is_replica{${exporter}}`]: "1x3 0x20" }, at: "6m" },
  },
  HealthFailed: {
    severity: "critical",
    fires: {
      given: { [`pgstead_health_status{${ops}}`]: "1x5 0x20" },
      at: "10m",
      told: {
        [ops]:
          "the health service answers 503: a write and a read, or a critical check, failed (pgstead_health_status is 0)",
      },
    },
    quiet: { given: { [`pgstead_health_status{${ops}}`]: "1x5 0 1x20" }, at: "10m" },
  },
};
