import { appendFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logFileSettings, loggingSettings } from "../../components/core/tuning/logging";
import type { LogsData } from "../../infra/ops/logs/logs-report";
import { eventually } from "../support/eventually";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
const directory = (): string => join(stack.server.instance.dataDirectory, "log");

beforeAll(async () => {
  stack = await deployStack();
  const session = await stack.server.connect();
  for (const { name, value } of [...loggingSettings, ...logFileSettings]) {
    await session.query(`ALTER SYSTEM SET "${name}" = '${value}'`);
  }
  await session.query("SELECT pg_reload_conf()");
  await session.close();
  await eventually("the log is written as JSON", async () =>
    (await readdir(directory())).some((name) => name.endsWith(".json")) ? true : undefined,
  );
}, 60_000);
afterAll(() => stack.remove());

interface LogsJson {
  readonly status: string;
  readonly findings: readonly { readonly message: string; readonly severity?: string }[];
  readonly data: LogsData;
}

async function logs(
  ...args: readonly string[]
): Promise<LogsJson & { readonly exitCode: number | null; readonly text: string }> {
  const { stdout, exitCode } = await stack.ops("logs", "--json", ...args);
  return { ...(JSON.parse(stdout) as LogsJson), exitCode, text: stdout };
}

/** The server writes its log a little later. */
async function written(text: string): Promise<void> {
  const session = await stack.server.connect();
  try {
    await eventually(`the log has ${text}`, async () => {
      const [row] = await session.query<{ there: boolean }>(
        "SELECT pg_read_file(pg_current_logfile('jsonlog')) LIKE $1 AS there",
        [`%${text}%`],
      );
      return row?.there === true ? true : undefined;
    });
  } finally {
    await session.close();
  }
}

