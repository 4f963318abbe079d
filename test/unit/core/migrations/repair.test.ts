import { describe, expect, test } from "vitest";
import { emptyHistory, type MigrationHistory } from "../../../../components/core/migrations/history";
import type { Migration } from "../../../../components/core/migrations/migration";
import {
  decideBaseline,
  decideRepair,
  type RepairOptions,
} from "../../../../components/core/migrations/repair";
import { digest, directory, files, historyOf, migration } from "./decided";

const [a, b, c] = files(3) as [Migration, Migration, Migration];
const repair = (migrations: readonly Migration[], history: MigrationHistory, options: RepairOptions = {}) => {
  const { changes, problems } = decideRepair({ migrations, history, directory, digest }, options);
  return {
    changes: changes.map(({ path, message }) => `${path.replace(`${directory}/`, "")}: ${message}`),
    problems: problems.map(
      ({ path, message }) => `${path.replace(`${directory}/`, "")}: ${message.split(" by ")[0]}`,
    ),
  };
};
const nothing = { changes: [], problems: [] };

describe("a repair", () => {
  test("has nothing to do where all is well", () => {
    expect(repair([a, b, c], historyOf([a, b]))).toEqual(nothing);
  });

  test("takes over texts and names", () => {
    const edited = { ...a, checksum: "x" };
    const renamed = migration({ number: 20, name: "other", checksum: b.checksum });
    expect(repair([edited, renamed, c], historyOf([a, b]))).toEqual({
      changes: [
        "0010-n-1.sql: its text: checksum c1 becomes x",
        "0020-other.sql: its name: was 0020-n-2.sql",
      ],
      problems: [],
    });
  });

  test("forgets what is gone only where it is told to, and leaves what runs in no order to people", () => {
    expect(repair([a, c], historyOf([a, b, c]))).toEqual({
      changes: [],
      problems: ["0020-n-2.sql: was deleted: it is applied"],
    });
    expect(repair([a, c], historyOf([a, b, c]), { forget: ["20"] })).toEqual({
      changes: ["0020-n-2.sql: forgets 0020-n-2.sql, whose file is gone: what it did stays"],
      problems: [],
    });
    const inserted = migration({ number: 15, name: "new", checksum: "x" });
    expect(repair([a, inserted, b], historyOf([a, b]))).toMatchObject({
      changes: [],
      problems: [expect.stringMatching(/^0015-new\.sql: was inserted before/)],
    });
  });

  test("forgets no file that is there, and none that nobody knows", () => {
    expect(repair([a, b], historyOf([a, b]), { forget: ["20", "99"] })).toEqual({
      changes: [],
      problems: ["99: is no migration", "0020-n-2.sql: is there, and is not forgotten"],
    });
  });
});

describe("a statement that a stopped run had sent", () => {
  const statement = {
    text: "CREATE DATABASE d",
    firstLine: 7,
    lastLine: 7,
    node: {} as never,
    acknowledgements: [],
  };
  const half = { ...a, transactional: false, up: [statement] };
  const unfinished = {
    version: a.version,
    name: a.name,
    direction: "up",
    done: [],
    startedAt: "",
    startedBy: "m",
  } as const;

  test("is done, or runs again, as people say", () => {
    const history = { applied: [], unfinished: { ...unfinished, running: "d" } };
    const input = { migrations: [half], history, directory, digest };
    expect(decideRepair(input, { statement: "done" }).changes).toMatchObject([
      { path: `${a.path}:7`, done: ["digest of CREATE DATABASE d"], message: "its statement 1 is done" },
    ]);
    expect(decideRepair(input, { statement: "again" }).changes).toMatchObject([{ done: [] }]);
    expect(decideRepair(input, {}).changes).toEqual([]);
  });

  test("is nobody's word where its end is known", () => {
    const history = { applied: [], unfinished: { ...unfinished, running: null } };
    expect(repair([half], history, { statement: "done" })).toEqual(nothing);
  });
});

describe("a baseline", () => {
  const baseline = (history: MigrationHistory, target?: string) =>
    decideBaseline({ migrations: [a, b, c], history, directory, digest }, target);

  test("takes all, or as far as it is told", () => {
    expect(baseline(emptyHistory).migrations).toEqual([a, b, c]);
    expect(baseline(emptyHistory, "n-2").migrations).toEqual([a, b]);
  });

  test("is for a database without a history, and for files that there are", () => {
    expect(baseline(historyOf([a])).problems).toMatchObject([{ path: a.path }]);
    expect(baseline(emptyHistory, "99").problems).toMatchObject([{ message: "is no migration" }]);
  });
});
