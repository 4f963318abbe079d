import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession, type Session } from "../../components/io/session";
import { startAlertSink, type AlertSink, type SinkMessage, type WebhookMessage } from "../support/alert-sink";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";

let under: DockerStackUnderTest;
let sink: AlertSink | undefined;

const token = "hush-4711";
const patience = 150_000;
/** At once, where a stack would wait for a scrape that comes late: the rules are the same. */
const atOnce = ["PostgresDown", "ConnectionsExhausted", "BackupMissing", "ArchiveFailed", "DriftFound"];
const alerts = {
  ...Object.fromEntries(atOnce.map((name) => [name, { for: "0s" }])),
  // Later than what silences it, as by default: the two are scraped from two containers, in no order.
  ServerUnreachable: { for: "20s" },
};
const smarthost = "sink:2525";
const receivers = [
  { name: "pager", webhook: {} },
  { name: "mail", severities: ["critical"], email: email() },
  { name: "chat", severities: ["critical"], slack: { channel: "#database" } },
  { name: "alive", severities: ["watchdog"], webhook: { url: "http://sink:8080/alive" } },
];

function email() {
  return { to: ["dba@example.com"], from: "postgres@example.com", smarthost, requireTls: false };
}

beforeAll(async () => {
  under = await makeDockerStack([
    [["pgstead:backup"], { logical: {}, physical: { keepFull: 1 } }],
    [["pgstead:server", "settings", "max_connections"], 25],
    [["pgstead:monitoring", "scrapeInterval"], 2],
    [["pgstead:monitoring", "grouping"], { wait: "2s", interval: "2s" }],
    [["pgstead:monitoring", "repeat"], { watchdog: "2s" }],
    [["pgstead:monitoring", "receivers"], receivers],
    [["pgstead:monitoring", "alerts"], alerts],
  ]);
  for (const [name, url] of [
    ["pager", `http://sink:8080/pager?token=${token}`],
    ["chat", "http://sink:8080/chat"],
  ]) {
    const path = `pgstead:receiverSecrets.${name}`;
    await under.pulumi(["config", "set", "--secret", "--path", path], { input: url! });
  }
  await under.up();
  const { Image } = await under.docker.getContainer(`${under.name}-ops`).inspect();
  sink = await startAlertSink(under.docker, {
    name: `${under.name}-sink`,
    network: under.name,
    image: Image,
  });
}, 900_000);

afterAll(async () => {
  await sink?.remove();
  await under.remove();
}, 300_000);

async function received(): Promise<readonly SinkMessage[]> {
  return (await sink?.messages()) ?? [];
}

/** What the pager was told, each alert of each message by itself, in their order. */
async function told() {
  const messages = (await received()).filter(({ to }) => to === `/pager?token=${token}`);
  return messages.flatMap(({ body }) => (JSON.parse(body) as WebhookMessage).alerts);
}

function isTold(alert: string, status: "firing" | "resolved") {
  const ask = async () =>
    (await told()).find((one) => one.labels.alertname === alert && one.status === status);
  return eventually(`the pager is told that ${alert} is ${status}`, ask, patience);
}

/** Asks a monitoring container's own interface. */
async function ask<Answer>(kind: "prometheus" | "alertmanager", path: string): Promise<Answer> {
  const { NetworkSettings } = await under.docker.getContainer(`${under.name}-${kind}`).inspect();
  const port = NetworkSettings.Ports[kind === "prometheus" ? "9090/tcp" : "9093/tcp"]?.[0]?.HostPort ?? "";
  return (await (await fetch(`http://127.0.0.1:${port}${path}`)).json()) as Answer;
}

async function firing(): Promise<string[]> {
  const { data } = await ask<{
    data: { alerts: { state: string; labels: { alertname: string } }[] };
  }>("prometheus", "/api/v1/alerts");
  return data.alerts.filter(({ state }) => state === "firing").map(({ labels }) => labels.alertname);
}

