import { describe, expect, test } from "vitest";
import { explainFailure } from "../../../infra/ops/pulumi-outputs";

describe("why a stack's outputs cannot be read", () => {
  test("a problem of the toolchain is told once, with its own hint", () => {
    const stderr = `pgstead: building Pulumi …
pgstead: /state/passphrase:
  it is gone, and with it the secrets of stack dev
    hint: put it back.
`;
    expect(explainFailure(stderr, "dev")).toEqual({
      reason: "/state/passphrase: it is gone, and with it the secrets of stack dev",
      hint: "put it back.",
    });
  });

  test("what Pulumi says is told with a hint that fits the stack", () => {
    const stderr = "error: get stack secrets manager: incorrect passphrase\n";
    const reason = "error: get stack secrets manager: incorrect passphrase";
    expect(explainFailure(stderr, "staging")).toEqual({
      reason,
      hint: expect.stringContaining("PULUMI_CONFIG_PASSPHRASE_FILE") as string,
    });
    const { hint } = explainFailure(stderr, "dev"); // the variables do not count for stack dev
    expect(hint).toContain("put back the passphrase");
    expect(hint).not.toContain("PULUMI_");
  });

  test("only the end of much is told", () => {
    expect(explainFailure("one\ntwo\nthree\nfour\n", "dev").reason).toBe("two; three; four");
    expect(explainFailure("", "dev")).toMatchObject({ reason: "" });
  });
});
