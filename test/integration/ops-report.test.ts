import { chmod, mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSamples } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { takeSample } from "../../components/io/samples/take";
import type { Session } from "../../components/io/session";
import type { WholeReportData } from "../../infra/ops/page/model";
import { deployWatched, watchedConfig, type WatchedStack } from "./ops-watched-stack";

const minute = 60_000;
/** Ends a script, and would run one. */
const hostile = '</script><img src=x onerror="alert(1)">';
const quoted = `"${hostile.replaceAll('"', '""')}"`;

const sampled = watchedConfig("samples: true", "pg_trgm, pg_stat_statements");

let stack: WatchedStack;
let administrator: Session;

beforeAll(async () => {
  stack = await deployWatched("{}", { shared_preload_libraries: "pg_stat_statements" });
  administrator = await stack.server.connect("shop");
});

afterAll(async () => {
  await administrator.close();
  await stack.remove();
});

async function writePage(...args: readonly string[]) {
  const file = join(stack.root, "page.html");
  const { exitCode, stdout, stderr } = await stack.run(["report", "--html", "--out", file, ...args]);
  return { exitCode, stdout, stderr, file, text: await readFile(file, "utf8") };
}

const ask = async () => (await stack.run(["report", "--json"])).json<WholeReportData>();

describe("report", () => {
  test("tells what a stack without Prometheus and samples has no charts of, and draws none", async () => {
    const { data, findings } = await ask();
    expect(data.source).toBeNull();
    expect(data.sections.map(({ title }) => title)).toEqual([
      "Overview",
      "Queries",
      "Tables and vacuum",
      "Replication and WAL",
      "Backups and drift",
    ]);
    const reason = "the stack has no Prometheus, and keeps no samples";
    for (const { charts, untold } of data.sections) {
      expect(charts).toEqual([]);
      expect(untold.map((one) => one.reason)).toContain(reason);
    }
    // The same as the commands say: the server of this test is not one that `up` made.
    const told = findings.map(({ subject }) => subject);
    expect(told.filter((subject) => subject.includes("index") || subject.includes("npm run"))).toEqual([]);
    const { text } = await writePage();
    expect(text).toContain(reason);
    expect(text).not.toContain("<figure>");
  });

  test("has the findings of the commands first, and every text of the server as text", async () => {
    await writeFile(join(stack.root, "Pulumi.dev.yaml"), sampled);
    await administrator.query(
      `CREATE EXTENSION pg_stat_statements SCHEMA public;
       CREATE TABLE api.${quoted} (id int PRIMARY KEY, ${quoted} text);
       CREATE INDEX one ON api.${quoted} (${quoted}); CREATE INDEX two ON api.${quoted} (${quoted});
       INSERT INTO api.${quoted} SELECT i, repeat('x', 2000) FROM generate_series(1, 2000) AS i;
       CREATE ROLE ${quoted}; SET ROLE ${quoted}`,
    );
    await administrator.query(`SET application_name = '${hostile}'`);
    await administrator.query(
      `SELECT count(*) AS ${quoted}, 'secret-4711' AS hidden FROM generate_series(1, 300000)`,
    );
    await administrator.query("RESET ROLE");
    await applyStatements(
      administrator,
      planSamples(await readSamplePlace(administrator), "shop").statements,
    );
    const now = Date.now();
    for (const ago of [50, 40, 30, 5]) {
      await administrator.query("SELECT count(*) FROM generate_series(1, 50000) AS busy");
      await takeSample(administrator, { now: new Date(now - ago * minute) });
    }
    const { exitCode, text, stdout, file } = await writePage("--since", "2h");
    expect(exitCode).toBe(1);
    expect(stdout).toContain(`wrote ${file}`);
    const inert = "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(1)&quot;&gt;";
    // As a table, a role, an application and within the text of a statement.
    expect(text.split(inert).length).toBeGreaterThan(4);
    expect(text).not.toMatch(/<script|<img|<\/script/i);
    expect(text).not.toContain("secret-4711");
    const findings = text.indexOf("is the same as");
    expect(findings).toBeGreaterThan(0);
    expect(findings).toBeLessThan(text.indexOf('id="pgstead-overview"'));
    expect(text).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src &#39;none&#39;; style-src &#39;sha256-/,
    );
    expect(text.match(/<[^>]*\s(?:src|href|xlink:href|action|data)="(?!#)[^"]*"|url\(|@import/g)).toBeNull();
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test("draws the kept samples, with a gap where there was none", async () => {
    const { data } = await ask();
    expect(data.source).toBe("samples");
    const charts = data.sections.flatMap((section) => section.charts);
    const load = charts.find(({ title }) => title === "Statements in a second");
    // Four samples are three spans; the last one is longer than usual, and not drawn over.
    expect(load?.lines.map(({ name, points }) => [name, points.map(({ value }) => value !== null)])).toEqual([
      ["shop", expect.arrayContaining([true, true]) as unknown],
    ]);
    expect(charts.map(({ title }) => title)).toEqual(
      expect.arrayContaining(["Connections in use", "Size of databases", "Written to the log"]),
    );
    for (const { lines } of charts) {
      for (const { points } of lines)
        expect(points.filter(({ value }) => value !== null).length).toBeGreaterThan(1);
    }
  });

  test("replaces a file that was named and keeps its mode, and refuses what is none", async () => {
    const file = join(stack.root, "page.html");
    await chmod(file, 0o644);
    const before = await readFile(file, "utf8");
    const { text } = await writePage();
    expect(text).not.toBe(before);
    expect((await stat(file)).mode & 0o777).toBe(0o644);
    await mkdir(join(stack.root, "directory"));
    for (const [args, message] of [
      [["--out", join(stack.root, "directory")], "is no regular file"],
      [["--out", "/dev/null"], "is no regular file"],
      [["--out", join(stack.root, "absent", "page.html")], "is no directory"],
      [["--out", "-", "--json"], "stands beside --json"],
      [["--since", "2099-01-01"], "from a minute to 400 days ago"],
    ] as const) {
      const { exitCode, stderr, stdout } = await stack.run(["report", "--html", ...args]);
      expect([exitCode, `${stderr}${stdout}`]).toEqual([2, expect.stringContaining(message)]);
    }
    const without = await stack.run(["report", "--out", file]);
    expect([without.exitCode, without.stderr]).toEqual([2, expect.stringContaining("stands without --html")]);
    expect((await readdir(stack.root)).filter((name) => name.includes("draft"))).toEqual([]);
    const piped = await stack.run(["report", "--html", "--out", "-"]);
    expect(piped.stdout).toMatch(/^<!doctype html>[\s\S]*<\/html>\n$/);
    expect(piped.stderr).toContain("finding");
  });

  test("ends with 3 where the server is away, soon, with a page that says so", async () => {
    await administrator.close();
    await stack.server.halt();
    const began = Date.now();
    const { exitCode, stderr, text } = await writePage();
    expect(Date.now() - began).toBeLessThan(30_000);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("the server cannot be reached");
    expect(stderr).toContain("has what could be told without it");
    expect(text).toContain("the server cannot be reached");
    expect(text).not.toContain("Nothing was found to be wrong");
  });
});
