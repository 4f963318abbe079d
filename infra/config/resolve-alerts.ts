import type { AlertChange } from "../../components/core/monitoring/alerts";
import type { AlertingPlan } from "../../components/core/monitoring/alertmanager";
import type { Receiver } from "../../components/core/monitoring/receiver";
import { parseAge } from "./resolve-gate";
import type { WrittenConfig } from "./schema";

type Written = WrittenConfig["monitoring"];
type WrittenReceiver = Written["receivers"][number];

/** Where the runbooks are in the project. */
const inProject = "infra/monitoring/runbooks/";

/** What is declared of alerts, complete. What is not well-formed has been told of already. */
export function resolveAlerting(written: Written): AlertingPlan {
  const { scrapeInterval, grouping, repeat, runbookUrl } = written;
  return {
    scrapeInterval,
    alerts: Object.fromEntries(
      Object.entries(written.alerts).map(([name, change]) => [name, resolveChange(change)]),
    ),
    receivers: written.receivers.flatMap(resolveReceiver),
    groupWait: prometheusTime(grouping.wait),
    groupInterval: prometheusTime(grouping.interval),
    repeat: {
      critical: prometheusTime(repeat.critical),
      warning: prometheusTime(repeat.warning),
      info: prometheusTime(repeat.info),
      watchdog: prometheusTime(repeat.watchdog),
    },
    runbooks: runbookUrl === undefined ? inProject : `${runbookUrl.replace(/\/+$/, "")}/`,
  };
}

function prometheusTime(written: string): string {
  return `${parseAge(written) ?? 0}s`;
}

function resolveChange({ enabled, reason, severity, for: time }: Written["alerts"][string]): AlertChange {
  return {
    ...(enabled ? {} : { off: reason ?? "" }),
    ...(time === undefined ? {} : { for: prometheusTime(time) }),
    ...(severity === undefined ? {} : { severity }),
  };
}

function resolveReceiver({ name, severities, ...ways }: WrittenReceiver): Receiver[] {
  const way = resolveWay(ways);
  return way === undefined ? [] : [{ name, severities: [...new Set(severities)], way }];
}

function resolveWay({
  email,
  webhook,
  slack,
}: Pick<WrittenReceiver, "email" | "webhook" | "slack">): Receiver["way"] | undefined {
  if (email !== undefined) {
    const { username, ...rest } = email;
    return { kind: "email", ...rest, ...(username === undefined ? {} : { username }) };
  }
  if (webhook !== undefined) {
    return { kind: "webhook", ...(webhook.url === undefined ? {} : { url: webhook.url }) };
  }
  if (slack === undefined) return undefined;
  return { kind: "slack", ...(slack.channel === undefined ? {} : { channel: slack.channel }) };
}
