import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";
import { planStack } from "../../../infra/plan";
import { problemsOf } from "./bad-configuration";

const database = { name: "shop", schemas: { app: {}, audit: { readers: ["readonly"] } } };
const base = {
  "pgstead:database": database,
  "pgstead:roles": { app: { login: true }, readonly: { login: true } },
};

const stack = (audit: unknown, change: Record<string, unknown> = {}) =>
  parseConfig({ ...base, "pgstead:audit": audit, ...change }, { stack: "dev" });

describe("pgstead:audit", () => {
  test("is complete with its defaults, and brings the schema and its owner along", () => {
    const [shop] = stack({
      schemas: ["app"],
      tables: { "app.orders": { exclude: ["card"] }, "app.sessions": false, 'app."My table"': true },
      retention: "2 years",
    }).databases;
    expect(shop?.audit).toEqual({
      owner: "shop_audit",
      schemas: ["app"],
      tables: [
        { schema: "app", name: "My table", audited: true, exclude: [] },
        { schema: "app", name: "orders", audited: true, exclude: ["card"] },
        { schema: "app", name: "sessions", audited: false, exclude: [] },
      ],
      retention: { months: 24, days: 0 },
      ddl: true,
      pgaudit: [],
    });
    expect(shop?.schemas.find(({ name }) => name === "audit")).toEqual({
      name: "audit",
      owner: "shop_audit",
      trail: true,
      writers: [],
      readers: ["shop_readonly"],
    });
    expect(shop?.roles.find(({ key }) => key === "audit")).toMatchObject({
      name: "shop_audit",
      login: false,
    });
  });

  test("stands in a database of several as well", () => {
    const { databases } = parseConfig(
      { "pgstead:databases": { shop: { schemas: { app: {} }, audit: { schemas: ["app"] } }, other: {} } },
      { stack: "dev" },
    );
    expect(databases.map(({ name, audit, schemas }) => [name, audit?.owner, schemas.length])).toEqual([
      ["other", undefined, 1],
      ["shop", "shop_audit", 3],
    ]);
  });

  test("pgaudit: true loads the library, installs the extension and says what is logged, on target docker", () => {
    const config = stack(
      { schemas: ["app"], pgaudit: true },
      {
        "pgstead:target": "docker",
        "pgstead:server": { memory: "2GB", cpus: 2 },
        "pgstead:monitoring": { enabled: false },
      },
    );
    expect(config.tuning?.settings.shared_preload_libraries).toEqual(["pg_stat_statements", "pgaudit"]);
    const [shop] = planStack(config).databases;
    expect(shop?.database.settings).toEqual({ "pgaudit.log": "write, ddl, role" });
    expect(shop?.extensions).toContainEqual({ name: "pgaudit", schema: "public" });
  });

  test("all mistakes are told at once", () => {
    const problems = problemsOf({
      "pgstead:audit": {
        schemas: ["ap", "audit", "app", "app"],
        tables: {
          orders: true,
          "app.x": { exclude: ["a", "a"] },
          "App.X": true,
          "app.y": { audited: false, exclude: ["b"] },
        },
        retention: "a while",
        pgaudit: true,
      },
      "pgstead:database": {
        name: "shop",
        extensions: [{ name: "pg_trgm", schema: "audit" }],
        schemas: { app: {}, audit: { owner: "app", writers: ["app"] } },
      },
      "pgstead:roles": {
        app: {
          login: true,
          memberOf: ["audit"],
          grants: [{ on: { table: "audit.change_log" }, privileges: ["SELECT", "INSERT"] }],
        },
        audit: { login: true },
      },
    });
    expect(problems).toMatchInlineSnapshot(`
      [
        "pgstead:audit.schemas[0]: the database has no schema "ap" / did you mean app?",
        "pgstead:audit.schemas[1]: audit holds the trail, which records others and not itself / remove it",
        "pgstead:audit.schemas[3]: app is listed twice / remove one of the two",
        "pgstead:audit.tables.orders: "orders" is no name of a table / write its schema and its name, such as app.orders or app."My table"",
        "pgstead:audit.tables["app.x"].exclude[1]: a is listed twice / remove one of the two",
        "pgstead:audit.tables["app.y"].exclude: says nothing of a table that is not audited / remove it, or audited: false",
        "pgstead:audit.tables["App.X"]: is there twice / remove one of the two",
        "pgstead:audit.retention: "a while" is not a time / write it such as 24 months, 2 years or 90 days; without the line nothing is dropped",
        "pgstead:audit.pgaudit: the embedded server has no pgaudit / remove it here; target docker has it, and so may an existing server",
        "pgstead:database.schemas.audit.owner: app would own the trail, and could change it / remove the line: role audit owns it, as whom nobody works",
        "pgstead:database.schemas.audit.writers: nobody writes to the trail / name them as readers",
        "pgstead:database.extensions: pg_trgm is to be in schema audit, which holds the trail alone / name another schema",
        "pgstead:roles.audit.login: is not for the role that owns the trail / remove it: the role owns the trail, and nobody works as it",
        "pgstead:roles.app.memberOf[0]: app could change the trail as a member of its owner / remove it; who reads the trail is in schemas: { audit: { readers: […] } }",
        "pgstead:roles.app.grants[0].privileges: INSERT on the trail would let app change or forge it / write [SELECT]",
      ]
    `);
  });

  test.each([
    [{ tables: { "app.orders": { exlude: ["card"] } } }, 'pgstead:audit.tables["app.orders"].exlude'],
    [{ tables: { "app.orders": "no" } }, "is not true, false or a map"],
    [{ pgaudit: ["reads"] }, "is not one of read, write"],
    [{ schemas: "app" }, "is not a list"],
  ])("%j is told by its place", (audit, text) => {
    expect(problemsOf({ ...base, "pgstead:audit": audit }).join("\n")).toContain(text);
  });

  test("the short form beside the long one, and beside several databases, is refused", () => {
    const audit = { schemas: ["app"] };
    expect(
      problemsOf({ ...base, "pgstead:audit": audit, "pgstead:database": { ...database, audit } }),
    ).toEqual(["pgstead:database.audit: stands beside pgstead:audit / keep one of the two"]);
    expect(problemsOf({ "pgstead:audit": audit, "pgstead:databases": { shop: {} } })).toEqual([
      "pgstead:audit: belongs to pgstead:database, and this stack has pgstead:databases / move it into a database: pgstead:databases: { <name>: { audit: { … } } }",
    ]);
  });
});
