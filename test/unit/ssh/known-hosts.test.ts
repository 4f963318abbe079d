import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { parseHostKey, signaturesOf, type HostKey } from "../../../components/core/ssh/host-key";
import { judgeHostKey, keysOf } from "../../../components/core/ssh/known-hosts";

const hash = (salt: Uint8Array, name: string): Uint8Array => createHmac("sha1", salt).update(name).digest();

/** A key of that type with content of a test's own. */
function line(type: string, content: string): string {
  const field = (text: string): Buffer => {
    const length = Buffer.alloc(4);
    length.writeUInt32BE(Buffer.byteLength(text));
    return Buffer.concat([length, Buffer.from(text)]);
  };
  return `${type} ${Buffer.concat([field(type), field(content)]).toString("base64")}`;
}

const [first, second] = [line("ssh-ed25519", "first"), line("ecdsa-sha2-nistp256", "second")];
const keyOf = (text: string): HostKey => parseHostKey(text)!;
const known = (text: string, host = "db1.example.com", port = 22): number =>
  keysOf(text, { host, port }, hash).trusted.length;

describe("known_hosts", () => {
  test.each([
    ["a name", `db1.example.com ${first}`, 1],
    ["a name among others, in capitals", `web,DB1.example.com ${first} comment`, 1],
    ["a pattern", `*.example.com ${first}`, 1],
    ["a pattern that leaves it out", `*.example.com,!db1.* ${first}`, 0],
    ["one character", `db?.example.com ${first}`, 1],
    ["another name", `db1xexample.com ${first}`, 0],
    ["another port", `[db1.example.com]:2222 ${first}`, 0],
    ["two keys", `db1.example.com ${first}\ndb1.example.com ${second}`, 2],
    ["an authority", `@cert-authority *.example.com ${first}`, 0],
    ["a comment and an empty line", `# db1.example.com ${first}\n\n`, 0],
    ["a key of another type than it says", `db1.example.com ssh-rsa ${first.split(" ")[1] ?? ""}`, 0],
    ["no base64", "db1.example.com ssh-ed25519 !!!", 0],
  ])("with %s", (_, text, count) => {
    expect(known(text)).toBe(count);
  });

  test("names a port in brackets, and may hide its names", () => {
    expect(known(`[db1.example.com]:2222 ${first}`, "db1.example.com", 2222)).toBe(1);
    const salt = Buffer.from("a salt of twenty byt");
    const hidden = `|1|${salt.toString("base64")}|${Buffer.from(hash(salt, "db1.example.com")).toString("base64")}`;
    expect(known(`${hidden} ${first}`)).toBe(1);
    expect(known(`${hidden} ${first}`, "db2.example.com")).toBe(0);
  });

  test("a key is trusted, changed, unknown or revoked", () => {
    const judge = (text: string, shown: string) =>
      judgeHostKey(keysOf(text, { host: "h", port: 22 }, hash), keyOf(shown).bytes);
    expect(judge(`h ${first}`, first)).toBe("trusted");
    expect(judge(`h ${first}`, second)).toBe("changed");
    expect(judge(`other ${first}`, first)).toBe("unknown");
    expect(judge(`h ${first}\n@revoked h ${first}`, first)).toBe("revoked");
  });

  test("a host is asked for the types that are known, RSA without SHA-1", () => {
    expect(signaturesOf([keyOf(first), keyOf(second)])).toEqual(["ssh-ed25519", "ecdsa-sha2-nistp256"]);
    expect(signaturesOf([keyOf(line("ssh-rsa", "x"))])).toEqual(["rsa-sha2-512", "rsa-sha2-256"]);
  });
});
