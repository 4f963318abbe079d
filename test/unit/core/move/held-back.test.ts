import { describe, expect, test } from "vitest";
import { leftOut, settingOf, turnOf, turnOfEntry } from "../../../../components/core/move/held-back";

describe("of a backup, a copy for another environment runs", () => {
  test.each([
    ["CREATE SUBSCRIPTION incoming CONNECTION 'password=x' PUBLICATION p WITH (connect = false);", "never"],
    ["ALTER SUBSCRIPTION incoming OWNER TO a;", "never"],
    ["COMMENT ON SUBSCRIPTION incoming IS 'x';", "never"],
    ["CREATE USER MAPPING FOR public SERVER far OPTIONS (\n    password 'x'\n);", "never"],
    ["SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n\t'version', 1);", "never"],
    ["REFRESH MATERIALIZED VIEW app.shown;", "later"],
    ["CREATE EVENT TRIGGER a ON login\n   EXECUTE FUNCTION app.a();", "later"],
    ["ALTER EVENT TRIGGER a ENABLE REPLICA;", "later"],
    ["COMMENT ON EVENT TRIGGER a IS 'CREATE SUBSCRIPTION ';", "later"],
    ["CREATE MATERIALIZED VIEW app.shown AS\n SELECT 1\n  WITH NO DATA;", "now"],
    ["CREATE PUBLICATION outgoing WITH (publish = 'insert');", "now"],
    ["COMMENT ON TABLE a IS 'CREATE USER MAPPING ';", "now"],
  ] as const)("%s: %s", (statement, turn) => {
    expect(turnOf(statement)).toBe(turn);
  });

  test.each([
    ["SUBSCRIPTION - incoming postgres", "never"],
    ["COMMENT - SUBSCRIPTION incoming postgres", "never"],
    ["USER MAPPING - USER MAPPING public SERVER far postgres", "never"],
    ["STATISTICS DATA app people postgres", "never"],
    ["MATERIALIZED VIEW DATA app shown postgres", "later"],
    ["EVENT TRIGGER - a postgres", "later"],
    ["COMMENT - EVENT TRIGGER a postgres", "later"],
    ["MATERIALIZED VIEW app shown postgres", "now"],
    ["TABLE DATA app SUBSCRIPTION postgres", "now"],
    ["COMMENT app TABLE SUBSCRIPTION postgres", "now"],
  ] as const)("of an archive %s: %s", (rest, turn) => {
    expect(turnOfEntry(rest)).toBe(turn);
  });
});

describe("what is left out is told", () => {
  test("by its name alone, and never with its password", () => {
    expect(leftOut(`CREATE SUBSCRIPTION "in ""coming" CONNECTION 'password=x' PUBLICATION p;`)).toBe(
      'subscription in "coming',
    );
    expect(leftOut("CREATE USER MAPPING FOR public SERVER far OPTIONS (password 'x');")).toBe(
      "user mapping of public for server far",
    );
    expect(leftOut("ALTER SUBSCRIPTION incoming OWNER TO a;")).toBeUndefined();
  });

  test("for settings, with the role that they are of", () => {
    expect(settingOf("ALTER DATABASE shop SET app.key TO 'x';")).toBe("app.key");
    expect(settingOf(`ALTER ROLE "a b" IN DATABASE shop SET work_mem TO '7MB';`)).toBe(
      "work_mem of role a b",
    );
    expect(settingOf(`ALTER DATABASE shop SET "TimeZone" TO 'UTC';`)).toBe("TimeZone");
    expect(settingOf("ALTER DATABASE shop OWNER TO a;")).toBeUndefined();
    expect(settingOf("ALTER DATABASE shop SET TABLESPACE t;")).toBeUndefined();
  });
});
