import { chown, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { grafanaPlaces, renderDashboardFiles } from "../../components/core/monitoring/grafana/provisioning";
import { defaultThresholds } from "../../components/core/monitoring/thresholds";
import type { DrillData } from "../../infra/ops/drill/run";
import type { WholeReportData } from "../../infra/ops/page/model";
import { browse } from "../support/browser";
import { askedQueries, countSamples } from "../support/dashboard-queries";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { buildGrafanaStandIn } from "../support/grafana-stand-in";
import { schemaFaults } from "../support/report-schemas";
import { expectWhole, views } from "../support/seen-page";
import { freePort } from "../support/server";
import { migrationText } from "../unit/core/migrations/judged";

let under: DockerStackUnderTest;
/** Where copies go: a directory of the engine's host. */
let shelf = "";
const scrapeInterval = 3;
const assertion = "SELECT count(*) = 1000 FROM public.drilled";

beforeAll(async () => {
  under = await makeDockerStack([
    [
      ["pgstead:backup"],
      {
        logical: {},
        physical: { keepFull: 1 },
        drill: { assertions: [{ database: "promptforge", sql: assertion }] },
      },
    ],
    [["pgstead:monitoring", "scrapeInterval"], scrapeInterval],
    [["pgstead:audit"], { schemas: ["app"] }],
  ]);
  const migrations = join(under.checkout.directory, "sql", "migrations");
  await mkdir(migrations, { recursive: true });
  const text = migrationText("CREATE TABLE app.shelves (id int PRIMARY KEY);", {
    down: "DROP TABLE app.shelves;",
  });
  await writeFile(join(migrations, "0001-shelves.sql"), text);
  shelf = await mkdtemp(join(tmpdir(), "pgstead-shelf-"));
  await chown(shelf, 999, 999);
  await under.up();
  await sql(
    "CREATE TABLE public.drilled AS SELECT g AS id, md5(g::text) AS body FROM generate_series(1, 1000) AS g",
  );
}, 900_000);

afterAll(async () => {
  await under.remove();
  await rm(shelf, { recursive: true, force: true });
}, 300_000);

/** In the database, as the administrator. */
async function sql(text: string): Promise<void> {
  const login = ["--host=/var/run/postgresql", "--username=postgres", "--dbname=promptforge"];
  await under.exec("server", ["psql", "--no-psqlrc", "--set=ON_ERROR_STOP=1", ...login, `--command=${text}`]);
}

function job(name: string): Promise<string> {
  return under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", name]);
}

const metrics = (): Promise<string> =>
  under.exec("ops", [
    "node",
    "-e",
    "fetch('http://127.0.0.1:9188/metrics').then(async (a) => console.log(await a.text()))",
  ]);

const leftovers =
  "ls -A /var/lib/pgbackrest/pgstead/drill; grep -lz '[c]luster_name=pgstead drill' /proc/[0-9]*/cmdline || true";

describe("restore drills of a stack in containers", () => {
  test("restore the newest backup of both kinds in the ops container, and leave nothing", async () => {
    await job("backup");
    await sql("SELECT pg_switch_wal()");
    await job("physical-incremental");
    const said = await job("drill");
    expect(said).toMatch(/logical backup promptforge_full_\d+_\d+ was restored and is whole/);
    expect(said).toMatch(/physical backup \d{8}-\d{6}F_\d{8}-\d{6}I was restored and is whole/);
    expect(await under.exec("ops", ["sh", "-c", leftovers])).toBe("");
    expect(await metrics()).toMatch(/^pgstead_backup_drill_success\{kind="physical",database=""\} 1$/m);
    expect(await metrics()).toMatch(/^pgstead_backup_drill_restore_seconds\{kind="logical",.*\} \d/m);
  }, 300_000);

  test("show in backup status, with time to restore and the newest moment", async () => {
    const { stdout } = await under.ops(["backup", "status"]);
    expect(stdout).toMatch(/the server +physical +\S+ +\S+ +passed +[\d.]+ s/);
    expect(stdout).toContain("drills: 0 4 * * 0, next ");
  });

  test("fail where what has to hold does not, from the operator's machine as well, and the metric shows it", async () => {
    await sql("DELETE FROM public.drilled WHERE id = 1");
    await job("backup");
    await job("physical-incremental");
    const { stdout } = await under.ops(["backup", "drill", "--json"], { exitCode: 1 });
    const { data } = JSON.parse(stdout) as { data: DrillData };
    expect(data.drills.map(({ kind }) => kind)).toEqual(["logical", "physical"]);
    for (const { faults } of data.drills) {
      expect(faults).toEqual([`promptforge: assertion 1 (${assertion}) is false`]);
    }
    expect(await metrics()).toMatch(/^pgstead_backup_drill_success\{kind="physical",database=""\} 0$/m);
    expect((await under.ops(["backup", "status"], { exitCode: 1 })).stdout).toContain("FAILED");
  }, 300_000);

  test("touch neither the server's log nor what archives it", async () => {
    const { stdout } = await under.ops(["recovery", "--json"]);
    const { findings } = JSON.parse(stdout) as { findings: readonly unknown[] };
    expect(findings).toEqual([]);
    expect(
      await under.exec("ops", ["sh", "-c", "ls /var/lib/pgbackrest/archive/pgstead/17-1"]),
    ).not.toContain("00000002");
  });
});

describe("dashboards of a stack in containers", () => {
  const grafana = ["pgstead:monitoring", "grafana"] as const;
  const inspect = (kind: string) => under.docker.getContainer(`${under.name}-${kind}`).inspect();

  test("an image that the engine cannot have is one refusal, before anything is made", async () => {
    const image = "registry.invalid/grafana/grafana:12.4.4";
    await under.configure(grafana, { enabled: true, port: await freePort(), image });
    const { exitCode, text } = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(
      /image registry\.invalid\S+: the engine does not have it, and cannot get it: .*(?:no such host|lookup)/,
    );
    expect(text).toContain("pgstead:monitoring.grafana.image");
    await expect(inspect("grafana")).rejects.toMatchObject({ statusCode: 404 });
    const { Volumes } = await under.docker.listVolumes();
    expect(Volumes.map(({ Name }) => Name).filter((name) => name.includes("grafana"))).toEqual([]);
  });

  test("Grafana's container has the data source, the dashboards and a password that nothing shows", async () => {
    const image = `${under.name}-stand-in:1`;
    await buildGrafanaStandIn(under.docker, (await inspect("ops")).Image, image);
    const port = await freePort();
    await under.configure(grafana, { enabled: true, port, image });
    await under.configure(["pgstead:backup", "copies"], [{ name: "shelf", path: shelf }]);
    await under.configure(["pgstead:backup", "encryption"], "none");
    await under.up();
    await under.pulumi(["preview", "--expect-no-changes"]);
    const isHealthy = async () =>
      (await inspect("grafana")).State.Health?.Status === "healthy" ? true : undefined;
    await eventually("the container is healthy", isHealthy, 120_000);
    const container = await inspect("grafana");
    expect(container.Config.User).toBe("472:0");
    expect(container.HostConfig).toMatchObject({
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      PortBindings: { "3000/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
    });
    const { datasources, dashboards, data } = grafanaPlaces;
    const { grafanaPassword } = await under.outputs<{ grafanaPassword: string }>();
    expect(JSON.stringify(container)).not.toContain(grafanaPassword);
    const modes = await under.exec("grafana", [
      "stat",
      "-c",
      "%a %u %n",
      `${datasources}/admin.password`,
      datasources,
    ]);
    expect(modes).toBe(`400 472 ${datasources}/admin.password\n750 472 ${datasources}\n`);
    expect(await under.exec("grafana", ["cat", `${datasources}/admin.password`])).toBe(grafanaPassword);
    const files = renderDashboardFiles(defaultThresholds);
    expect((await under.exec("grafana", ["ls", dashboards])).trim().split("\n")).toEqual(
      ["dashboards.yaml", ...Object.keys(files)].toSorted(),
    );
    for (const [name, text] of Object.entries(files)) {
      expect(await under.exec("grafana", ["cat", `${dashboards}/${name}`])).toBe(text);
    }
    await under.exec("grafana", ["touch", `${data}/grafana.db`]);
    await expect(under.exec("grafana", ["touch", `${dashboards}/more.json`])).rejects.toThrow("Read-only");
    // By its name in the network, as the data source has it.
    const ask = 'fetch("http://prometheus:9090/-/healthy").then((answer) => console.log(answer.status))';
    expect((await under.exec("grafana", ["node", "-e", ask])).trim()).toBe("200");
  }, 600_000);

  test("every query of every panel has data in the stack's Prometheus", async () => {
    await job("backup");
    await job("drift");
    await sql("SELECT pg_create_physical_replication_slot('shelf', true)");
    await sql("DELETE FROM public.drilled WHERE id % 3 = 0");
    await sql("VACUUM (ANALYZE) public.drilled");
    await sql("UPDATE public.drilled SET body = '' WHERE id % 2 = 0");
    const { NetworkSettings } = await inspect("prometheus");
    const prometheus = `http://127.0.0.1:${NetworkSettings.Ports["9090/tcp"]?.[0]?.HostPort ?? ""}`;
    let empty = askedQueries(scrapeInterval, ".*");
    expect(empty.length).toBeGreaterThan(60);
    const look = async (): Promise<true | undefined> => {
      const left = [];
      for (const query of empty) if ((await countSamples(prometheus, query)) === 0) left.push(query);
      empty = left;
      return empty.length === 0 ? true : undefined;
    };
    await eventually("every query has data", look, 60_000).catch(() => undefined);
    expect(empty.map(({ name, expression }) => `${name}: ${expression}`)).toEqual([]);
    const bad = { name: "a misspelt one", expression: "rate(pg_up[)", kind: "number" } as const;
    await expect(countSamples(prometheus, bad)).rejects.toThrow("parse error");
    expect(await countSamples(prometheus, { ...bad, expression: "pg_no_such_metric" })).toBe(0);
  }, 300_000);

  test("a page for where there is no Grafana has the charts of the stack's own Prometheus, asked in its container", async () => {
    const file = join(shelf, "report.html");
    const asked = ["report", "--html", "--out", file, "--since", "10min", "--json"];
    const { stdout } = await under.ops(asked, { exitCode: "any" });
    expect(schemaFaults(stdout)).toEqual([]);
    const { data, findings } = JSON.parse(stdout) as {
      data: WholeReportData;
      findings: { subject: string }[];
    };
    const charts = data.sections.flatMap((section) => section.charts);
    expect(data.source).toBe("prometheus");
    expect(new Set(charts.map(({ source }) => source))).toEqual(new Set(["prometheus"]));
    // Of 78 panels; what there is nothing to show of says why.
    expect(charts.length).toBeGreaterThan(60);
    const untold = data.sections.flatMap((section) => section.untold);
    expect(untold.filter(({ isFine }) => !isFine)).toEqual([]);
    expect(charts.map(({ title }) => title)).toContain("Connections in use");
    expect(data.asked.filter(({ findings: count }) => count === null)).toEqual([]);
    // The slot that nobody reads is seen by health, by a chart and by the health of the ops container.
    expect(findings.filter(({ subject }) => /slot|Slots/.test(subject))).toHaveLength(1);
    const page = await readFile(file, "utf8");
    expect(Buffer.byteLength(page)).toBe(data.file?.sizeBytes);
    const seen = await browse(under.docker, `${under.name}-browser`, page, views);
    expectWhole(seen);
    expect(seen[0]?.figures).toBe(charts.length);
    const boards = await under.ops(["dashboards", "--json"]);
    expect(schemaFaults(boards.stdout)).toEqual([]);
  }, 600_000);
});
