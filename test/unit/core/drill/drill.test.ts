import { describe, expect, test } from "vitest";
import { parseAmcheck } from "../../../../components/core/drill/amcheck";
import { judgeAnswer, renderAssertion } from "../../../../components/core/drill/assertion";
import { findStaleDrills, type DrillHealth } from "../../../../components/core/drill/freshness";
import { findLogGap } from "../../../../components/core/drill/log-gap";
import { drillServerSettings, missingLibrary } from "../../../../components/core/drill/server-settings";
import { isOfSurroundings } from "../../../../components/core/drill/surroundings";
import { compareObjects, parseShape } from "../../../../components/core/backup/shape";

const boolean = 16;

describe("an assertion", () => {
  test("holds with one row whose first column is true, and with nothing else", () => {
    expect(judgeAnswer({ type: boolean, values: [true] })).toBeUndefined();
    expect(judgeAnswer({ type: boolean, values: [false] })).toBe("is false");
    expect(judgeAnswer({ type: boolean, values: [null] })).toContain("NULL");
    expect(judgeAnswer({ type: 25, values: ["t"] })).toContain("not true or false");
    expect(judgeAnswer({ type: undefined, values: [undefined] })).toContain("not true or false");
    expect(judgeAnswer({ type: boolean, values: [] })).toContain("no row");
    expect(judgeAnswer({ type: boolean, values: [true, true] })).toContain("more than one row");
  });

  test("is named by its place and its text, in one line", () => {
    expect(renderAssertion("SELECT\n  true ", 1)).toBe("assertion 2 (SELECT true)");
    expect(renderAssertion("x".repeat(300), 0).length).toBeLessThan(120);
  });
});

describe("the log of a physical drill", () => {
  const megabytes16 = 16 * 1024 ** 2;
  test("has no gap where the replay reached the newest file", () => {
    expect(findLogGap("000000010000000000000005", "0/5000060", megabytes16)).toBeUndefined();
    expect(findLogGap("0000000200000001000000FF", "1/FF000028", megabytes16)).toBeUndefined();
  });

  test("has one where the replay ended before it", () => {
    expect(findLogGap("000000010000000000000005", "0/5000000", megabytes16)).toContain(
      "a file in between is missing",
    );
    expect(findLogGap("000000010000000100000000", "0/FF000060", megabytes16)).toContain(
      "000000010000000100000000",
    );
  });

  test("is not taken for whole where nobody knows", () => {
    expect(findLogGap("000000010000000000000005", "", megabytes16)).toContain("nobody knows");
  });
});

describe("drills", () => {
  const day = 86_400_000;
  const now = 100 * day;
  const last = { backup: "shop_full", endedAt: now - 8 * day, faults: [] };
  const one = (change: Partial<DrillHealth>): string[] =>
    findStaleDrills([{ kind: "logical", database: "shop", last, ...change }], {
      now,
      greatestAgeMs: 7.25 * day,
    }).map(({ message }) => message);

  test("are stale after their schedule and its grace, and where there was none", () => {
    expect(one({})).toEqual([
      expect.stringContaining("was 8 d ago: by its schedule it is to be 7 d 6 h at most"),
    ]);
    expect(one({ last: { ...last, endedAt: now - 7 * day } })).toEqual([]);
    expect(one({ last: undefined })).toEqual(["there was none yet"]);
  });

  test("that failed are told, whether they are declared or not", () => {
    const failed = { last: { ...last, faults: ["a", "b"] } };
    expect(one(failed)).toEqual(["the last one, of shop_full, failed: a (and 1 more)"]);
    const undeclared = { now, greatestAgeMs: undefined };
    expect(findStaleDrills([{ kind: "physical", ...failed }], undeclared)).toHaveLength(1);
    expect(findStaleDrills([{ kind: "physical", last: undefined }], undeclared)).toEqual([]);
  });
});

describe("a failed restore", () => {
  test.each([
    'extension "postgis" is not available',
    'FATAL:  could not access file "pg_cron": No such file or directory',
    'error: invalid LC_COLLATE locale name: "de_DE.UTF-8"',
    "could not write: No space left on device",
    "server closed the connection unexpectedly",
  ])("with %j says nothing of the backup", (message) => {
    expect(isOfSurroundings(message)).toBe(true);
  });

  test.each(['relation "app.orders" does not exist', "could not read from input file: end of file"])(
    "with %j does",
    (message) => {
      expect(isOfSurroundings(message)).toBe(false);
    },
  );
});

describe("the server of a drill", () => {
  const plan = { major: 17, socketDirectory: "/s", hbaFile: "/h", identFile: "/i" };

  test("listens nowhere, archives nothing and begins no work of its own", () => {
    expect(drillServerSettings(plan)).toMatchObject({
      ...{ listen_addresses: "", archive_mode: "off", max_worker_processes: "0", max_wal_senders: "0" },
      ...{ max_logical_replication_workers: "0", primary_conninfo: "", event_triggers: "off" },
    });
    expect(drillServerSettings(plan)).not.toHaveProperty("shared_preload_libraries");
    expect(drillServerSettings({ ...plan, major: 16 })).not.toHaveProperty("event_triggers");
  });

  test("tells which library is missing", () => {
    const said = 'FATAL:  could not access file "$libdir/pg_cron": No such file or directory';
    expect(missingLibrary(said)).toBe("pg_cron");
    expect(missingLibrary('could not load library "/usr/lib/postgresql/x.so": …')).toBe("x");
    expect(missingLibrary("FATAL: out of memory")).toBeUndefined();
  });
});

describe("pg_amcheck", () => {
  test("passes with 0, and without a word of trouble", () => {
    expect(parseAmcheck({ exitCode: 0, stdout: "", stderr: "" })).toEqual([]);
    expect(parseAmcheck({ exitCode: 0, stdout: "", stderr: "pg_amcheck: error: x\n" })).toHaveLength(1);
  });

  test("tells each relation with what is wrong with it, in a line", () => {
    const stdout =
      'heap table "shop.app.orders", block 3:\n    xmin 9 is in the future\nbtree index "i":\n    ERROR: x\n';
    expect(parseAmcheck({ exitCode: 2, stdout, stderr: "" })).toEqual([
      'heap table "shop.app.orders", block 3: xmin 9 is in the future',
      'btree index "i": ERROR: x',
    ]);
    expect(parseAmcheck({ exitCode: 1, stdout: "", stderr: "" })).toEqual([
      "pg_amcheck ended with 1, and said nothing",
    ]);
  });
});

describe("the shape of a database", () => {
  test("differs where an object is missing, changed or new; roles of others and what a restore changes are none", () => {
    const expected = {
      "table a": "1",
      "table b": "1",
      "role r": "1",
      "subscription s": "1",
      "extension e": "1",
    };
    const found = { "table a": "2", "table c": "1", "role r": "1", "role other": "1", "extension e": "2" };
    expect(compareObjects(expected, found)).toEqual({
      ...{ missing: ["table b"], changed: ["table a"], additional: ["table c"] },
    });
  });

  test("is not read from anything else", () => {
    expect(parseShape('{"format":1,"objects":{}}')).toMatchObject({ objects: {} });
    for (const text of ["", "null", '{"format":2,"objects":{}}', '{"format":1}']) {
      expect(parseShape(text)).toBeUndefined();
    }
  });
});
