import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { generatePassword, scramVerifier, verifierMatches } from "../../../components/io/scram";

/** RFC 7677, section 3: user `user`, password `pencil`, 4096 iterations. */
const salt = Buffer.from("W22ZaJ0SNY7soEsUEjb6gQ==", "base64");
const vector =
  "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

describe("a verifier", () => {
  test("of the RFC's example is the RFC's", () => {
    expect(scramVerifier("pencil", salt)).toBe(vector);
  });

  test("matches its password and no other", () => {
    expect(verifierMatches(vector, "pencil")).toBe(true);
    expect(verifierMatches(vector, "pencils")).toBe(false);
    const fewer = vector.replace("4096", "1024");
    expect(verifierMatches(fewer, "pencil")).toBe(false);
  });

  test.each(["", "md5a3556571e93b0d20722ba62be61e8c2d", "SCRAM-SHA-256$4096", "pencil"])(
    "%s is none, and matches nothing",
    (text) => {
      expect(verifierMatches(text, "pencil")).toBe(false);
    },
  );

  test("has a salt of its own every time", () => {
    const verifiers = new Set(Array.from({ length: 5 }, () => scramVerifier("pencil")));
    expect(verifiers.size).toBe(5);
    for (const verifier of verifiers) {
      expect(verifierMatches(verifier, "pencil")).toBe(true);
      expect(verifier).not.toContain("pencil");
    }
  });
});

test("a password has 32 letters and digits, and none comes twice", () => {
  const seen = new Set<string>();
  fc.assert(
    fc.property(fc.constant(null), () => {
      const password = generatePassword();
      expect(password).toMatch(/^[A-Za-z0-9]{32}$/);
      expect(seen.has(password)).toBe(false);
      seen.add(password);
    }),
    { numRuns: 500, verbose: true },
  );
  // Every character of the alphabet occurs in 16 000 of them: a missing one has a chance of 10^-110.
  expect(new Set([...seen].join("")).size).toBe(62);
});
