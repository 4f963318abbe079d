import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { parseOutputs, renderConnection } from "../../../infra/toolchain/connect";
import { saltOf, takeOver, withSalt } from "../../../infra/toolchain/stack-file";

const committed = `# The stack of everybody.
config:
  pgstead:target: embedded # no Docker
  pgstead:disposable: true
  pgstead:server: { port: 54320 }
  pgstead:database:
    extensions: [pgcrypto, pg_trgm]
  pgstead:roles:
    app: { login: true, connectionLimit: 40 }
`;

describe("the copy of the stack's file", () => {
  test("has the salt, and all that the file has", () => {
    const copy = withSalt(committed, "v1:abc=:v1:x:y");
    expect(saltOf(copy)).toBe("v1:abc=:v1:x:y");
    expect(parse(copy)).toMatchObject(parse(committed) as object);
  });

  test("keeps the lines of the file where they are, also after a document's start", () => {
    for (const text of [committed, `---\n${committed}`, `---\n${committed}`.trimEnd()]) {
      const copy = withSalt(text, "v1:salt");
      expect(copy.startsWith(text)).toBe(true);
      expect(parse(copy)).toEqual({ ...(parse(text) as object), encryptionsalt: "v1:salt" });
    }
    expect(withSalt("", "v1:salt")).toBe('encryptionsalt: "v1:salt"\n');
  });

  test("has one salt, even where the file had another", () => {
    expect(saltOf(withSalt(withSalt(committed, "v1:old"), "v1:new"))).toBe("v1:new");
  });
});

describe("what a command changed in its copy", () => {
  const before = withSalt(committed, "v1:salt");
  const after = (edit: (text: string) => string) =>
    takeOver(before, withSalt(edit(committed), "v1:salt"), committed);

  test("is nothing when only the salt differs", () => {
    expect(takeOver(committed, before, committed)).toBe(committed);
  });

  test("is nothing when Pulumi only laid the file out anew", () => {
    const relaid = withSalt(
      committed.replace("true\n  pgstead:server", '"true"\n  pgstead:server').replace(" # no Docker", ""),
      "v1:salt",
    );
    expect(takeOver(before, relaid, committed)).toBe(committed);
  });

  test("is done to the file, and every other line stays as it was", () => {
    const result = after((text) => text.replace("connectionLimit: 40", "connectionLimit: 50"));
    expect(result).toBe(committed.replace("connectionLimit: 40", "connectionLimit: 50"));
  });

  test("may be a new key or a key that is gone", () => {
    expect(after((text) => `${text}  pgstead:new: 1\n`)).toBe(`${committed}  pgstead:new: 1\n`);
    const gone = after((text) => text.replace("  pgstead:server: { port: 54320 }\n", ""));
    expect(gone).toBe(committed.replace("  pgstead:server: { port: 54320 }\n", ""));
  });

  test("is merged with what the user changed meanwhile", () => {
    const edited = committed.replace("54320", "54321");
    const result = takeOver(
      before,
      before.replace("limit: 40", "limit: 50").replace("Limit: 40", "Limit: 50"),
      edited,
    );
    expect(result).toBe(edited.replace("Limit: 40", "Limit: 50"));
  });

  test("keeps a value that differs by white space alone", () => {
    const spaced = after((text) => text.replace("embedded #", '"embed ded" #'));
    expect((parse(spaced) as { config: Record<string, unknown> }).config["pgstead:target"]).toBe("embed ded");
  });

  test("is nothing where a file cannot be read: what was written is never emptied", () => {
    for (const broken of ["a: [", "a: 1\n---\nb: 2\n", "- a list\n", "text"]) {
      expect(takeOver(broken, before, committed)).toBe(committed);
      expect(takeOver(before, broken, committed)).toBe(committed);
      expect(takeOver(before, withSalt("config: {}\n", "v1:salt"), broken)).toBe(broken);
    }
    const started = `---\n${committed}`;
    expect(takeOver(withSalt(started, "v1:a"), withSalt(started, "v1:a"), started)).toBe(started);
  });

  test("brings an encrypted value along, and no salt", () => {
    const result = after((text) => `${text}  pgstead:key:\n    secure: v1:a:b\n`);
    expect(result).toContain("secure: v1:a:b");
    expect(saltOf(result)).toBeUndefined();
  });
});

describe("how to connect", () => {
  const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "c" };
  const place = { host: "127.0.0.1", port: 54320, version: "17.10", uris: secret };

  test("one database has its roles, the application's first", () => {
    const outputs = parseOutputs({
      ...place,
      database: "shop",
      roles: { readonly: "shop_r", app: "shop_app" },
    });
    const text = renderConnection(outputs!);
    expect(text).toContain("PostgreSQL 17.10 listens on 127.0.0.1, port 54320.");
    expect(text).toContain("npm run ops -- connection --role app ");
    expect(text).toContain("psql -h 127.0.0.1 -p 54320 -U shop_app shop");
    expect(text).not.toContain("ciphertext");
  });

  test("several databases are told apart", () => {
    const outputs = parseOutputs({
      ...place,
      database: { shop: "shop", crm: "crm" },
      roles: { shop: { app: "shop_app" }, crm: { api: "crm_api" } },
    });
    expect(outputs?.databases).toEqual([
      { name: "shop", roles: { app: "shop_app" } },
      { name: "crm", roles: { api: "crm_api" } },
    ]);
    expect(renderConnection(outputs!)).toContain("--role app --database shop");
  });

  test("a stack without a server has nothing to tell", () => {
    expect(parseOutputs({})).toBeUndefined();
    expect(parseOutputs(undefined)).toBeUndefined();
  });
});
