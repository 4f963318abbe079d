import fc from "fast-check";
import { expect, test } from "vitest";
import {
  connectionUri,
  parseConnectionUri,
  renderPlace,
  resolveTls,
} from "../../../components/core/connection";

test("a connection is libpq's URI", () => {
  const target = { host: "127.0.0.1", port: 54320, user: "shop_app", password: "a/b@c:d" };
  expect(connectionUri(target, "shop")).toBe("postgresql://shop_app:a%2Fb%40c%3Ad@127.0.0.1:54320/shop");
});

test("what is written is read back, whatever the names and passwords", () => {
  const word = fc.string({ unit: "grapheme", minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(word, word, word, fc.integer({ min: 1, max: 65535 }), (user, password, database, port) => {
      const target = { host: "127.0.0.1", port, user, password };
      expect(parseConnectionUri(connectionUri(target, database))).toEqual({ ...target, database });
    }),
    { verbose: true },
  );
});

test("a text that is no such URI is not repeated, as it may hold a password", () => {
  expect(() => parseConnectionUri("mysql://u:hunter2@h/d")).toThrow("not a connection URI of pgstead");
  expect(() => parseConnectionUri("mysql://u:hunter2@h/d")).not.toThrow("hunter2");
});

test("a socket's directory stands in the place of a host, without TLS", () => {
  const target = { host: "/var/run/postgresql", port: 5432, user: "postgres", password: "" };
  const uri = "postgresql://postgres@%2Fvar%2Frun%2Fpostgresql:5432/shop";
  expect(connectionUri(target, "shop")).toBe(uri);
  expect(parseConnectionUri(uri)).toEqual({ ...target, database: "shop" });
  expect(connectionUri({ ...target, tls: { mode: "require" } }, "shop")).toBe(uri);
  expect(resolveTls({ ...target, tls: { mode: "require" } })).toEqual({ mode: "disable" });
  expect(renderPlace(target)).toBe("/var/run/postgresql/.s.PGSQL.5432");
  expect(renderPlace({ host: "::1", port: 5432 })).toBe("[::1]:5432");
});
