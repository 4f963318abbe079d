import { describe, expect, test } from "vitest";
import { setTarget } from "../../../infra/ops/migrate/stack-target";

const file = "Pulumi.prod.yaml";
const set = (text: string, several = false, database = "shop") =>
  setTarget(text, file, several, { database, target: "0007" });

describe("the target in a stack's file", () => {
  test("is added without a change of anything else", () => {
    const text = `# Ours.
config:
  pgstead:server: { port: 54320,  maxConnections: 60 } # as it was
  pgstead:database:
    name: shop

    schemas: { app: {} }   # one
`;
    expect(set(text)).toEqual({
      text: `${text}  pgstead:migrations:\n    target: "0007"\n`,
      key: "pgstead:migrations.target",
    });
  });

  test("takes the place of another one, and keeps its neighbours and their comments", () => {
    const text = `config:
  pgstead:migrations:
    directory: db/changes # ours
    target: "0009" # until Monday
`;
    expect(set(text).text).toBe(text.replace("0009", "0007"));
    expect(set(set(text).text).text).toBe(set(text).text);
  });

  test("stands where the migrations of its database stand", () => {
    const inside = "config:\n  pgstead:database: { name: shop, migrations: { lockTimeout: 1s } }\n";
    expect(set(inside).key).toBe("pgstead:database.migrations.target");
    expect(set(inside).text).toContain('migrations: { lockTimeout: 1s, target: "0007" }');
    const several = "config:\n  pgstead:databases:\n    billing: {}\n    shop:\n      schemas: { app: {} }\n";
    expect(set(several, true)).toEqual({
      text: `${several}      migrations:\n        target: "0007"\n`,
      key: "pgstead:databases.shop.migrations.target",
    });
  });

  test("is not written into what is no map", () => {
    expect(() => set("config: []\n")).toThrow("Pulumi.prod.yaml");
  });
});
