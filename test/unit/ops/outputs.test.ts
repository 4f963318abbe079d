import { describe, expect, test } from "vitest";
import { CannotTellError } from "../../../infra/ops/failure";
import { parseOutputs } from "../../../infra/ops/outputs";

const one = {
  host: "127.0.0.1",
  port: 54320,
  version: "17.10",
  database: "shop",
  roles: { app: "shop_app" },
  uris: { app: "postgresql://shop_app:app-word@127.0.0.1:54320/shop" },
  administratorUri: "postgresql://postgres:admin-word@127.0.0.1:54320/postgres",
};

function failure(text: string): CannotTellError {
  try {
    parseOutputs(text, "prod");
  } catch (error) {
    if (error instanceof CannotTellError) return error;
    throw error;
  }
  throw new Error("it was read");
}

describe("outputs of a stack", () => {
  test("of one database are flat", () => {
    const { administrator, logins } = parseOutputs(JSON.stringify(one), "prod");
    expect(administrator).toMatchObject({ user: "postgres", password: "admin-word", port: 54320 });
    expect(logins).toEqual([{ database: "shop", key: "app", role: "shop_app", uri: one.uris.app }]);
  });

  test("have the authority of a server that made its own: the file of the URI may be on another machine", () => {
    const uri = `${one.administratorUri}?sslmode=verify-full&sslrootcert=.pgstead%2Fshop-ca.crt`;
    const caCertificate = "-----BEGIN CERTIFICATE-----";
    const { administrator } = parseOutputs(
      JSON.stringify({ ...one, administratorUri: uri, caCertificate }),
      "prod",
    );
    expect(administrator.tls).toEqual({ mode: "verify-full", ca: caCertificate });
  });

  test("of several databases are by database", () => {
    const several = {
      ...one,
      database: { shop: "shop", billing: "billing" },
      roles: { shop: { app: "shop_app" }, billing: { app: "billing_app" } },
      uris: { shop: { app: one.uris.app }, billing: { app: one.uris.app } },
    };
    const { logins } = parseOutputs(JSON.stringify(several), "prod");
    expect(logins.map(({ database, role }) => [database, role])).toEqual([
      ["shop", "shop_app"],
      ["billing", "billing_app"],
    ]);
  });

  test("that are missing say that the stack was never deployed, and how to", () => {
    const { message } = failure("{}");
    expect(message).toContain("never deployed");
    expect(message).toContain("npm run pulumi -- up --stack prod");
  });

  test.each([
    ["of another program", JSON.stringify({ bucket: "secret-word" })],
    ["without the administrator", JSON.stringify({ ...one, administratorUri: undefined })],
    ["with a broken URI", JSON.stringify({ ...one, administratorUri: "postgresql://admin-word" })],
    ["with maps where names belong", JSON.stringify({ ...one, database: { shop: "shop" } })],
    ["that are no JSON", `{"administratorUri": "postgresql://postgres:admin-word@h:1/p"`],
    ["that are a text", '"admin-word"'],
  ])("%s are refused without repeating a secret", (_what, text) => {
    const { message } = failure(text);
    expect(message).toContain("cannot be read");
    expect(message).not.toMatch(/admin-word|app-word|secret-word/);
  });
});
