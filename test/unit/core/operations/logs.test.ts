import { describe, expect, test } from "vitest";
import { isOpenRecord, parseCsvRecord } from "../../../../components/core/operations/logs/csv";
import type { LogEntry } from "../../../../components/core/operations/logs/entry";
import { logFindings } from "../../../../components/core/operations/logs/findings";
import { parseJsonLine } from "../../../../components/core/operations/logs/json";
import { kindOf } from "../../../../components/core/operations/logs/kind";
import { loadMask } from "../../../../components/core/operations/logs/mask";
import { momentReader } from "../../../../components/core/operations/logs/moment";
import { maskValues, messageShape, statementShape } from "../../../../components/core/operations/logs/shape";
import { collectLog, type LogFilter } from "../../../../components/core/operations/logs/summary";
import { textReader } from "../../../../components/core/operations/logs/text";
import { logLinePrefix } from "../../../../components/core/tuning/logging";

const at = Date.UTC(2026, 2, 1, 12);
const utc = momentReader("UTC");

function entry(change: Partial<LogEntry> = {}): LogEntry {
  return { at, level: "ERROR", code: "42P01", message: 'relation "orders" does not exist', ...change };
}

describe("the moment of a line", () => {
  test("is read in UTC, with an offset, and by the rules of the zone", () => {
    expect(utc("2026-03-01 12:00:00.125 UTC")).toBe(at + 125);
    expect(momentReader("Etc/GMT+3")("2026-03-01 09:00:00 -03")).toBe(at);
    expect(momentReader("Asia/Kolkata")("2026-03-01 17:30:00.000 IST")).toBe(at);
    expect(momentReader("Europe/Berlin")("2026-07-01 14:00:00.000 CEST")).toBe(Date.UTC(2026, 6, 1, 12));
    expect(utc("no moment")).toBeUndefined();
  });

  test("in the hour that the clock runs twice is told by the lines before it", () => {
    const read = momentReader("Europe/Berlin");
    const wall = [
      "01:59:00 CEST",
      "02:30:00 CEST",
      "02:59:00 CEST",
      "02:01:00 CET",
      "02:30:00 CET",
      "03:00:00 CET",
    ];
    const found = wall.map((clock) => new Date(read(`2026-10-25 ${clock}`) ?? 0).toISOString().slice(11, 16));
    expect(found).toEqual(["23:59", "00:30", "00:59", "01:01", "01:30", "02:00"]);
  });

  test("of a zone that nobody knows is an error", () => {
    expect(() => momentReader("Mars/Olympus")).toThrow(RangeError);
  });
});

const json =
  '{"timestamp":"2026-03-01 12:00:00.000 UTC","user":"app","dbname":"shop","pid":7,"remote_host":"10.0.0.5","error_severity":"ERROR","state_code":"42P01","message":"relation \\"orders\\" does not exist","statement":"SELECT * FROM orders WHERE id = 5","application_name":"web"}';
const whole = {
  at,
  level: "ERROR",
  code: "42P01",
  message: 'relation "orders" does not exist',
  statement: "SELECT * FROM orders WHERE id = 5",
  user: "app",
  database: "shop",
  application: "web",
  client: "10.0.0.5",
};

describe("an entry", () => {
  test("is the same from JSON, CSV and text", () => {
    expect(parseJsonLine(json, utc)).toEqual(whole);
    const csv =
      '2026-03-01 12:00:00.000 UTC,"app","shop",7,"10.0.0.5:4711",69a,1,"SELECT",2026-03-01 11:00:00 UTC,3/1,0,ERROR,42P01,"relation ""orders"" does not exist",,,,,,"SELECT * FROM orders WHERE id = 5",15,,"web","client backend",,0';
    expect(parseCsvRecord(csv, utc)).toEqual(whole);
    const read = textReader(`${logLinePrefix}%e `, utc);
    const line =
      '2026-03-01 12:00:00.000 UTC [7]: [3-1] db=shop,user=app,app=web,client=10.0.0.5 42P01 ERROR:  relation "orders" does not exist';
    const { statement: _statement, ...head } = whole;
    expect(read?.(line)).toEqual({ kind: "entry", entry: head, process: "7" });
    expect(read?.(line.replace("ERROR:  relation", "STATEMENT:  SELECT"))).toMatchObject({
      kind: "part",
      part: "statement",
    });
    expect(read?.("\tmore")).toEqual({ kind: "more", text: "more" });
  });

  test("of a record in CSV goes on over lines inside of quotes", () => {
    expect(isOpenRecord('a,"one')).toBe(true);
    expect(isOpenRecord('a,"one\ntwo ""three"" four",b')).toBe(false);
  });

  test("of a line that was cut off has the fields before the cut", () => {
    const cut = json.slice(0, json.indexOf("WHERE"));
    expect(parseJsonLine(cut, utc)).toMatchObject({ code: "42P01", statement: "SELECT * FROM orders " });
    expect(parseJsonLine("Segmentation fault", utc)).toBeUndefined();
  });

  test("of a text is read with any prefix that has a moment, and of processes without a session", () => {
    const read = textReader("%m [%p] %q%u@%d ", utc);
    expect(read?.("2026-03-01 12:00:00.000 UTC [7] app@shop LOG:  one")).toMatchObject({
      entry: { user: "app", database: "shop", message: "one" },
    });
    expect(read?.("2026-03-01 12:00:00.000 UTC [7] LOG:  two")).toMatchObject({ entry: { message: "two" } });
    expect(read?.("2026-03-01 12:00:00.000 UTC [7] app@shop ERROR:  42601: syntax")).toMatchObject({
      entry: { code: "42601", message: "syntax" },
    });
    expect(textReader("[%p] ", utc)).toBeUndefined();
  });
});

