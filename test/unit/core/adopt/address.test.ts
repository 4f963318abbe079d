import { describe, expect, test } from "vitest";
import { findPassword } from "../../../../components/core/adopt/pgpass";
import { parseServerUrl } from "../../../../components/core/adopt/url";
import { ProblemError } from "../../../../components/core/problem";

describe("the address of a server", () => {
  test("has defaults for what it does not say", () => {
    expect(parseServerUrl("postgresql://ada@db.example.com")).toEqual({
      host: "db.example.com",
      port: 5432,
      user: "ada",
      database: "postgres",
      tls: { mode: "verify-full" },
    });
    expect(parseServerUrl("postgres://ada@localhost:6000/shop")).toMatchObject({
      port: 6000,
      database: "shop",
      tls: { mode: "disable" },
    });
  });

  test("says how the server is proven", () => {
    const { tls } = parseServerUrl("postgresql://a@db/x?sslmode=verify-ca&sslrootcert=certs%2Fdb.crt");
    expect(tls).toEqual({ mode: "verify-ca", ca: "certs/db.crt" });
  });

  test("may have names with signs, and an address of version 6", () => {
    expect(parseServerUrl("postgresql://a%40b@[::1]:5433/my%20db")).toMatchObject({
      user: "a@b",
      host: "::1",
      database: "my db",
    });
  });

  test.each([
    ["postgresql://ada:hunter2@db/shop", "holds a password"],
    ["postgresql://ada@db/shop?password=hunter2", "holds a password"],
    ["mysql://ada@db/shop", "is not of PostgreSQL"],
    ["db.example.com", "is no URL"],
    ["postgresql://db.example.com", "names no login"],
    ["postgresql://ada@db?sslmode=prefer", 'has sslmode "prefer"'],
    ["postgresql://ada@db?target_session_attrs=any", "target_session_attrs"],
  ])("%s is refused", (text, message) => {
    expect(() => parseServerUrl(text)).toThrow(message);
    expect(() => parseServerUrl(text)).not.toThrow("hunter2");
  });

  test("tells all that is wrong at once", () => {
    try {
      parseServerUrl("mysql://:hunter2@db?sslmode=maybe&x=1");
      expect.unreachable();
    } catch (error) {
      expect((error as ProblemError).problems).toHaveLength(5);
    }
  });
});

describe("a password file", () => {
  const login = { host: "db", port: 5432, database: "shop", user: "ada" };

  test.each([
    ["db:5432:shop:ada:one", "one"],
    ["other:5432:*:*:no\n*:*:*:ada:two\n*:*:*:*:later", "two"],
    ["# db:5432:shop:ada:no\n\ndb:*:*:ada:three\r\n", "three"],
    ["db:5432:shop:ada:a\\:b\\\\c", "a:b\\c"],
    ["db:5432:shop:ada:with:colon", "with"],
    ["d\\b:5432:shop:ada:escaped", "escaped"],
    ["db:5433:shop:ada:no", undefined],
    ["db:5432:shop:ada", undefined],
    ["db:5432:shop:\\*:no", undefined],
    ["", undefined],
  ])("%j gives %j", (text, password) => {
    expect(findPassword(text, login)).toBe(password);
  });
});
