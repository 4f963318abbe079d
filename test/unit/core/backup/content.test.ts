import { describe, expect, test } from "vitest";
import {
  checkPlain,
  compareFiles,
  completionMarks,
  findMissing,
  parseArchiveList,
} from "../../../../components/core/backup/content";
import { findStale, greatestAge } from "../../../../components/core/backup/freshness";
import type { BackedUpTable } from "../../../../components/core/backup/manifest";
import { judgeOutput, parseToolVersion } from "../../../../components/core/backup/tool-output";

const orders: BackedUpTable = { oid: 16_400, schema: "app", name: "orders", kind: "r", rows: "2" };
const parts: BackedUpTable = { oid: 16_410, schema: "app", name: "parts", kind: "p", rows: null };

const list = `;
; Archive created at 2026-11-21 02:00:00 UTC
;
5; 2615 16390 SCHEMA - app shop_owner
218; 1259 16400 TABLE app orders shop_owner
219; 1259 16410 TABLE app parts shop_owner
3400; 0 16400 TABLE DATA app orders shop_owner
`;
const files = new Map([["3400.dat.zst", 20]]);

describe("the list of an archive", () => {
  test("has every table of the snapshot", () => {
    expect(findMissing(parseArchiveList(list), [orders, parts], files)).toEqual([]);
  });

  test("shows a table that is not in it, rows that are not, and rows without their file", () => {
    const other = { ...orders, oid: 16_999, name: "other" };
    expect(findMissing(parseArchiveList(list), [other], files)).toEqual(["table app.other is not in it"]);
    const without = parseArchiveList(list.replace(/^3400.*\n/m, ""));
    expect(findMissing(without, [orders], files)).toEqual(["the rows of app.orders are not in it"]);
    const empty = new Map([["3400.dat.zst", 0]]);
    expect(findMissing(parseArchiveList(list), [orders], empty)).toEqual([
      "the rows of app.orders are not in it",
    ]);
  });
});

const plain = [
  "-- PostgreSQL database dump",
  "-- Name: orders; Type: TABLE; Schema: app; Owner: shop_owner",
  "-- Data for Name: orders; Type: TABLE DATA; Schema: app; Owner: shop_owner",
  completionMarks.dump,
  "--",
  "",
  "\\unrestrict Abc1",
  "",
];

function faultsOf(lines: readonly string[], rows = true): string[] {
  const check = checkPlain(completionMarks.dump, [orders], { rows });
  for (const line of lines) check.line(line);
  return check.faults();
}

describe("a plain dump", () => {
  test("has every table, and ends with its mark", () => {
    expect(faultsOf(plain)).toEqual([]);
  });

  test("that is cut off, empty or lacks rows is told", () => {
    expect(faultsOf(plain.slice(0, 3))).toEqual(["it does not come to its end"]);
    expect(faultsOf([...plain, "COPY app.orders"])).toEqual(["it does not come to its end"]);
    expect(faultsOf(plain.filter((line) => !line.startsWith("-- Data")))).toEqual([
      "the rows of app.orders are not in it",
    ]);
    expect(faultsOf([])).toHaveLength(3);
  });

  test("of the schema alone has no rows", () => {
    expect(
      faultsOf(
        plain.filter((line) => !line.startsWith("-- Data")),
        false,
      ),
    ).toEqual([]);
  });
});

describe("files", () => {
  const one = { path: "a", bytes: 3, sha256: "x" };
  test.each([
    [[one], []],
    [[], ["a is missing"]],
    [[{ ...one, bytes: 2 }], ["a has 2 bytes and was written with 3"]],
    [[{ ...one, sha256: "y" }], ["a is not what was written: its checksum differs"]],
    [[one, { ...one, path: "b" }], ["b is there, and is not part of it"]],
  ])("%j differ as they do", (found, expected) => {
    expect(compareFiles([one], found)).toEqual(expected);
  });
});

describe("what a client program says", () => {
  test("is a warning where it says so, and an error otherwise", () => {
    const said = judgeOutput(
      "pg_dump: warning: there are circular foreign-key constraints\npg_dump: detail: orders\nconnection lost\n",
    );
    expect(said.warnings).toHaveLength(2);
    expect(said.errors).toEqual(["connection lost"]);
    expect(judgeOutput("pg_dump: error: no space\npg_dump: detail: of it").errors).toHaveLength(2);
  });

  test("is its version", () => {
    expect(parseToolVersion("pg_dump (PostgreSQL) 17.10 (Debian 17.10-1)\n")).toEqual({
      version: "17.10",
      major: 17,
    });
    expect(parseToolVersion("command not found")).toBeUndefined();
  });
});

describe("the health of backups", () => {
  const now = Date.parse("2026-11-21T12:00:00Z");
  const hour = 3_600_000;
  const good = { name: "shop_full_20261120_020000", takenAt: now - 34 * hour };
  const health = { database: "shop", newestGood: good, damaged: [], lastRun: "success" as const };

  test("is stale after the interval and half of it, six hours at most", () => {
    expect(greatestAge(24 * hour)).toBe(30 * hour);
    expect(greatestAge(hour)).toBe(1.5 * hour);
    const [finding] = findStale(health, { now, greatestAgeMs: greatestAge(24 * hour) });
    expect(finding?.message).toContain("is 1 d 10 h old: by its schedule it is to be 1 d 6 h at most");
    expect(findStale(health, { now, greatestAgeMs: 40 * hour })).toEqual([]);
    expect(findStale(health, { now, greatestAgeMs: undefined })).toEqual([]);
  });

  test("tells a failed run, one that was killed, damaged ones and that there is none", () => {
    const bad = { database: "shop", damaged: ["x"], lastRun: "failure" as const };
    const told = findStale(bad, { now, greatestAgeMs: undefined }).map(({ message }) => message);
    expect(told).toEqual([
      "the last run failed: it did not come to its end",
      "there is no good one",
      "x is damaged",
    ]);
  });
});
