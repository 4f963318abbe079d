import { renderDuration } from "../../duration";
import { counted, serverGone, type AlertGroup } from "./rule";

/** What the server is, compared with what was declared. */
export const changeAlerts: AlertGroup = {
  name: "changes",
  rules: (limits) => [
    {
      alert: "DriftFound",
      expr: "pgstead_drift_objects > 0",
      // An `up` that is under way is none.
      for: "10m",
      severity: "warning",
      summary:
        `${counted("object of the server is", "objects of the server are")} not as declared: ` +
        "the next `up` would change that back",
    },
    {
      alert: "DriftUnchecked",
      expr: "time() - pgstead_drift_last_check_timestamp_seconds > 93600",
      for: "5m",
      severity: "warning",
      summary: "drift was last looked for {{ $value | humanizeDuration }} ago",
      silencedBy: serverGone,
    },
    {
      alert: "MigrationFailed",
      expr: "pgstead_migrations_failed > 0",
      for: "0m",
      severity: "critical",
      summary:
        "a migration of {{ $labels.database }} failed, or stopped half-way (pgstead_migrations_failed is {{ $value }})",
    },
    {
      alert: "AuditMonthsFew",
      expr: "pgstead_audit_months_ahead < 1",
      for: "1h",
      severity: "warning",
      summary:
        "the trail of {{ $labels.database }} has partitions for {{ $value }} months to come: without one its rows go to the default partition",
    },
    {
      alert: "SettingsPendingRestart",
      expr: "pgstead_settings_pending_restart > 0",
      for: "1d",
      severity: "info",
      summary: `${counted("setting has", "settings have")} waited for a restart for a day`,
    },
    {
      alert: "CredentialOld",
      expr: `pgstead_credential_age_seconds > ${limits.credential}`,
      for: "1h",
      severity: "warning",
      summary:
        "the password of {{ $labels.role }} is {{ $value | humanizeDuration }} old: " +
        `${renderDuration(limits.credential)} are the limit`,
    },
    {
      alert: "CertificateEnding",
      expr: `${certificateLeft("server")} < ${limits.certificate}`,
      for: "1h",
      severity: "warning",
      summary: "the server's certificate ends in {{ $value | humanizeDuration }}, and was not renewed",
      silencedBy: [{ alert: "CertificateEndsSoon", equal: ["instance"] }],
    },
    {
      alert: "CertificateEndsSoon",
      expr: `${certificateLeft("server")} < ${2 * 86_400}`,
      for: "0m",
      severity: "critical",
      summary:
        "the server's certificate ends in {{ $value | humanizeDuration }}: after that no client that verifies it connects",
    },
    {
      alert: "AuthorityEnding",
      // Every client has to be given the next one before it is used.
      expr: `${certificateLeft("authority")} < ${90 * 86_400}`,
      for: "1h",
      severity: "warning",
      summary:
        "the authority of the server's certificate ends in {{ $value | humanizeDuration }}: clients need the next one before",
    },
  ],
};

function certificateLeft(certificate: "server" | "authority"): string {
  return `pgstead_certificate_expiry_timestamp_seconds{certificate="${certificate}"} - time()`;
}
