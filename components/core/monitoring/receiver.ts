import type { Severity } from "./alerts/rule";

/** Somebody who is told of alerts. */
export interface Receiver {
  readonly name: string;
  /** Which alerts: one at least; `watchdog` stands alone. */
  readonly severities: readonly Severity[];
  readonly way: EmailWay | WebhookWay | SlackWay;
}

export interface EmailWay {
  readonly kind: "email";
  /** Addresses, one at least. */
  readonly to: readonly string[];
  readonly from: string;
  /** `host:port`. */
  readonly smarthost: string;
  /** Absent: the server asks for no login. */
  readonly username?: string;
  /** False: mail may go in clear. */
  readonly requireTls: boolean;
}

export interface WebhookWay {
  readonly kind: "webhook";
  /** Absent: it is a secret. */
  readonly url?: string;
}

/** Slack, or whatever takes its messages; where to is a secret. */
export interface SlackWay {
  readonly kind: "slack";
  /** Absent: the one that the address stands for. */
  readonly channel?: string;
}

/** What a receiver's secret is, in words; undefined: it needs none. */
export function secretOf({ way }: Receiver): string | undefined {
  switch (way.kind) {
    case "email":
      return way.username === undefined ? undefined : "the password of its login";
    case "webhook":
      return way.url === undefined ? "its URL" : undefined;
    case "slack":
      return "its URL";
  }
}

/** File of a receiver's secret beside Alertmanager's configuration. */
export function receiverFile(name: string): string {
  return `receiver-${name}.secret`;
}
