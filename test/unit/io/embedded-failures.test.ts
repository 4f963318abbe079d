import { describe, expect, test } from "vitest";
import { problemError } from "../../../components/core/problem";
import { diskFailure, initFailure } from "../../../components/io/embedded/failures";

describe("a failed initdb", () => {
  test.each([
    ["could not write to file: No space left on device", "free space on that disk"],
    ["could not create directory: Read-only file system", "the disk is read-only"],
    ["could not access directory: Permission denied", "mend the directory's permissions"],
    [
      "initdb: could not look up effective user ID 1001: user does not exist",
      "this account has a number and no name: give it a line in /etc/passwd",
    ],
    ["something else", "see the server's log"],
  ])("%s: %s", (stderr, hint) => {
    const result = { exitCode: 1, stderr: `${stderr}\n`, stdout: "creating configuration files ... ok\n" };
    const { message } = initFailure("/data", result);
    expect(message).toContain(`/data:\n  initdb failed: ${stderr}\n    hint: ${hint}`);
    // What went well does not push the reason out of sight.
    expect(message).not.toContain("configuration files");
  });

  test("without a word has its exit code", () => {
    expect(initFailure("/data", { exitCode: 9, stderr: "", stdout: "" }).message).toContain("exit code 9");
  });
});

describe("an error of the file system", () => {
  test.each([
    ["ENOSPC", "free space"],
    ["EROFS", "read-only"],
    ["EACCES", "permissions"],
    ["EPERM", "owner"],
    ["ENOTDIR", "a file stands"],
  ])("%s says what to do", (code, hint) => {
    const error = Object.assign(new Error(`${code}: failed`), { code });
    const failure = diskFailure("/data", error) as Error;
    expect(failure.message).toMatch(new RegExp(`/data:\\n {2}${code}: failed\\n {4}hint: .*${hint}`));
    expect(failure.cause).toBe(error);
  });

  test("of another kind, or with a hint already, stays what it is", () => {
    const other = new Error("what?");
    const known = problemError("/data", "refused", "do this.");
    expect(diskFailure("/data", other)).toBe(other);
    expect(diskFailure("/data", known)).toBe(known);
  });
});