/** Opens sessions of the application until the server takes no more. */
async function exhaust(sessions: Session[]): Promise<void> {
  const { uris } = await under.outputs<{ uris: { app: string } }>();
  const { database, ...target } = parseConnectionUri(uris.app);
  const ca = join(under.checkout.directory, target.tls?.ca ?? "");
  const login = { ...target, tls: { mode: "verify-full" as const, ca } };
  for (;;) {
    try {
      sessions.push(await openSession(login, { database }));
    } catch (error) {
      expect((error as Error).message).toMatch(/too many clients|remaining connection slots/);
      return;
    }
  }
}

async function sql(text: string): Promise<void> {
  const session = await under.connect();
  try {
    await session.query(text);
  } finally {
    await session.close();
  }
}

const run = (job: string) => under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", job]);
const backup = () => run("backup");
const drift = () => run("drift");
const archive = "/var/lib/pgbackrest/archive";
const logical = "/var/lib/pgbackrest/pgstead/logical";

describe("alerts of a stack", () => {
  test("a healthy one tells that it is alive, and nothing else", async () => {
    await backup();
    // The first ones were for a name that nobody had yet: Alertmanager takes its time to try again.
    await eventually(
      "the sign of life comes",
      async () => (await received()).find(({ to }) => to === "/alive"),
      patience,
    );
    await eventually("the backup is seen", async () => {
      const path = `/api/v1/query?query=${encodeURIComponent("pgstead_backup_newest_timestamp_seconds")}`;
      const { data } = await ask<{ data: { result: unknown[] } }>("prometheus", path);
      return data.result.length > 0 ? true : undefined;
    });
    // The machine of a test may be as full as it likes.
    const found = (await firing()).filter((name) => !/^(?:Volume|Host|Memory|BackupSpace)/.test(name));
    expect(found).toEqual(["Watchdog"]);
    const scraped = await ask<{ data: { activeTargets: { health: string }[] } }>(
      "prometheus",
      "/api/v1/targets",
    );
    expect(scraped.data.activeTargets.map(({ health }) => health)).toEqual(
      scraped.data.activeTargets.map(() => "up"),
    );
  });

  test("an archive that cannot be written, a backup that is gone and connections that are used up are told, each once", async () => {
    const sessions: Session[] = [];
    const mend = async () => {
      await Promise.all(sessions.map((session) => session.close()));
      await under.exec("server", ["chmod", "-R", "u+w", archive]);
      await backup();
    };
    try {
      await under.exec("server", ["chmod", "-R", "a-w", archive]);
      await sql(
        "CREATE TABLE public.filled AS SELECT generate_series(1, 1000) AS id; SELECT pg_switch_wal()",
      );
      await under.exec("ops", ["sh", "-c", `rm -rf ${logical}/promptforge_full_*`]);
      await exhaust(sessions);
      const [failed, missing, exhausted] = await Promise.all([
        isTold("ArchiveFailed", "firing"),
        isTold("BackupMissing", "firing"),
        isTold("ConnectionsExhausted", "firing"),
      ]);
      expect(failed.annotations.summary).toMatch(
        /^archive_command has failed [1-9]\d* times? within 2 minutes/,
      );
      expect(failed.labels).toMatchObject({ severity: "warning", stack: "prod" });
      expect(missing.annotations.summary).toContain("there is no good backup of promptforge");
      expect(missing.annotations.runbook_url).toBe("infra/monitoring/runbooks/BackupMissing.md");
      // The exporter has one of the connections that are reserved: that is none of these.
      expect(exhausted.annotations.summary).toMatch(/^100% of the connections of ordinary roles are in use/);
    } finally {
      await mend(); // else what follows would be told of this
    }
    await Promise.all(
      ["ArchiveFailed", "BackupMissing", "ConnectionsExhausted"].map((name) => isTold(name, "resolved")),
    );
    const names = (await told())
      .filter(({ status }) => status === "firing")
      .map(({ labels }) => labels.alertname);
    expect(names.filter((name) => name === "ConnectionsExhausted")).toHaveLength(1);
  });

  test("what is critical comes by mail and as a message of Slack as well, a warning does not", async () => {
    const bodiesTo = async (address: string) =>
      (await received()).filter(({ to }) => to === address).map(({ body }) => body);
    const comes = (address: string, text: string) =>
      eventually(
        `${address} gets ${text}`,
        async () => (await bodiesTo(address)).find((body) => body.includes(text)),
        patience,
      );
    const mail = await comes("smtp", "Subject: [critical] prod: BackupMissing");
    expect(mail).toMatch(/^To: dba@example.com$/m);
    expect(mail.replaceAll("=\n", "")).toContain("runbook: infra/monitoring/runbooks/BackupMissing.md");
    await comes("smtp", "Subject: [resolved] prod: BackupMissing");
    expect(JSON.parse(await comes("/chat", "BackupMissing"))).toMatchObject({
      channel: "#database",
      attachments: [{ title: "[critical] prod: BackupMissing", color: "danger" }],
    });
    for (const body of [...(await bodiesTo("smtp")), ...(await bodiesTo("/chat"))]) {
      expect(body).not.toContain("ArchiveFailed");
    }
  });

  test("what somebody changed by hand is told once the job has looked, and its end once it is mended", async () => {
    await drift();
    await sql("ALTER ROLE promptforge_app CONNECTION LIMIT 7");
    expect(await drift()).toMatch(/not as declared: .*promptforge_app/);
    const found = await isTold("DriftFound", "firing");
    expect(found.annotations.summary).toMatch(/^1 object of the server is not/);
    expect(found.annotations.runbook_url).toBe("infra/monitoring/runbooks/DriftFound.md");
    await sql("ALTER ROLE promptforge_app CONNECTION LIMIT 40");
    expect(await drift()).not.toContain("not as declared");
    await isTold("DriftFound", "resolved");
    expect(await firing()).not.toContain("DriftFound");
  });

  test("a server that is down is one message, whatever follows from it, and its end another", async () => {
    const before = (await told()).length;
    const container = under.docker.getContainer(`${under.name}-server`);
    await container.stop();
    await isTold("PostgresDown", "firing");
    // A backup fails meanwhile: Alertmanager knows of it, and keeps it to itself.
    await expect(backup()).rejects.toThrow("ended with 1");
    const silenced = await eventually(
      "what follows from it is there, and silenced",
      async () => {
        const alerts = await ask<{ labels: { alertname: string }; status: { inhibitedBy: string[] } }[]>(
          "alertmanager",
          "/api/v2/alerts",
        );
        const names = alerts
          .filter(({ status }) => status.inhibitedBy.length > 0)
          .map(({ labels }) => labels.alertname);
        return names.includes("BackupFailed") ? names : undefined;
      },
      patience,
    );
    expect(silenced).not.toContain("PostgresDown");
    const names = (await told()).slice(before).map(({ labels }) => labels.alertname);
    expect(names).toEqual(["PostgresDown"]);
    await container.start();
    await isTold("PostgresDown", "resolved");
  });

  test("nothing that Docker shows has a receiver's secret, and only Alertmanager reads its file", async () => {
    const inspected = await under.docker.getContainer(`${under.name}-alertmanager`).inspect();
    expect(JSON.stringify(inspected)).not.toContain(token);
    const directory = "/etc/pgstead/monitoring";
    expect(await under.exec("alertmanager", ["cat", `${directory}/alertmanager.yml`])).not.toContain(token);
    const mode = await under.exec("alertmanager", [
      "stat",
      "-c",
      "%a %u",
      `${directory}/receiver-pager.secret`,
    ]);
    expect(mode.trim()).toBe("400 990");
  });
});
