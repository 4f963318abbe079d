import { describe, expect, test } from "vitest";
import { parseVerification } from "../../../../components/core/physical/verification";

describe("a verification of a repository", () => {
  test("finds nothing where all files are as they were written", () => {
    expect(parseVerification("stanza: pgstead\nstatus: ok\n")).toEqual([]);
  });

  test("finds a damaged file, although the program ends with 0", () => {
    // As 2.55.1 printed it after two bytes were changed.
    const text =
      "stanza: pgstead\nstatus: error\n" +
      "  backup: 20261121-222516F, status: invalid, total files checked: 967, total valid files: 966\n" +
      "    checksum invalid: 1\n";
    expect(parseVerification(text)).toEqual([
      {
        path: "backup 20261121-222516F",
        message: "is invalid: checksum invalid: 1",
        hint: "take a full backup now, and look whether the disk is sound",
      },
    ]);
  });

  test("finds a file of the log that is gone, and passes over what is good", () => {
    const text =
      "stanza: pgstead\nstatus: error\n" +
      "  archiveId: 17-1, total WAL checked: 5, total valid WAL: 4\n" +
      "    missing: 1, checksum invalid: 0, size invalid: 0, other: 0\n" +
      "  backup: 20261121-222516F, status: valid, total files checked: 967, total valid files: 967\n" +
      "    missing: 0, checksum invalid: 0, size invalid: 0, other: 0\n";
    expect(parseVerification(text)).toMatchObject([
      { path: "log of server 17-1", message: "is damaged: missing: 1" },
    ]);
  });

  test("is no good one where it does not say what it found, or says it in other words", () => {
    expect(() => parseVerification("")).toThrow("did not say how the repository is");
    expect(parseVerification("stanza: x\nstatus: error\n  something else\n")).toHaveLength(1);
  });
});