describe("ops logs", () => {
  test("groups what went wrong and what was slow, without a value, and that is no finding", async () => {
    const session = await stack.server.connect("shop");
    for (const name of ["Jane Doe", "John Roe"]) {
      await expect(session.query(`SELECT '${name}'::int`)).rejects.toThrow("invalid input");
    }
    await session.query("SET log_min_duration_statement = 0");
    await session.query("SET log_temp_files = 0");
    await session.query("SET work_mem = '64kB'");
    await session.query("SELECT pg_sleep(0.05), 'Jane Doe'");
    await session.query(
      "SELECT count(*) FROM (SELECT generate_series(1, 20000) AS n ORDER BY n DESC) AS sorted",
    );
    await session.query("SELECT $1::text AS parameter", ["s3cret-parameter"]);
    await session.close();
    await written("parameter");

    const { data, findings, exitCode, text } = await logs("--user", "postgres", "--database", "shop");
    expect([findings, exitCode]).toEqual([[], 0]);
    expect(data.messages.filter(({ code }) => code === "22P02")).toMatchObject([
      {
        count: 2,
        level: "ERROR",
        message: 'invalid input syntax for type integer: "…"',
        database: "shop",
        statement: "SELECT $1::int",
      },
    ]);
    const slept = data.slow.find(({ statement }) => statement.startsWith("SELECT pg_sleep"));
    expect(slept).toMatchObject({ count: 1, statement: "SELECT pg_sleep($1), $2", user: "postgres" });
    expect(slept?.longestMs).toBeGreaterThan(50);
    expect(data.temporaryFiles.count).toBeGreaterThan(0);
    for (const value of ["Jane Doe", "John Roe", "s3cret-parameter"]) expect(text).not.toContain(value);
    expect(data.files).toMatchObject([{ format: "stderr" }, { format: "jsonlog" }]);
    expect(data.remarks).toEqual([]);

    const shown = await logs("--statements", "--errors");
    expect(shown.text).toContain("John Roe");
    expect(shown.text).not.toContain("s3cret-parameter");
    expect(shown.data.slow).toEqual([]);
  });

  test("a password that a person sets in clear is in no log", async () => {
    const session = await stack.server.connect();
    await session.query("ALTER ROLE shop_app PASSWORD 'in-clear-4711'");
    await session.query("SELECT 'mark after password' AS mark, 1/0").catch(() => undefined);
    await session.close();
    await written("mark after password");
    const files = await Promise.all(
      (await readdir(directory())).map(async (name) =>
        (await import("node:fs/promises")).readFile(join(directory(), name), "utf8"),
      ),
    );
    expect(files.join("")).not.toContain("in-clear-4711");
  });

  test("tells refused logins and deadlocks by their number, and ends with 1", async () => {
    const attempt = (): Promise<unknown> =>
      stack.server.connect("shop", { user: "shop_app", password: "wrong" }).catch(() => undefined);
    for (let n = 0; n < 10; n++) await attempt();
    await deadlock();
    await written("deadlock detected");
    const { data, findings, exitCode } = await logs();
    expect(exitCode).toBe(1);
    expect(findings.map(({ message }) => message)).toEqual(["10 refused logins of shop_app from 127.0.0.1"]);
    expect(data.events.map(({ event, count }) => [event, count])).toEqual([
      ["deadlock", 1],
      ["loginFailed", 10],
    ]);
    expect(data.lockWaits.count).toBeGreaterThan(0);
    const text = await stack.ops("logs");
    expect(text.stdout).toMatch(/^ +deadlocks +1 /m);
    expect(text.stdout).toContain("1 finding");
  });

  test("reads CSV, text and compressed files, of the range only, and shows no control character", async () => {
    const moment = (text: string): string => `2020-01-0${text}`;
    const line = (at: string, message: string): string =>
      `${JSON.stringify({ timestamp: moment(at), error_severity: "ERROR", state_code: "XX001", message })}\n`;
    await writeFile(
      join(directory(), "a.json.gz"),
      gzipSync(line("1 10:00:00.000 UTC", "page one\u001b[2J")),
    );
    await writeFile(
      join(directory(), "b.csv"),
      `${moment("1 11:00:00.000 UTC")},,,7,,69a,1,,${moment("1 11:00:00 UTC")},,0,PANIC,53100,"could not write\n""x"": No space left on device",,,,,,,,,"","walwriter",,0\n`,
    );
    await writeFile(
      join(directory(), "c.log"),
      [
        `${moment("1 12:00:00.000 UTC")} [9]: [1-1] db=shop,user=u,app=,client=10.0.0.9 ERROR:  wrong`,
        `${moment("1 12:00:00.000 UTC")} [9]: [2-1] db=shop,user=u,app=,client=10.0.0.9 STATEMENT:  SELECT`,
        "\t'hidden'",
        "a line of a library",
        line("2 00:00:00.000 UTC", "outside"),
      ].join("\n"),
    );
    const { data, findings } = await logs("--since", "2020-01-01T10:00Z", "--until", "2020-01-01T13:00Z");
    expect(
      data.messages.map(({ level, code, client, statement }) => [level, code, client, statement]),
    ).toEqual([
      ["PANIC", "53100", null, null],
      ["ERROR", null, "10.0.0.9", "SELECT\n$1"],
      ["ERROR", "XX001", null, null],
    ]);
    expect(data.unreadLines).toBeGreaterThanOrEqual(2);
    expect(findings.map(({ severity }) => severity)).toEqual(["critical", "critical"]);
    const text = await stack.ops("logs", "--since", "2020-01-01", "--until", "2020-01-01T13:00Z");
    expect(text.exitCode).toBe(1);
    expect(text.stdout).not.toContain("\u001b[2J");
  });

  test("says what of its options is wrong", async () => {
    const moment = await stack.ops("logs", "--since", "last week");
    expect([moment.exitCode, moment.stderr]).toEqual([2, expect.stringContaining("Write it such as 30min")]);
    const names = await stack.ops("logs", "--user", "postgrse", "--database", "shpo");
    expect([names.exitCode, names.stderr]).toEqual([
      2,
      expect.stringMatching(/did you mean postgres\?[^]*shop\?/),
    ]);
    const order = await stack.ops("logs", "--since", "1h", "--until", "2h");
    expect([order.exitCode, order.stderr]).toEqual([2, expect.stringContaining("is not before --until")]);
  });

  test("of an existing server come through it, as far as the login may read them, and of one that is down from its files", async () => {
    const admin = await stack.server.connect();
    await admin.query("CREATE ROLE looker LOGIN PASSWORD 'looker-password'");
    await admin.close();
    await mkdir(join(stack.root, "none"), { recursive: true });
    const { host, port } = stack.server;
    await writeFile(
      join(stack.root, "Pulumi.there.yaml"),
      `config:\n  pgstead:target: existing\n  pgstead:server: { host: ${host}, port: ${port} }\n  pgstead:database: { name: shop }\n`,
    );
    const through = await stack.ops("logs", "--json", "--since", "1h", "--stack", "there");
    const data = (JSON.parse(through.stdout) as LogsJson).data;
    expect(data.place).toBe("log of the server");
    expect(data.messages.some(({ code }) => code === "22P02")).toBe(true);

    await stack.writeOutputs({
      administratorUri: `postgresql://looker:looker-password@${host}:${port}/postgres`,
    });
    const refused = await stack.ops("logs", "--stack", "there");
    expect(refused.exitCode).toBe(3);
    expect(refused.stderr).toContain("grant it pg_monitor and pg_read_server_files");
    await stack.writeOutputs();

    await appendFile(
      join(stack.root, "Pulumi.dev.yaml"),
      `  pgstead:server: { dataDirectory: ${stack.server.instance.dataDirectory} }\n`,
    );
    await stack.server.halt();
    const down = await logs("--since", "1h");
    expect(down.data.remarks).toEqual([expect.stringContaining("the server could not be asked")]);
    expect(down.data.messages.some(({ code }) => code === "22P02")).toBe(true);
    await stack.server.start();
  });
});

async function deadlock(): Promise<void> {
  const setup = await stack.server.connect("shop");
  await setup.query("CREATE TABLE api.pair (id int PRIMARY KEY)");
  await setup.query("INSERT INTO api.pair VALUES (1), (2)");
  await setup.query("ALTER SYSTEM SET deadlock_timeout = '50ms'");
  await setup.query("SELECT pg_reload_conf()");
  const [one, two] = [await stack.server.connect("shop"), await stack.server.connect("shop")];
  const lock = (id: number): string => `SELECT FROM api.pair WHERE id = ${id} FOR UPDATE`;
  for (const session of [one, two]) await session.query("BEGIN");
  await one.query(lock(1));
  await two.query(lock(2));
  const results = await Promise.allSettled([one.query(lock(2)), two.query(lock(1))]);
  expect(results.filter(({ status }) => status === "rejected")).toHaveLength(1);
  await Promise.all([one, two, setup].map((session) => session.close()));
}
