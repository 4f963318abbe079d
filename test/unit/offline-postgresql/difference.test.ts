import { describe, expect, test } from "vitest";
import { secret, unknown, type PropertyMap } from "../../../components/providers/properties";
import { databaseShape } from "../../../infra/toolchain/offline/postgresql/database";
import { diffAttributes } from "../../../infra/toolchain/offline/shared/difference";
import { extensionShape } from "../../../infra/toolchain/offline/postgresql/extension";
import { importedInputs, keepSecrets, refreshedInputs } from "../../../infra/toolchain/offline/shared/inputs";
import { roleShape } from "../../../infra/toolchain/offline/postgresql/role-shape";

const state: PropertyMap = {
  name: "app",
  login: true,
  connectionLimit: -1,
  inherit: true,
  validUntil: "infinity",
  encryptedPassword: true,
  password: secret(null),
  roles: null,
  searchPaths: null,
  statementTimeout: 0,
};
const inputs: PropertyMap = { name: "app", login: true };
const diffRole = (old: PropertyMap, next: PropertyMap, ignored: readonly string[] = []) =>
  diffAttributes(roleShape, { ...state, ...old }, { ...inputs, ...next }, ignored);

describe("differences of the offline postgresql plugin", () => {
  test("nothing, false, 0 and empty lists are the same", () => {
    expect(diffRole({}, { roles: [], searchPaths: [], superuser: false, statementTimeout: 0 }).changed).toBe(
      false,
    );
    expect(diffRole({ superuser: null }, {}).changed).toBe(false);
  });

  test("what only the state has is a difference, unless it is at its default", () => {
    expect(diffRole({ roles: ["club"] }, {}).detailed).toEqual({ roles: "delete" });
    expect(diffRole({ statementTimeout: 5 }, {}).detailed).toEqual({ statementTimeout: "delete" });
    expect(diffRole({ connectionLimit: 5 }, {}).detailed).toEqual({ connectionLimit: "update" });
  });

  test("kinds say what happens to a property", () => {
    expect(diffRole({}, { password: secret("x") }).detailed).toEqual({ password: "add" });
    expect(diffRole({ password: secret("y") }, { password: secret("x") }).detailed).toEqual({
      password: "update",
    });
    expect(diffRole({ password: secret("x") }, { password: "x" }).changed).toBe(false);
  });

  test("roles are a set, search paths are a list", () => {
    expect(diffRole({ roles: ["a", "b"] }, { roles: ["b", "a"] }).changed).toBe(false);
    expect(diffRole({ roles: ["a", "b"] }, { roles: ["b", "c", "d"] }).detailed).toEqual({
      "roles[0]": "delete",
      "roles[1]": "add",
      "roles[2]": "add",
    });
    expect(diffRole({ searchPaths: ["a", "b"] }, { searchPaths: ["b", "a"] }).detailed).toEqual({
      "searchPaths[0]": "update",
      "searchPaths[1]": "update",
    });
  });

  test("what is not known yet differs", () => {
    expect(diffRole({ roles: ["a"] }, { roles: [unknown] }).changed).toBe(true);
    const database = diffAttributes(
      databaseShape,
      { name: "a", lcCollate: "C" },
      { name: "a", lcCollate: unknown },
      [],
    );
    expect(database).toMatchObject({ detailed: { lcCollate: "update-replace" }, deleteBeforeReplace: true });
  });

  test("what the server decides is no difference when it is not given", () => {
    const old = {
      name: "a",
      owner: "b",
      encoding: "UTF8",
      template: "template0",
      connectionLimit: -1,
      allowConnections: true,
    };
    expect(diffAttributes(databaseShape, old, { name: "a" }, []).changed).toBe(false);
    expect(diffAttributes(databaseShape, old, { name: "a", owner: "" }, []).changed).toBe(false);
  });

  test("names that are ignored are no difference; a star covers nothing that only the state has", () => {
    expect(diffRole({ roles: ["club"] }, {}, ["roles"]).changed).toBe(false);
    expect(diffRole({ roles: ["club"] }, {}, ["*"]).changed).toBe(true);
  });

  test("an extension's name makes it anew, a role's does not", () => {
    const extension = diffAttributes(extensionShape, { name: "a" }, { name: "b" }, []);
    expect(extension.detailed).toEqual({ name: "update-replace" });
    expect(diffRole({}, { name: "b" })).toMatchObject({
      detailed: { name: "update" },
      deleteBeforeReplace: false,
    });
  });
});

describe("inputs that are read back", () => {
  test("a refresh takes the server's values, and a changed default is none any more", () => {
    const old = { name: "app", searchPaths: ["a"], connectionLimit: -1, __defaults: ["connectionLimit"] };
    const outputs = { name: "app", searchPaths: ["b", "c"], connectionLimit: 3, login: true };
    expect(refreshedInputs(old, outputs)).toEqual({
      name: "app",
      searchPaths: ["b"],
      connectionLimit: 3,
      __defaults: [],
    });
  });

  test("an import takes what is not at its default", () => {
    const outputs = { ...state, id: "app", inherit: false, statementTimeout: 5, roles: ["club"] };
    expect(importedInputs(roleShape, outputs)).toEqual({
      __defaults: [],
      name: "app",
      login: true,
      inherit: false,
      statementTimeout: 5,
      roles: ["club"],
    });
  });

  test("an output is secret where its input is", () => {
    expect(keepSecrets({ name: "a", owner: "b" }, { owner: secret("b") })).toEqual({
      name: "a",
      owner: secret("b"),
    });
  });
});
