import { describe, expect, test } from "vitest";
import { goodBackups, parseInfo } from "../../../../components/core/physical/repository";

/** As pgBackRest 2.55.1 printed it, in part. */
const full = {
  archive: { start: "000000010000000000000002", stop: "000000010000000000000003" },
  backrest: { format: 5, version: "2.55.1" },
  database: { id: 1, "repo-key": 1 },
  error: false,
  info: {
    delta: 23_413_999,
    repository: { delta: 2_822_848, "delta-map": 24_768, "size-map": 24_768 },
    size: 23_413_999,
  },
  label: "20261121-222516F",
  lsn: { start: "0/2000028", stop: "0/3000050" },
  prior: null,
  reference: null,
  timestamp: { start: 1_795_299_916, stop: 1_795_299_917 },
  type: "full",
};

const incremental = {
  ...full,
  label: "20261121-222516F_20261121-222517I",
  prior: full.label,
  reference: [full.label],
  timestamp: { start: 1_795_299_920, stop: 1_795_299_921 },
  type: "incr",
};

function info(stanza: Readonly<Record<string, unknown>>): string {
  const text = JSON.stringify([
    {
      archive: [{ database: { id: 1, "repo-key": 1 }, id: "17-1", max: "000000010000000000000005" }],
      backup: [],
      cipher: "aes-256-cbc",
      db: [{ id: 1, "repo-key": 1, "system-id": "SYSTEM", version: "17" }],
      name: "pgstead",
      repo: [{ cipher: "aes-256-cbc", key: 1, status: { code: 0, message: "ok" } }],
      status: { code: 0, lock: { backup: { held: false } }, message: "ok" },
      ...stanza,
    },
  ]);
  return text.replace('"SYSTEM"', "7710754336336355347");
}

describe("what pgBackRest tells of its repository", () => {
  test("is the backups with kind, times, place in the log and size, the oldest first", () => {
    const repository = parseInfo(info({ backup: [incremental, full] }));
    expect(repository).toMatchObject({ kind: "there", isBusy: false, newestWal: "000000010000000000000005" });
    expect(goodBackups(repository)).toEqual([
      {
        label: "20261121-222516F",
        timeline: 1,
        kind: "full",
        repository: 1,
        startedAt: 1_795_299_916_000,
        stoppedAt: 1_795_299_917_000,
        startLsn: "0/2000028",
        stopLsn: "0/3000050",
        size: 23_413_999,
        stored: 2_822_848,
        needs: [],
      },
      expect.objectContaining({ kind: "incremental", needs: ["20261121-222516F"] }),
    ]);
  });

  test("names the server with every digit, which a number of JSON has not", () => {
    expect(parseInfo(info({}))).toMatchObject({ systemIdentifier: "7710754336336355347" });
  });

  test("has a backup with broken pages as a bad one, although the program ended well", () => {
    const repository = parseInfo(info({ backup: [{ ...full, error: true }] }));
    expect(repository).toMatchObject({ backups: [{ fault: "pages in it do not match their checksums" }] });
    expect(goodBackups(repository)).toEqual([]);
  });

  test("has what is built on a bad backup, or on one that is gone, as bad as well", () => {
    const onBad = parseInfo(info({ backup: [{ ...full, error: true }, incremental] }));
    expect(goodBackups(onBad)).toEqual([]);
    expect(onBad).toMatchObject({ backups: [{}, { fault: "it needs 20261121-222516F, which has a fault" }] });
    const onNothing = parseInfo(info({ backup: [incremental] }));
    expect(onNothing).toMatchObject({ backups: [{ fault: "it needs 20261121-222516F, which is gone" }] });
  });

  test("is read where another version leaves fields out", () => {
    const { error: _error, lsn: _lsn, reference: _reference, ...older } = full;
    const [backup] = goodBackups(parseInfo(info({ backup: [older], archive: [] })));
    expect(backup).toMatchObject({ label: full.label, needs: [] });
    expect(backup).not.toHaveProperty("startLsn");
  });

  test.each([1, 3])("is that there is no repository yet, by status %i", (code) => {
    const status = { code, message: "missing stanza path" };
    expect(parseInfo(info({ status, db: [] }))).toEqual({ kind: "absent" });
  });

  test("is one without backups", () => {
    const repository = parseInfo(info({ status: { code: 2, message: "no valid backups" } }));
    expect(repository).toMatchObject({ kind: "there", backups: [] });
  });

  test("says that somebody is at work", () => {
    const status = { code: 0, lock: { backup: { held: true, size: 433, "size-cplt": 0 } }, message: "ok" };
    expect(parseInfo(info({ status }))).toMatchObject({ isBusy: true });
  });

  test("is an error where the repository cannot be read, without the noise of its files", () => {
    const message = "[FormatError] unable to load info file 'backup.info'\nFormatError: \u0013j\u0000";
    const unreadable = info({
      status: { code: 99, message: "other" },
      repo: [{ key: 1, status: { code: 99, message } }],
    });
    expect(() => parseInfo(unreadable)).toThrow(
      /cannot be read: \[FormatError\] unable to load info file 'backup\.info'\n {4}hint: is its volume there/,
    );
  });

  test.each(["", "[]", "{}", "null", info({ db: [] }), info({ backup: [{ label: "x" }] })])(
    "is an error where it is of another form: %#",
    (text) => {
      expect(() => parseInfo(text)).toThrow("cannot be understood");
    },
  );
});