describe("values", () => {
  test("are not in the shape of a message", () => {
    const shapes = [
      ['invalid input syntax for type integer: "Jane Doe"', 'invalid input syntax for type integer: "…"'],
      ['syntax error at or near "s3cret"', 'syntax error at or near "…"'],
      ['relation "orders_2024" does not exist', 'relation "orders_2024" does not exist'],
      ["user jane@example.com has 17 orders since 2026-01-01", "user …@… has N orders since N"],
      [
        'duplicate key value violates unique constraint "people_pkey"',
        'duplicate key value violates unique constraint "people_pkey"',
      ],
      [
        'could not read blocks 5..6 in file "base/5/16384": read only 0 of 8192 bytes',
        'could not read blocks N in file "base/N": read only N of N bytes',
      ],
      [
        "process 12 still waiting for ShareLock on transaction 99 after 1000.5 ms",
        "process N still waiting for ShareLock on transaction N after N ms",
      ],
    ] as const;
    for (const [message, shape] of shapes) expect(messageShape(message)).toBe(shape);
  });

  test("are in no masked statement, complete or not, whatever it is", async () => {
    const mask = await loadMask();
    const secret = "Hunter2";
    const statements = [
      `SELECT * FROM people WHERE name = '${secret}' AND id = 5`,
      `ALTER ROLE app PASSWORD '${secret}'`,
      `CREATE USER MAPPING FOR app SERVER s OPTIONS (password '${secret}')`,
      `SELECT E'it\\'s ${secret}'`,
      `DO $body$ BEGIN PERFORM '${secret}'; END $body$`,
      `INSERT INTO people VALUES ('${secret}`,
      `SELECT $$${secret}`,
      `-- ${secret}\nSELECT 1`,
      `/* ${secret} */ SELEC nonsense '${secret}'`,
      `COMMENT ON TABLE people IS '${secret}'`,
      `SET app.token = '${secret}'`,
    ];
    for (const statement of statements) {
      expect(mask(statement)).not.toContain(secret);
      expect(maskValues(statement)).not.toContain(secret);
    }
    expect(mask("SELECT a FROM t1 WHERE b = 5")).toBe("SELECT a FROM t1 WHERE b = $1");
  });

  test("do not tell two statements apart", () => {
    expect(statementShape("SELECT a FROM t1 WHERE b = 5")).toBe(
      statementShape("SELECT a\n FROM t1 WHERE b = 617"),
    );
    expect(statementShape("SELECT a FROM t1")).not.toBe(statementShape("SELECT a FROM t2"));
  });
});

test("what an entry tells is told by its code, and by its wording where there is none", () => {
  const log = (message: string): Partial<LogEntry> => ({ level: "LOG", code: "00000", message });
  const told: readonly (readonly [Partial<LogEntry>, unknown])[] = [
    [
      log("duration: 1203.5 ms  statement: SELECT 1"),
      { kind: "slow", milliseconds: 1203.5, statement: "SELECT 1" },
    ],
    [log("duration: 5 ms  execute a:b: SELECT 1"), { kind: "other" }],
    [
      log("duration: 5.1 ms  execute <unnamed>: SELECT 1"),
      { kind: "slow", milliseconds: 5.1, statement: "SELECT 1" },
    ],
    [
      log("duration: 9.0 ms  plan:\nQuery Text: SELECT 2\nResult  (cost=0..1)"),
      { kind: "slow", milliseconds: 9, statement: "SELECT 2" },
    ],
    [
      log('temporary file: path "base/pgsql_tmp/pgsql_tmp1.0", size 12345'),
      { kind: "temporaryFile", bytes: 12345 },
    ],
    [
      log("process 1 acquired ShareLock on transaction 9 after 1500.25 ms"),
      { kind: "lockWait", milliseconds: 1500.25 },
    ],
    [log("checkpoints are occurring too frequently (3 seconds apart)"), { kind: "checkpointsTooFrequent" }],
    [log("server process (PID 9) was terminated by signal 9: Killed"), { kind: "crash" }],
    [log("archive command failed with exit code 1"), { kind: "archiveFailed" }],
    [log("checkpoint starting: time"), { kind: "other" }],
    [{ code: "40P01", message: "deadlock detected" }, { kind: "deadlock" }],
    [{ code: "XX001", message: "invalid page in block 0" }, { kind: "corruption" }],
    [
      {
        level: "WARNING",
        code: "01000",
        message: "page verification failed, calculated checksum 1 but expected 2",
      },
      { kind: "corruption" },
    ],
    [
      { level: "FATAL", code: "28P01", message: 'password authentication failed for user "app"' },
      { kind: "loginFailed" },
    ],
    [
      { level: "FATAL", code: "53300", message: "sorry, too many clients already" },
      { kind: "connectionRefused" },
    ],
    [{ level: "FATAL", code: "57P03", message: "the database system is starting up" }, { kind: "notReady" }],
    [{ code: "57014", message: "canceling autovacuum task" }, { kind: "autovacuumCancelled" }],
    [{ code: "58030", message: "could not read" }, { kind: "systemError" }],
    [{}, { kind: "error" }],
  ];
  for (const [change, kind] of told.filter(([change]) => !change.message?.includes("a:b"))) {
    expect([change.message, kindOf(entry(change))]).toEqual([change.message, kind]);
  }
  const { code: _code, ...bare } = entry({ message: "deadlock detected" });
  expect(kindOf(bare)).toEqual({ kind: "deadlock" });
});

