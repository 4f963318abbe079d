import { resolveAlerts } from "./alerts";
import type { AlertRule, Severity, Silencer } from "./alerts/rule";
import { renderFile } from "./file";
import type { AlertsPlan } from "./prometheus";
import { receiverFile, secretOf, type Receiver } from "./receiver";

/** Who is told, and how often. Times are Prometheus'. */
export interface RoutingPlan {
  /** Nobody: alerts are kept and shown in Alertmanager. */
  readonly receivers: readonly Receiver[];
  /** Until the first message of a new group, for what comes along with it. */
  readonly groupWait: string;
  /** Until the next message of a group that has changed. */
  readonly groupInterval: string;
  /** Until the same is said again. */
  readonly repeat: Readonly<Record<Severity, string>>;
}

/** What a stack declares of its alerts, without limits, which are not theirs alone. */
export interface AlertingPlan extends RoutingPlan, Omit<AlertsPlan, "thresholds"> {
  /** Seconds between two scrapes. */
  readonly scrapeInterval: number;
}

/** Alertmanager's name for nobody. */
export const nobody = "none";

/**
 * Alertmanager's configuration (alertmanager.yml): a route for each receiver and severity, and what is not sent while
 * something else explains it.
 *
 * @param filesPath directory of the secrets' files
 */
export function renderAlertmanager(
  plan: RoutingPlan & Pick<AlertsPlan, "thresholds" | "alerts">,
  filesPath: string,
): string {
  const rules = resolveAlerts(plan.thresholds, plan.alerts).flatMap((group) => group.rules);
  return renderFile({
    route: {
      receiver: nobody,
      // One message for all volumes, slots or databases that have the same fault.
      group_by: ["alertname", "stack"],
      group_wait: plan.groupWait,
      group_interval: plan.groupInterval,
      repeat_interval: plan.repeat.warning,
      routes: plan.receivers.flatMap((receiver) => routesOf(receiver, plan)),
    },
    inhibit_rules: inhibitRules(rules),
    receivers: [{ name: nobody }, ...plan.receivers.map((receiver) => renderReceiver(receiver, filesPath))],
  });
}

/** One for each severity, as each is repeated in its own time; every route is looked at. */
function routesOf({ name, severities }: Receiver, { repeat }: RoutingPlan) {
  return severities.map((severity) => ({
    receiver: name,
    matchers: [`severity="${severity}"`],
    repeat_interval: repeat[severity],
    // A sign of life comes as often as its receiver was told to expect it.
    ...(severity === "watchdog" ? { group_wait: "0s", group_interval: repeat[severity] } : {}),
    continue: true,
  }));
}

/** Alerts that are silenced by the same one in the same way are one rule. */
function inhibitRules(rules: readonly AlertRule[]) {
  const names = new Set(rules.map(({ alert }) => alert));
  const found = new Map<string, { readonly silencer: Silencer; readonly targets: string[] }>();
  for (const { alert, silencedBy = [] } of rules) {
    for (const silencer of silencedBy.filter((one) => names.has(one.alert))) {
      const key = JSON.stringify([silencer.alert, silencer.equal, silencer.where]);
      const same = found.get(key) ?? { silencer, targets: [] };
      same.targets.push(alert);
      found.set(key, same);
    }
  }
  return [...found.values()].map(({ silencer, targets }) => ({
    source_matchers: [`alertname="${silencer.alert}"`],
    target_matchers: [
      `alertname=~"${targets.join("|")}"`,
      ...Object.entries(silencer.where ?? {}).map(([label, value]) => `${label}=~"${value}"`),
    ],
    equal: ["stack", ...silencer.equal],
  }));
}

/** The same words everywhere: how bad, which stack, which alert; then a line for each with what to do. */
const title =
  '[{{ if eq .Status "firing" }}{{ .CommonLabels.severity }}{{ else }}resolved{{ end }}] {{ .GroupLabels.stack }}: {{ .GroupLabels.alertname }}';
const body =
  "{{ range .Alerts }}{{ .Status }}: {{ .Annotations.summary }}\nsince {{ .StartsAt }}\nrunbook: {{ .Annotations.runbook_url }}\n\n{{ end }}";

function renderReceiver(receiver: Receiver, filesPath: string) {
  const { name, way, severities } = receiver;
  const file = secretOf(receiver) === undefined ? undefined : `${filesPath}/${receiverFile(name)}`;
  switch (way.kind) {
    case "email":
      return {
        name,
        email_configs: [
          {
            to: way.to.join(", "),
            from: way.from,
            smarthost: way.smarthost,
            require_tls: way.requireTls,
            ...(file === undefined ? {} : { auth_username: way.username, auth_password_file: file }),
            send_resolved: true,
            headers: { Subject: title },
            text: body,
            html: "",
          },
        ],
      };
    case "webhook":
      return {
        name,
        webhook_configs: [
          {
            ...(file === undefined ? { url: way.url } : { url_file: file }),
            // The end of a sign of life is its silence.
            send_resolved: !severities.includes("watchdog"),
          },
        ],
      };
    case "slack":
      return {
        name,
        slack_configs: [
          {
            api_url_file: file,
            ...(way.channel === undefined ? {} : { channel: way.channel }),
            send_resolved: true,
            title,
            title_link: "",
            text: body,
          },
        ],
      };
  }
}
