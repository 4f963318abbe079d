import { beforeAll, expect, test } from "vitest";
import { Audit, Database, EmbeddedServer } from "../../components";
import { isSecret, type PropertyMap } from "../../components/providers/properties";
import { record, type Recorded } from "../support/recorded-program";

let recorded: readonly Recorded[];

beforeAll(async () => {
  ({ resources: recorded } = await record(() => {
    const { connection } = new EmbeddedServer("server", {
      port: 54320,
      disposable: true,
      checkout: "/checkout",
    });
    const database = new Database("shop", { connection, name: "shop", owner: "shop_owner" });
    return new Audit("shop", { connection, database, owner: "shop_audit", schemas: ["app"] });
  }));
});

test("a trail is one resource that goes with its database, and holds no password in clear", () => {
  const found = recorded.filter(({ urn }) => urn.includes("pgstead:index:Audit"));
  expect(found).toHaveLength(1);
  const [audit] = found;
  expect(audit?.inputs).toMatchObject({
    audit: {
      database: "shop",
      owner: "shop_audit",
      manager: "postgres",
      schemas: ["app"],
      tables: [],
      ddl: true,
    },
  });
  expect(audit?.deletedWith).toContain("Database");
  const { connection } = audit?.inputs as { connection: PropertyMap };
  expect(isSecret(connection.password)).toBe(true);
});
