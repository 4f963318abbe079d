import { describe, expect, test } from "vitest";
import { backRestFailure, readWarnings } from "../../../../components/core/physical/failure";

const locked =
  "ERROR: [050]: unable to acquire lock on file '/x/pgstead-backup-1.lock': Resource temporarily unavailable\n" +
  "       HINT: is another pgBackRest process running?\n";

describe("an end of pgBackRest that is no good one", () => {
  test("with 50 says that another run has the lock, and to wait", () => {
    const { message } = backRestFailure("the full backup", { exitCode: 50, stderr: locked });
    expect(message).toMatch(/^the full backup:\n {2}another run has the repository's lock: a backup, or/);
    expect(message).toContain("(unable to acquire lock on file");
    expect(message).toContain("hint: wait until it has ended");
  });

  test.each([
    [
      75,
      "ERROR: [075]: unable to find backup set with stop time less than '2020'",
      "after the end of the oldest",
    ],
    [87, "ERROR: [087]: archive_mode must be enabled", "turns archiving on, which takes a restart"],
    [55, "ERROR: [055]: unable to load info file", "makes what the repository needs"],
    [95, "ERROR: [095]: unable to flush", "full backup; is the disk sound?"],
    [82, "ERROR: [082]: WAL segment 1 was not archived", "whether the volume of the repository is full"],
  ])("with %i says what to do", (exitCode, stderr, hint) => {
    expect(backRestFailure("x", { exitCode, stderr }).problems[0]?.hint).toContain(hint);
  });

  test("says that the disk is full, whatever the exit code is", () => {
    const stderr = "ERROR: [041]: unable to write '/var/lib/pgbackrest/x': [28] No space left on device";
    expect(backRestFailure("x", { exitCode: 41, stderr }).problems[0]?.message).toContain("no space left");
  });

  test("with a code that nobody knows gives the program's own words and its own hint", () => {
    const stderr =
      "WARN: old option\nP00  ERROR: [199]: the moon is full\n                HINT: wait for the sun.\n";
    expect(backRestFailure("x", { exitCode: 199, stderr }).problems).toEqual([
      { path: "", message: "the moon is full", hint: "wait for the sun." },
    ]);
  });

  test("without a word says that", () => {
    expect(backRestFailure("x", { exitCode: 137, stderr: "" }).problems[0]?.message).toBe(
      "pgbackrest ended with 137 and said nothing",
    );
  });

  test("does not pass on what was read of an encrypted file", () => {
    const { message } = backRestFailure("x", {
      exitCode: 29,
      stderr: "ERROR: [029]: key \u001b[2Jat line 1",
    });
    expect(message).not.toContain("\u001b");
  });
});

test("warnings are told apart from the rest", () => {
  const stderr = "P00   WARN: invalid page checksum found in file base/1/2 at page 7\nP00   INFO: done\n";
  expect(readWarnings(stderr)).toEqual(["invalid page checksum found in file base/1/2 at page 7"]);
});
