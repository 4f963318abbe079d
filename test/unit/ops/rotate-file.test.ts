import { describe, expect, test } from "vitest";
import { parseStackFile } from "../../../infra/ops/stack";
import { chooseSubjects } from "../../../infra/ops/rotate/choose";
import { editStackFile, type Edit } from "../../../infra/ops/rotate/edit-file";

const file = "Pulumi.dev.yaml";
const flat = `config:
  pgstead:database: { name: shop, schemas: { api: {} } }
  # who works with it
  pgstead:roles:
    app: { login: true,   connectionLimit: 40 } # the shop
    report:
      login: true
      passwordVersion: 7 # last March
    turn: { login: true, rotation: dual, passwordVersion: 4 }
    kept: { login: true, password: keep }
    over: { login: true, validUntil: "2020-01-01T00:00:00Z" }
`;

function edit(text: string, edits: readonly Edit[], several = false): string {
  return editStackFile(text, { file, stack: "dev", several }, edits);
}

const of = (key: string, database = "shop") => ({ database, key });

describe("a number in the stack's file", () => {
  test("is raised where it stands, with comments and layout kept", () => {
    expect(edit(flat, [{ of: of("report"), passwordVersion: 8 }])).toBe(
      flat.replace("passwordVersion: 7 ", "passwordVersion: 8 "),
    );
  });

  test("is added where there is none: of a role in a line, of one that is implied, of the administrator", () => {
    const text = edit(flat, [
      { of: of("app"), passwordVersion: 2 },
      { of: of("migrator"), passwordVersion: 2 },
      { passwordVersion: 2 },
    ]);
    expect(text).toContain("# who works with it");
    expect(text).toContain("passwordVersion: 2 } # the shop");
    const { databases, server } = parseStackFile(file, text, "dev");
    const numbers = databases[0]!.roles.map(({ name, passwordVersion }) => [name, passwordVersion]);
    expect(numbers).toContainEqual(["shop_app", 2]);
    expect(numbers).toContainEqual(["shop_migrator", 2]);
    expect(server.administrator.passwordVersion).toBe(2);
  });

  test("is added in a file that stands four spaces further in, as Pulumi writes it", () => {
    const wide = `config:
    pgstead:database:
        name: shop
    pgstead:roles:
        app:
            login: true
            connectionLimit: 40
`;
    const added = `            connectionLimit: 40\n            passwordVersion: 2\n`;
    expect(edit(wide, [{ of: of("app"), passwordVersion: 2 }])).toBe(
      wide.replace("            connectionLimit: 40\n", added),
    );
  });

  test("is that of the right database of several, and of roles below pgstead:database", () => {
    const roles = "roles: { app: { login: true } }";
    const several = `config:\n  pgstead:databases:\n    a: { ${roles} }\n    b: { ${roles} }\n`;
    const text = edit(several, [{ of: of("app", "b"), passwordVersion: 2 }], true);
    expect(text).toBe(
      `config:\n  pgstead:databases:\n    a: { ${roles} }\n    b: { roles: { app: { login: true, passwordVersion: 2 } } }\n`,
    );
    const inside = `config:\n  pgstead:database: { name: shop, ${roles} }\n`;
    expect(edit(inside, [{ of: of("app"), passwordVersion: 3, rotation: "dual" }])).toContain(
      "app: { login: true, passwordVersion: 3, rotation: dual }",
    );
  });

  test.each([
    [
      "an alias",
      "config:\n  pgstead:database: { name: shop }\n  pgstead:roles: { one: &x { login: true }, app: *x }\n",
    ],
    ["JSON text", `config:\n  pgstead:database: { name: shop }\n  pgstead:roles: '{"app":{"login":true}}'\n`],
  ])("that stands in %s is left alone, and said how to write", (_what, text) => {
    expect(() => edit(text, [{ of: of("app"), passwordVersion: 2 }])).toThrow(
      /write passwordVersion: 2 there by hand/,
    );
  });
});

describe("what is rotated", () => {
  const config = parseStackFile(file, flat, "dev");
  const deployed = [
    { role: "postgres", login: "postgres", passwordVersion: 1 },
    { role: "shop_app", login: "shop_app", passwordVersion: 1 },
    { role: "shop_report", login: "shop_report", passwordVersion: 6 },
    { role: "shop_turn", login: "shop_turn_2", passwordVersion: 4 },
  ];
  const choose = (args: object, ...operands: string[]) =>
    chooseSubjects(config, deployed, { operands, ...args }, Date.parse("2026-01-01"));

  test("is a single login, the other one of two, or what a killed run began", () => {
    expect(choose({}, "app")[0]).toMatchObject({ kind: "single", from: 1, to: 2, login: "shop_app" });
    const turn = { kind: "dual", from: 4, to: 5, login: "shop_turn", before: "shop_turn_2" };
    expect(choose({}, "turn")[0]).toMatchObject(turn);
    expect(choose({}, "shop_turn_2")[0]).toMatchObject(turn);
    expect(choose({}, "report")[0]).toMatchObject({ from: 6, to: 7, edit: undefined });
    expect(choose({}, "administrator")[0]).toMatchObject({ kind: "administrator", role: "postgres", to: 2 });
    expect(choose({ finish: true }, "turn")[0]).toMatchObject({
      to: 4,
      login: "shop_turn_2",
      before: "shop_turn",
    });
  });

  test.each([
    ["kept", {}, /is kept as the server has it/],
    ["over", {}, /is refused since 2020-01-01T00:00:00Z/],
    ["app", { finish: true }, /app has one login/],
    ["ap", {}, /did you mean app/],
    ["app", { all: true }, /stands beside app/],
  ])("is not %s %j", (role, args, message) => {
    expect(() => choose(args, role)).toThrow(message);
  });
});
