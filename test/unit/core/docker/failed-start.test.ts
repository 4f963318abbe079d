import { describe, expect, test } from "vitest";
import { findFullVolume } from "../../../../components/core/docker/full-volume";
import { findRefusedLimit } from "../../../../components/core/docker/ulimits";
import { findStopReason } from "../../../../components/core/docker/stop-reason";

const none = { sinceStart: [], said: [], logged: [] };
const begins = "pgstead: initializing PostgreSQL 17.12 with data checksums";

describe("why a server has ended", () => {
  test("is the last line of its last start that says so", () => {
    const sinceStart = [begins, 'FATAL:  could not load "x.so"', "child process exited with exit code 1"];
    expect(findStopReason({ ...none, sinceStart, said: ["FATAL:  old"] })).toBe(sinceStart[1]);
    expect(findStopReason({ ...none, sinceStart: ["pgstead: the data is of PostgreSQL 16"] })).toBe(
      "pgstead: the data is of PostgreSQL 16",
    );
    expect(findStopReason({ ...none, sinceStart: ["initdb: error: could not open file"] })).toBeDefined();
  });

  test("is the disk that is full, and not what follows from that", () => {
    const full = "ERROR:  could not extend file: No space left on device";
    const sinceStart = [begins, full, "PANIC:  cannot abort transaction 1, it was already committed"];
    expect(findStopReason({ ...none, sinceStart })).toBe(full);
  });

  test("is that of the start before where the next one has just begun", () => {
    const full = 'FATAL:  could not write to file "x": No space left on device';
    const said = [begins, full, "PANIC:  cannot abort", begins];
    expect(findStopReason({ ...none, sinceStart: [begins], said })).toBe(full);
  });

  test("is in the log file once the server has opened one, where a disk that was full once is past", () => {
    const logged = ["ERROR: could not extend: No space left on device", "FATAL: no such library"];
    expect(findStopReason({ ...none, said: ["LOG:  ending log output to stderr"], logged })).toBe(logged[1]);
  });

  test("is not known where nothing says so", () => {
    expect(findStopReason({ ...none, said: ["LOG:  starting"] })).toBeUndefined();
  });
});

describe("the volume that is full", () => {
  const mounts = [
    { volume: "shop-data", path: "/var/lib/postgresql/data" },
    { volume: "shop-logs", path: "/var/log/postgresql" },
    { volume: "shop-all", path: "/var" },
  ];
  const home = "/var/lib/postgresql/data/current";
  const find = (said: string) => findFullVolume(said, mounts, home)?.volume;

  test.each([
    ['could not write to file "pg_wal/xlogtemp.27": No space left on device', "shop-data"],
    ['could not open log file "/var/log/postgresql/x.json": No space left on device', "shop-logs"],
    ["ln: failed to create '/var/lib/postgresql/data/current.partial': Disk quota exceeded", "shop-data"],
    ["cp: error writing '/var/tmp/x': No space left on device", "shop-all"],
    ["cp: error writing '/tmp/x': No space left on device", undefined],
    ['could not open file "/var/lib/postgresql/data/x": Permission denied', undefined],
  ])("%s", (said, volume) => {
    expect(find(said)).toBe(volume);
  });

  test("is not one of which only the beginning of the name is the same", () => {
    expect(findFullVolume("/var/log2: No space left on device", [mounts[1]!], home)).toBeUndefined();
  });
});

describe("the limit that an engine refuses", () => {
  test.each([
    [
      "error setting rlimits for ready process: error setting rlimit type 7: operation not permitted",
      "nofile",
    ],
    ["error setting rlimit type 99: operation not permitted: unknown", "number 99"],
    ["crun: setrlimit `RLIMIT_MEMLOCK`: Operation not permitted: OCI permission denied", "memlock"],
    ["exec: operation not permitted", undefined],
  ])("%s", (said, limit) => {
    expect(findRefusedLimit(said)).toBe(limit);
  });
});
