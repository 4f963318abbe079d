import { ops, type AlertProofs } from "./proof";

const day = 86_400;
const shop = `${ops}, database="shop"`;
const certificate = (name: string, expiry: number) => ({
  [`pgstead_certificate_expiry_timestamp_seconds{${ops}, certificate="${name}"}`]: `${expiry}x120`,
});
const app = `${ops}, role="shop_app"`;
const credential = (age: number) => ({ [`pgstead_credential_age_seconds{${app}}`]: `${age}x120` });

export const changeProofs: AlertProofs = {
  DriftFound: {
    severity: "warning",
    fires: {
      given: { [`pgstead_drift_objects{${ops}}`]: "3x20" },
      at: "11m",
      told: { [ops]: "3 objects of the server are not as declared: the next `up` would change that back" },
    },
    also: [
      {
        given: { [`pgstead_drift_objects{${ops}}`]: "1x20" },
        at: "11m",
        told: { [ops]: "1 object of the server is not as declared: the next `up` would change that back" },
      },
    ],
    quiet: { given: { [`pgstead_drift_objects{${ops}}`]: "0 3x5 0x20" }, at: "11m" },
  },
  DriftUnchecked: {
    severity: "warning",
    step: "1h",
    fires: {
      given: { [`pgstead_drift_last_check_timestamp_seconds{${ops}}`]: "0x40" },
      at: "28h",
      told: { [ops]: "drift was last looked for 1d 4h 0m 0s ago" },
    },
    quiet: { given: { [`pgstead_drift_last_check_timestamp_seconds{${ops}}`]: "0x40" }, at: "26h" },
  },
  MigrationFailed: {
    severity: "critical",
    fires: {
      given: { [`pgstead_migrations_failed{${shop}}`]: "1x9" },
      at: "1m",
      told: { [shop]: "a migration of shop failed, or stopped half-way (pgstead_migrations_failed is 1)" },
    },
    quiet: { given: { [`pgstead_migrations_failed{${shop}}`]: "0x9" }, at: "1m" },
  },
  AuditMonthsFew: {
    severity: "warning",
    fires: {
      given: { [`pgstead_audit_months_ahead{${shop}}`]: "0x120" },
      at: "61m",
      told: {
        [shop]:
          "the trail of shop has partitions for 0 months to come: without one its rows go to the default partition",
      },
    },
    quiet: { given: { [`pgstead_audit_months_ahead{${shop}}`]: "1x120" }, at: "61m" },
  },
  SettingsPendingRestart: {
    severity: "info",
    step: "1h",
    fires: {
      given: { [`pgstead_settings_pending_restart{${ops}}`]: "2x40" },
      at: "25h",
      told: { [ops]: "2 settings have waited for a restart for a day" },
    },
    quiet: { given: { [`pgstead_settings_pending_restart{${ops}}`]: "2x20 0x20" }, at: "25h" },
  },
  CredentialOld: {
    severity: "warning",
    fires: {
      given: credential(100 * day),
      at: "61m",
      told: { [app]: "the password of shop_app is 100d 0h 0m 0s old: 90 d are the limit" },
    },
    quiet: { given: credential(90 * day), at: "61m" },
  },
  CertificateEnding: {
    severity: "warning",
    fires: {
      given: certificate("server", 10 * day + 3_660),
      at: "61m",
      told: {
        [`${ops}, certificate="server"`]:
          "the server's certificate ends in 10d 0h 0m 0s, and was not renewed",
      },
    },
    quiet: { given: certificate("server", 15 * day), at: "61m" },
  },
  CertificateEndsSoon: {
    severity: "critical",
    fires: {
      given: certificate("server", day + 60),
      at: "1m",
      told: {
        [`${ops}, certificate="server"`]:
          "the server's certificate ends in 1d 0h 0m 0s: after that no client that verifies it connects",
      },
    },
    quiet: { given: certificate("server", 3 * day), at: "1m" },
  },
  AuthorityEnding: {
    severity: "warning",
    fires: {
      given: certificate("authority", 60 * day + 3_660),
      at: "61m",
      told: {
        [`${ops}, certificate="authority"`]:
          "the authority of the server's certificate ends in 60d 0h 0m 0s: clients need the next one before",
      },
    },
    quiet: { given: certificate("authority", 100 * day), at: "61m" },
  },
};