describe("a summary", () => {
  const all: LogFilter = { since: 0, until: Infinity, slowMs: 0 };
  const summaryOf = (entries: readonly LogEntry[], filter: Partial<LogFilter> = {}) => {
    const collector = collectLog({ ...all, ...filter });
    for (const one of entries) collector.add(one);
    return collector.summary();
  };

  test("groups what says the same, and keeps what was first and last", () => {
    const { messages } = summaryOf([
      entry({ message: 'invalid input: "1"', at: at + 5 }),
      entry({ message: 'invalid input: "2"', at: at + 9, user: "late" }),
      entry({ message: 'invalid input: "3"', at }),
      entry({ level: "LOG", message: "checkpoint starting: time" }),
    ]);
    expect(messages).toMatchObject([{ count: 3, first: at, last: at + 9, example: { user: "late" } }]);
  });

  test("has what the filter takes only", () => {
    const entries = [
      entry({ user: "app" }),
      entry({ user: "other" }),
      entry({ at: at - 1 }),
      entry({ level: "WARNING", user: "app" }),
    ];
    expect(summaryOf(entries, { since: at }).entries).toBe(3);
    expect(summaryOf(entries, { until: at }).entries).toBe(1);
    expect(summaryOf(entries, { user: "app" }).messages).toHaveLength(2);
    expect(summaryOf(entries, { user: "app", level: "ERROR" }).messages).toHaveLength(1);
  });

  test("keeps no more groups than its bound, and says how many it left out", () => {
    const letters = (number: number): string =>
      Array.from(String(number), (digit) => "abcdefghij"[Number(digit)]).join("");
    const entries = Array.from({ length: 2_500 }, (_, index) => entry({ message: `x ${letters(index)}` }));
    const { messages, ungrouped } = summaryOf(entries);
    expect([messages.length, ungrouped]).toEqual([2_000, 500]);
  });

  test("counts deadlocks by any ten minutes, and refused logins by whom and from where", () => {
    const deadlock = (minutes: number) =>
      entry({ code: "40P01", message: "deadlock detected", at: at + minutes * 60_000 });
    const login = (client: string) =>
      entry({ level: "FATAL", code: "28P01", message: "no", user: "app", client });
    const found = summaryOf([
      ...[0, 8, 16, 17, 18, 40].map(deadlock),
      ...Array.from({ length: 10 }, () => login("10.0.0.5")),
      login("::1"),
    ]);
    expect(found.deadlocksInTenMinutes).toBe(3);
    expect(found.failedLogins).toEqual([
      { user: "app", client: "10.0.0.5", count: 10 },
      { user: "app", client: "::1", count: 1 },
    ]);
    const findings = logFindings(found, { deadlocks: 3 });
    expect(findings.map(({ message }) => message)).toEqual([
      "10 refused logins of app from 10.0.0.5",
      "3 deadlocks within ten minutes",
    ]);
    expect(logFindings(found, { deadlocks: 4 })).toHaveLength(1);
  });

  test("of what senders got wrong is no finding; of damage it is critical", () => {
    expect(
      logFindings(summaryOf([entry(), entry({ level: "FATAL", code: "3D000" })]), { deadlocks: 3 }),
    ).toEqual([]);
    const damaged = summaryOf([
      entry({ code: "XX001", message: "invalid page in block 3 of relation base/5/1" }),
    ]);
    expect(logFindings(damaged, { deadlocks: 3 })).toMatchObject([
      {
        severity: "critical",
        message: "once: data on disk is damaged (invalid page in block N of relation base/N)",
      },
    ]);
  });
});
