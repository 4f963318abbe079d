import { beforeAll, expect, test } from "vitest";
import { renderAlertmanager } from "../../components/core/monitoring/alertmanager";
import type { Receiver } from "../../components/core/monitoring/receiver";
import { defaultThresholds } from "../../components/core/monitoring/thresholds";
import { connectDocker } from "../../components/io/docker/engine";
import { alertProofs } from "../support/alert-proofs";
import { judgeAlerts, writeFile } from "../support/alert-rules";
import { buildTestImage, testImages } from "../support/docker-images";
import { runOnce } from "../support/docker-server";

const docker = connectDocker({});

beforeAll(async () => {
  await buildTestImage(docker, "monitoring");
});

test("every alert fires with its value and its runbook where it should, and not where it should not", async () => {
  const { said, files } = await judgeAlerts(docker, alertProofs);
  expect(said).not.toContain("FAILED");
  expect(said.match(/SUCCESS/g)).toHaveLength(1 + files);
});

test("the check itself can fail", async () => {
  const { PostgresDown } = alertProofs;
  const wrong = { ...PostgresDown!, quiet: PostgresDown!.fires, fires: PostgresDown!.quiet };
  const other = { ...PostgresDown!, severity: "warning" as const };
  for (const proof of [{ ...wrong, quiet: { ...wrong.quiet, told: {} } }, other]) {
    expect((await judgeAlerts(docker, { PostgresDown: proof })).said).toContain("FAILED");
  }
});

test("Alertmanager takes its configuration with receivers of every kind, and sends each severity where it belongs", async () => {
  const receivers: Receiver[] = [
    {
      name: "mail",
      severities: ["critical", "warning"],
      way: {
        kind: "email",
        to: ["a@example.com", "b@example.com"],
        from: "pg@example.com",
        smarthost: "mail.example.com:465",
        username: "pg",
        requireTls: true,
      },
    },
    {
      name: "relay",
      severities: ["critical"],
      way: {
        kind: "email",
        to: ["a@example.com"],
        from: "pg@example.com",
        smarthost: "[::1]:25",
        requireTls: false,
      },
    },
    { name: "hook", severities: ["critical"], way: { kind: "webhook", url: "http://receiver/alerts" } },
    { name: "hidden", severities: ["info"], way: { kind: "webhook" } },
    { name: "chat", severities: ["warning"], way: { kind: "slack", channel: "#database" } },
    { name: "other", severities: ["warning"], way: { kind: "slack" } },
    { name: "alive", severities: ["watchdog"], way: { kind: "webhook" } },
  ];
  const text = renderAlertmanager(
    {
      receivers,
      ...{ thresholds: defaultThresholds, alerts: {}, groupWait: "30s", groupInterval: "300s" },
      repeat: { critical: "3600s", warning: "43200s", info: "86400s", watchdog: "300s" },
    },
    "/etc/pgstead/monitoring",
  );
  const nobodys = renderAlertmanager(
    {
      receivers: [],
      ...{ thresholds: defaultThresholds, alerts: {}, groupWait: "0s", groupInterval: "1s" },
      repeat: { critical: "1s", warning: "1s", info: "1s", watchdog: "1s" },
    },
    "/etc/pgstead/monitoring",
  );
  const routes = {
    critical: "mail,relay,hook",
    warning: "mail,chat,other",
    info: "hidden",
    watchdog: "alive",
  };
  const script = [
    writeFile("/tmp/alertmanager.yml", text),
    writeFile("/tmp/nobody.yml", nobodys),
    "amtool check-config /tmp/alertmanager.yml /tmp/nobody.yml",
    ...Object.entries(routes).map(
      ([severity, names]) =>
        `amtool config routes test --config.file=/tmp/alertmanager.yml --verify.receivers=${names} severity=${severity} alertname=A`,
    ),
    "amtool config routes test --config.file=/tmp/nobody.yml --verify.receivers=none severity=critical",
  ];
  const said = await runOnce(docker, testImages.monitoring, ["sh", "-euc", script.join("\n")]);
  expect(said.match(/SUCCESS/g)).toHaveLength(2);
  expect(said).toMatch(/8 receivers/);
});
