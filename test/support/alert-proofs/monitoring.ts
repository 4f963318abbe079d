import { exporter, ops, type AlertProofs, type Samples } from "./proof";

const prometheus = 'instance="localhost:9090"';
const job = (name: string): string => `${ops}, job_name="${name}"`;
const failed = (name: string, ago: string): Samples => ({
  [job(name)]: `job ${name} of the ops container failed; its last run was begun ${ago} ago`,
});

/** @param runs counter of failures, then the last attempt, then the last success */
function ran(name: string, runs: readonly [failures: string, attempt: string, success: string]): Samples {
  const [failures, attempt, success] = runs;
  return {
    [`pgstead_job_failures_total{${job(name)}}`]: failures,
    [`pgstead_job_last_attempt_timestamp_seconds{${job(name)}}`]: attempt,
    [`pgstead_job_last_success_timestamp_seconds{${job(name)}}`]: success,
  };
}

/** It failed once, the container was made anew, and the next run succeeded; the other one has never succeeded. */
const nights: Samples = {
  ...ran("backup", ["0x9 1x120 0x240", "60x9 600x360", "120x300 19000x60"]),
  ...ran("physical-full", ["0x400", "_x20 1200x400", "_"]),
  ...ran("status", ["0x400", "0+60x400", "1+60x400"]),
};

/** What the ops container does, and what measures. */
export const monitoringProofs: AlertProofs = {
  JobFailed: {
    severity: "warning",
    fires: {
      given: nights,
      at: "4h",
      told: { ...failed("backup", "3h 50m 0s"), ...failed("physical-full", "3h 40m 0s") },
    },
    quiet: { given: nights, at: "9m" },
    also: [
      { given: nights, at: "15m", told: failed("backup", "5m 0s") },
      { given: nights, at: "5h30m", told: failed("physical-full", "5h 10m 0s") },
    ],
  },
  JobStale: {
    severity: "warning",
    fires: {
      given: {
        [`pgstead_job_interval_seconds{${job("backup")}}`]: "3600x400",
        [`pgstead_job_last_success_timestamp_seconds{${job("backup")}}`]: "0x400",
      },
      at: "2h15m",
      told: {
        [job("backup")]:
          "job backup of the ops container last succeeded 2h 15m 0s ago, more than two of its intervals",
      },
    },
    quiet: {
      given: {
        [`pgstead_job_interval_seconds{${job("backup")}}`]: "3600x400",
        [`pgstead_job_last_success_timestamp_seconds{${job("backup")}}`]: "0x400",
      },
      at: "2h",
    },
  },
  JobSkipped: {
    severity: "info",
    step: "1h",
    fires: {
      given: { [`pgstead_job_skipped_total{${job("drill")}}`]: "0x3 6x30" },
      at: "24h",
      told: {
        [job("drill")]:
          "job drill of the ops container was skipped 6 times within a day, as the run before had not ended",
      },
    },
    quiet: { given: { [`pgstead_job_skipped_total{${job("drill")}}`]: "0x3 3x30" }, at: "24h" },
  },
  Watchdog: {
    severity: "watchdog",
    fires: {
      given: {},
      at: "1m",
      told: {
        "": "a sign of life: alerts are judged and sent (always 1); where it stops coming they are not",
      },
    },
    // Nothing makes it silent but the end of what judges it: it is there whatever else is.
    quiet: {
      given: { [`up{${exporter}}`]: "0x9" },
      at: "5m",
      told: {
        "": "a sign of life: alerts are judged and sent (always 1); where it stops coming they are not",
      },
    },
  },
  ScrapeFailed: {
    severity: "critical",
    fires: {
      given: { [`up{${ops}}`]: "1x5 0x9" },
      at: "9m",
      told: { [ops]: "ops at ops:9188 cannot be scraped (up is 0)" },
    },
    quiet: { given: { [`up{${ops}}`]: "1x5 0 1x9" }, at: "9m" },
  },
  ScrapeSlow: {
    severity: "warning",
    fires: {
      given: { [`scrape_duration_seconds{${exporter}}`]: "7.25x20" },
      at: "11m",
      told: {
        [exporter]: "postgres takes 7.2 s to answer a scrape: after 10 s there are no figures at all",
      },
    },
    quiet: { given: { [`scrape_duration_seconds{${exporter}}`]: "5x20" }, at: "11m" },
  },
  CollectorFailed: {
    severity: "warning",
    fires: {
      given: { [`pg_scrape_collector_success{${exporter}, collector="wal"}`]: "0x20" },
      at: "6m",
      told: {
        [`${exporter}, collector="wal"`]:
          "the exporter cannot read wal (success is 0): does its role have pg_monitor?",
      },
    },
    quiet: { given: { [`pg_scrape_collector_success{${exporter}, collector="wal"}`]: "0x3 1x20" }, at: "6m" },
  },
  PrometheusRuleFailed: {
    severity: "critical",
    fires: {
      given: { [`prometheus_rule_evaluation_failures_total{${prometheus}, rule_group="wal"}`]: "0x5 2x30" },
      at: "10m",
      told: {
        [`${prometheus}, rule_group="wal"`]:
          "Prometheus could not judge rules of wal 2 times within 10 minutes: their alerts do not come",
      },
    },
    quiet: {
      given: { [`prometheus_rule_evaluation_failures_total{${prometheus}, rule_group="wal"}`]: "2x30" },
      at: "10m",
    },
  },
  PrometheusNotificationsFailed: {
    severity: "critical",
    fires: {
      given: {
        [`prometheus_notifications_errors_total{${prometheus}, alertmanager="a"}`]: "0+1x30",
        [`prometheus_notifications_dropped_total{${prometheus}}`]: "0+1x30",
      },
      at: "20m",
      told: {
        [prometheus]: "20 alerts within 10 minutes did not get from Prometheus to Alertmanager",
      },
    },
    quiet: {
      given: {
        [`prometheus_notifications_errors_total{${prometheus}, alertmanager="a"}`]: "9x30",
        [`prometheus_notifications_dropped_total{${prometheus}}`]: "0x30",
      },
      at: "20m",
    },
  },
  PrometheusConfigStale: reloaded("prometheus", "Prometheus"),
  AlertmanagerConfigStale: reloaded("alertmanager", "Alertmanager"),
  AlertmanagerSendsFailed: {
    severity: "critical",
    fires: {
      given: {
        'alertmanager_notifications_failed_total{instance="alertmanager:9093", integration="email", reason="other"}':
          "0+1x30",
      },
      at: "20m",
      told: {
        'instance="alertmanager:9093", integration="email"':
          "10 messages of Alertmanager by email failed within 10 minutes",
      },
    },
    quiet: {
      given: {
        'alertmanager_notifications_failed_total{instance="alertmanager:9093", integration="email", reason="other"}':
          "3x30",
      },
      at: "20m",
    },
  },
};

function reloaded(program: string, name: string): AlertProofs[string] {
  const metric = `${program}_config_last_reload_successful`;
  return {
    severity: "critical",
    fires: {
      given: { [metric]: "1x3 0x20" },
      at: "6m",
      told: {
        "": `${name} did not take its last configuration (success is 0): it works with the one before`,
      },
    },
    quiet: { given: { [metric]: "0x3 1x20" }, at: "6m" },
  };
}
