import { z } from "zod";
import { choice, flag, integer, map, mapOf, text } from "./schema-words";

const severity = choice(["critical", "warning", "info"], {
  description: "How soon somebody has to look: at once, in working hours, when there is time.",
  example: "info",
  defaultText: "the alert's own",
});

const alert = map(
  {
    enabled: flag({
      description: "False switches it off, for a `reason`.",
      example: "false",
    }).default(true),
    reason: text("a text", {
      description: "Why it is off: who reads the file later will ask.",
      example: "the standby is behind on purpose",
      defaultText: "none; an alert that is off needs one",
    }).optional(),
    for: text("a time such as 5min", {
      description: "How long it has to hold before it is sent.",
      example: "15min",
      defaultText: "the alert's own",
    }).optional(),
    severity: severity.optional(),
  },
  { description: "What is another than the alert's own.", example: "{ for: 15min, severity: info }" },
);

const email = map(
  {
    to: z
      .array(text("an address", { description: "An address.", example: "dba@example.com" }))
      .meta({ allowed: "a list", description: "Who gets it.", example: "[dba@example.com]" }),
    from: text("an address", { description: "Whom it is from.", example: "postgres@example.com" }),
    smarthost: text("a host and a port", {
      description: "The server that takes it. On port 465 it speaks TLS from the beginning.",
      example: "mail.example.com:587",
    }),
    username: text("a name", {
      description: "Login at that server; its password is the receiver's in `pgstead:receiverSecrets`.",
      example: "postgres@example.com",
      defaultText: "none: it takes mail without a login",
    }).optional(),
    requireTls: flag({
      description:
        "Refuses to send in clear. False is for a server on the way that has no TLS, and takes no login.",
      example: "false",
    }).default(true),
  },
  {
    description: "By e-mail.",
    example: "{ to: [dba@example.com], from: postgres@example.com, smarthost: mail.example.com:587 }",
  },
);

const webhook = map(
  {
    url: text("a URL", {
      description: "Where the alerts are posted to, as JSON of Alertmanager.",
      example: "http://receiver.example.com/alerts",
      defaultText: "the receiver's in `pgstead:receiverSecrets`: a URL with a token is a secret",
    }).optional(),
  },
  { description: "As JSON by HTTP.", example: "{ url: http://receiver.example.com/alerts }" },
);

const slack = map(
  {
    channel: text("a channel", {
      description: "The channel.",
      example: '"#database"',
      defaultText: "the one that the URL stands for",
    }).optional(),
  },
  {
    description:
      "To Slack, or to what takes its messages. Its URL is the receiver's in `pgstead:receiverSecrets`.",
    example: '{ channel: "#database" }',
  },
);

const receiver = map(
  {
    name: text("lower-case letters, digits and -, 32 at most", {
      description: "What it is called, in Alertmanager and in `pgstead:receiverSecrets`.",
      example: "on-call",
    }),
    severities: z
      .array(
        choice(["critical", "warning", "info", "watchdog"], {
          description: "A severity.",
          example: "critical",
        }),
      )
      .meta({
        allowed: "a list",
        description:
          "What it is told. `watchdog` is the sign of life that always comes, for a service that calls somebody when it stops: a webhook of its own.",
        example: "[critical]",
      })
      .default(["critical", "warning"]),
    email: email.optional(),
    webhook: webhook.optional(),
    slack: slack.optional(),
  },
  {
    description: "Somebody who is told, in one of three ways.",
    example: "{ name: on-call, webhook: {} }",
  },
);

const time = (description: string, example: string) =>
  text("a time such as 5min", { description, example }).default(example);

/** Keys of `pgstead:monitoring` about alerts. */
export const alerting = {
  scrapeInterval: integer(1, 30, {
    description: "Seconds between two looks of Prometheus at everything, and at the alerts.",
    example: "15",
  }).default(15),
  alerts: mapOf(alert, {
    description:
      "What is another than the alerts' own, by their names: each has a file in `infra/monitoring/runbooks/`.",
    example: "{ SlotInactive: { for: 1h }, CacheHitLow: { enabled: false, reason: it reads once } }",
  }).default({}),
  receivers: z
    .array(receiver)
    .meta({
      allowed: "a list",
      description: "Who is told of alerts. Without any they are shown in Alertmanager and sent to nobody.",
      example: "[{ name: on-call, webhook: {} }]",
    })
    .default([]),
  grouping: map(
    {
      wait: time("Until the first message of an alert, for others of its name.", "30s"),
      interval: time(
        "Until the next message of an alert of which there are more, or fewer, by then.",
        "5min",
      ),
    },
    { description: "What is told in one message.", example: "{ wait: 1min }" },
  ).prefault({}),
  repeat: map(
    {
      critical: time("Of critical alerts.", "1h"),
      warning: time("Of warnings.", "12h"),
      info: time("Of the others.", "24h"),
      watchdog: time("Of the sign of life.", "5min"),
    },
    { description: "After what time the same alert is told again.", example: "{ critical: 30min }" },
  ).prefault({}),
  runbookUrl: text("a URL", {
    description: "Where your copy of `infra/monitoring/runbooks/` can be read, for the links in messages.",
    example: "https://git.example.com/shop/src/main/infra/monitoring/runbooks",
    defaultText: "none: messages have the path in the project",
  }).optional(),
};

/** Values in the program, where the engine has decrypted them; `{ secure: … }` in the file. */
export const receiverSecrets = z
  .unknown()
  .meta({
    allowed: "secrets by the names of receivers",
    secret: true,
    description:
      "What receivers of alerts are reached with, by their names: the password of an e-mail login, the URL of a webhook or of Slack; written by `pulumi config set --secret --path 'pgstead:receiverSecrets.<name>'` only.",
    example: "{ on-call: { secure: v1:… } }",
    defaultText: "none",
  })
  .optional();
