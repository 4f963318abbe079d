import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const base = {
  "pgstead:target": "docker",
  "pgstead:server": { memory: "4GB", cpus: 2 },
  "pgstead:database": { name: "shop", schemas: { app: {} } },
  "pgstead:roles": { monitor: { login: true, profile: "monitor" } },
};
const secrets = (...names: readonly string[]) => ({
  "pgstead:receiverSecrets": Object.fromEntries(names.map((name) => [name, { secure: "v1:x" }])),
});
const email = { to: ["dba@example.com"], from: "pg@example.com", smarthost: "mail.example.com:587" };

const parse = (monitoring: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  parseConfig({ ...base, ...more, "pgstead:monitoring": monitoring }, { stack: "prod" });
const told = (monitoring: unknown, more: Readonly<Record<string, unknown>> = {}) =>
  problemsOf({ ...base, ...more, "pgstead:monitoring": monitoring }).map((problem) =>
    problem.replace("pgstead:monitoring.", ""),
  );

describe("pgstead:monitoring", () => {
  test("has receivers of three kinds, times in PostgreSQL's units, and the address of its runbooks", () => {
    const receivers = [
      { name: "on-call", severities: ["critical", "critical"], webhook: {} },
      { name: "mail", email: { ...email, username: "pg" } },
      { name: "chat", slack: { channel: "#database" } },
      { name: "alive", severities: ["watchdog"], webhook: { url: "https://alive.example.com/shop" } },
    ];
    const { docker } = parse(
      {
        receivers,
        alerts: {
          SlotInactive: { for: "1h", severity: "info" },
          CacheHitLow: { enabled: false, reason: "it reads once" },
        },
        grouping: { wait: "0s", interval: "2min" },
        repeat: { critical: "30min", warning: "1d" },
        runbookUrl: "https://git.example.com/runbooks//",
      },
      secrets("on-call", "mail", "chat"),
    );
    expect(docker?.monitoring).toMatchObject({
      receivers: [
        { name: "on-call", severities: ["critical"], way: { kind: "webhook" } },
        {
          name: "mail",
          severities: ["critical", "warning"],
          way: { kind: "email", ...email, username: "pg", requireTls: true },
        },
        { name: "chat", way: { kind: "slack", channel: "#database" } },
        { name: "alive", way: { kind: "webhook", url: "https://alive.example.com/shop" } },
      ],
      alerts: { SlotInactive: { for: "3600s", severity: "info" }, CacheHitLow: { off: "it reads once" } },
      groupWait: "0s",
      groupInterval: "120s",
      repeat: { critical: "1800s", warning: "86400s", info: "86400s", watchdog: "300s" },
      runbooks: "https://git.example.com/runbooks/",
    });
  });

  test("has no secret in the plan, and its thresholds", () => {
    const written = { receivers: [{ name: "on-call", webhook: {} }], thresholds: { memory: 70 } };
    const hidden = { "pgstead:receiverSecrets": '{"on-call":"https://hush.example.com"}' };
    const { server } = planStack(parse(written, hidden));
    expect(server.target === "docker" && server.args.monitoring?.thresholds.memory).toBe(70);
    expect(JSON.stringify(server)).not.toContain("hush");
  });

  test("tells what is wrong with alerts, all at once", () => {
    const alerts = {
      PostgressDown: { for: "1min" },
      Nonsense: {},
      CacheHitLow: { enabled: false },
      JobStale: { reason: "it is known" },
      Deadlocks: { for: "soon" },
      Watchdog: { severity: "critical" },
    };
    expect(told({ alerts })).toEqual([
      "alerts.PostgressDown: there is no alert of that name / did you mean PostgresDown?",
      "alerts.Nonsense: there is no alert of that name / infra/monitoring/runbooks/ has a file for each alert",
      "alerts.CacheHitLow: is switched off without a reason / say why, such as `{ enabled: false, reason: the standby is behind on purpose }`",
      "alerts.JobStale: has a reason to be off, and is on / write `enabled: false`, or remove the reason",
      'alerts.Deadlocks.for: "soon" is no time / write a whole number and s, min, h or d, such as 5min',
      "alerts.Watchdog: is the sign of life: it always fires, and goes to receivers of severity watchdog alone / remove it, or switch it off",
    ]);
    expect(told({ alerts: { WalLarge: { severity: "watchdog" } } })).toHaveLength(1);
  });

  test("tells what is wrong with times and the address of runbooks", () => {
    const written = {
      grouping: { wait: "1ms", interval: "0s" },
      repeat: { critical: "0s" },
      runbookUrl: "runbooks",
    };
    expect(told(written).map((problem) => problem.split(" / ")[0])).toEqual([
      'grouping.wait: "1ms" is no time',
      'grouping.interval: "0s" is less than 1s',
      'repeat.critical: "0s" is less than 1s',
      'runbookUrl: "runbooks" is no URL',
    ]);
  });
});

describe("a receiver of alerts", () => {
  const wrong = (receiver: Readonly<Record<string, unknown>>, more = {}) =>
    told({ receivers: [{ name: "one", ...receiver }] }, more).map((problem) =>
      problem.replace("receivers[0].", "").replace(/ \/ .*/, ""),
    );

  test("has a name, a severity and one way", () => {
    const webhook = { url: "http://receiver" };
    expect(wrong({ name: "No Name", webhook })).toEqual(['name: "No Name" is no name of a receiver']);
    expect(wrong({ name: "none", webhook })).toEqual(['name: "none" is no name of a receiver']);
    expect(wrong({ severities: [], webhook })).toEqual(["severities: is empty: it would be told nothing"]);
    expect(wrong({})).toEqual(["receivers[0]: has no way to be told"]);
    expect(wrong({ webhook, email })).toEqual(["receivers[0]: has several ways to be told"]);
    const twice = [
      { name: "one", webhook },
      { name: "one", webhook },
    ];
    expect(told({ receivers: twice })).toEqual([
      'receivers[1].name: "one" is the name of another receiver as well / give each a name of its own',
    ]);
    expect(told({ enabled: false, receivers: [twice[0]] })).toHaveLength(1);
  });

  test("gets the sign of life by a webhook of its own", () => {
    const webhook = { url: "http://receiver" };
    const often = "severities: has watchdog, which comes every few minutes for as long as all is well";
    expect(wrong({ severities: ["watchdog", "critical"], webhook })).toEqual([often]);
    expect(wrong({ severities: ["watchdog"], email })).toEqual([often]);
    expect(wrong({ severities: ["watchdog"], webhook })).toEqual([]);
    const off = { alerts: { Watchdog: { enabled: false, reason: "nobody listens" } } };
    expect(told({ ...off, receivers: [{ name: "one", severities: ["watchdog"], webhook }] })).toHaveLength(1);
  });

  test("of mail has what Alertmanager asks for, and no login in clear", () => {
    const mail = (more: object) => wrong({ email: { ...email, ...more } }, secrets("one"));
    expect(wrong({ email: { to: ["a@example.com"], smarthost: "mail:25" } })).toEqual([
      "email.from: is missing",
    ]);
    expect(
      mail({
        to: ["DBA <dba@example.com>"],
        from: "pg",
        smarthost: "mail",
        username: "pg",
        requireTls: false,
      }),
    ).toEqual([
      'email.to[0]: "DBA <dba@example.com>" is no address',
      'email.from: "pg" is no address',
      'email.smarthost: "mail" is not a host and a port',
      "email.requireTls: is false, and there is a login: its password would be sent in clear",
    ]);
    expect(mail({ to: [], username: "pg" })).toEqual(["email.to: is empty"]);
    expect(mail({ smarthost: "[::1]:25", username: "pg" })).toEqual([]);
  });

  test("has its secret encrypted, and nothing that may be one in clear", () => {
    const missing = [
      [{ webhook: {} }, "its URL is missing"],
      [{ slack: {} }, "its URL is missing"],
      [{ email: { ...email, username: "pg" } }, "the password of its login is missing"],
    ] as const;
    for (const [receiver, what] of missing) {
      expect(wrong(receiver)).toEqual([`receivers[0]: ${what}`]);
      expect(wrong(receiver, secrets("one"))).toEqual([]);
    }
    expect(wrong({ webhook: { url: "https://receiver/?token=hush" } })).toEqual([
      "webhook.url: has a login or a parameter in it, which may be a secret",
    ]);
    expect(wrong({ webhook: { url: "receiver" } })).toEqual(['webhook.url: "receiver" is no URL']);
    expect(wrong({ slack: { channel: "#a b" } }, secrets("one"))).toEqual([
      'slack.channel: "#a b" is no channel',
    ]);
    const clear = { "pgstead:receiverSecrets": { one: "hush", on: { secure: "v1:x" } } };
    const problems = told({ receivers: [{ name: "one", webhook: {} }] }, clear);
    expect(problems.join()).not.toContain("hush");
    expect(problems.map((problem) => problem.replace(/, from standard input$/, ""))).toEqual([
      "pgstead:receiverSecrets.one: stands in the stack's file in clear / write each with `npm run pulumi -- config set --secret --path 'pgstead:receiverSecrets.<name>'`",
      "pgstead:receiverSecrets.on: there is no receiver of that name that needs a secret / did you mean one?",
    ]);
  });
});
