import { describe, expect, test } from "vitest";
import { secret, unknown, type PropertyMap } from "../../../components/providers/properties";
import { checkInputs } from "../../../infra/toolchain/offline/shared/check";
import { databaseShape } from "../../../infra/toolchain/offline/postgresql/database";
import { extensionShape } from "../../../infra/toolchain/offline/postgresql/extension";
import { roleShape } from "../../../infra/toolchain/offline/postgresql/role-shape";
import { schemaShape } from "../../../infra/toolchain/offline/postgresql/schema";

const checkRole = (inputs: PropertyMap, old: PropertyMap = {}) => checkInputs(roleShape, old, inputs);

describe("inputs of the offline postgresql plugin", () => {
  test("defaults are added and named, but not the ones that say nothing", () => {
    expect(checkRole({ name: "app", inherit: false })).toEqual({
      failures: [],
      inputs: {
        __defaults: ["connectionLimit", "encryptedPassword", "validUntil"],
        name: "app",
        inherit: false,
        connectionLimit: -1,
        encryptedPassword: true,
        validUntil: "infinity",
      },
    });
    expect(checkInputs(databaseShape, {}, { name: "shop" }).inputs.__defaults).toEqual([
      "allowConnections",
      "connectionLimit",
    ]);
    expect(checkInputs(schemaShape, {}, { name: "app" }).inputs.__defaults).toEqual(["ifNotExists"]);
    expect(checkInputs(extensionShape, {}, { name: "citext" }).inputs.__defaults).toEqual([]);
  });

  test("an old default stays, an old value of the program's does not", () => {
    const old = { name: "app", connectionLimit: 5, validUntil: "2030-01-01", __defaults: ["validUntil"] };
    const { inputs } = checkRole({ name: "app" }, old);
    expect(inputs).toMatchObject({ connectionLimit: -1, validUntil: "2030-01-01" });
  });

  test("secrets stay wrapped, and what is not known is not judged", () => {
    const password = secret("hidden");
    const { inputs, failures } = checkRole({ name: unknown, password, roles: [unknown] });
    expect(failures).toEqual([]);
    expect(inputs.password).toEqual(password);
  });

  test.each([
    ["assumeRole", roleShape, { name: "a", assumeRole: "b" }],
    ["encrypted", roleShape, { name: "a", encrypted: "true" }],
    ["passwordWo", roleShape, { name: "a", passwordWo: secret("b") }],
    ["passwordWoVersion", roleShape, { name: "a", passwordWoVersion: "1" }],
    ["policies", schemaShape, { name: "a", policies: [{ usage: true }] }],
    ["tablespaceName", databaseShape, { name: "a", tablespaceName: "fast" }],
    ["isTemplate", databaseShape, { name: "a", isTemplate: true }],
    ["alterObjectOwnership", databaseShape, { name: "a", alterObjectOwnership: true }],
  ])("%s is refused by name, with the way out", (property, shape, inputs) => {
    const { failures } = checkInputs(shape, {}, inputs);
    expect(failures.map((failure) => failure.property)).toEqual([property]);
    expect(failures[0]?.reason).toMatch(
      /offline edition[\s\S]*pulumi plugin install resource postgresql 3\.18\.1/,
    );
  });

  test("all mistakes are told at once, without the values of secrets", () => {
    const { failures } = checkRole({
      login: "yes",
      connectionLimit: -2,
      password: secret(12345),
      searchPaths: ["a, b"],
      statementTimeout: 1.5,
      colour: "red",
    });
    expect(failures.map(({ property }) => property)).toEqual([
      "name",
      "login",
      "connectionLimit",
      "password",
      "searchPaths",
      "statementTimeout",
      "colour",
    ]);
    expect(JSON.stringify(failures)).not.toContain("12345");
  });

  test("a name that PostgreSQL would cut is refused", () => {
    expect(checkRole({ name: "ü".repeat(32) }).failures[0]?.reason).toContain("64 bytes");
    expect(checkRole({ name: "ü".repeat(31) }).failures).toEqual([]);
    expect(checkRole({ name: "" }).failures).toHaveLength(1);
  });

  test("DEFAULT is refused where it would differ for ever", () => {
    expect(checkInputs(databaseShape, {}, { name: "a", encoding: "default" }).failures).toHaveLength(1);
    expect(checkInputs(databaseShape, {}, { name: "a", lcCollate: "C" }).failures).toEqual([]);
  });

  test("the only supported value of a property is accepted", () => {
    const inputs = {
      name: "a",
      tablespaceName: "pg_default",
      isTemplate: false,
      alterObjectOwnership: false,
    };
    expect(checkInputs(databaseShape, {}, inputs).failures).toEqual([]);
  });
});
