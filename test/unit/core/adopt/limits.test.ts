import { describe, expect, test } from "vitest";
import { adopt, database, role, server } from "./adopted-server";

describe("what the configuration cannot say is left as it is, and told", () => {
  test.each([
    ["a superuser", role("root2", { superuser: true }), "it is a superuser"],
    ["a name that it does not take", role("my role"), "it has a space"],
    ["a password that was never valid", role("never", { validUntil: "-infinity" }), "never valid"],
    ["a moment with fractions", role("half", { validUntil: 0.5 }), "fractions of a second"],
  ])("a role with %s", (_what, odd, message) => {
    const { only, notes } = adopt(server({ databases: [database("shop")], roles: [odd] }));
    expect(only.roles).toBeUndefined();
    expect(notes).toContainEqual({
      subject: `role ${odd.name}`,
      message: expect.stringContaining(message) as unknown,
    });
  });

  test("a role with settings in two databases, or with one that may be a secret", () => {
    const in_ = (name: string, place: string | null, setting: string) => ({
      role: name,
      database: place,
      settings: [setting],
    });
    const settings = [
      in_("both", "shop", "jit=off"),
      in_("both", "billing", "jit=on"),
      in_("quiet", null, "app.api_token=abc"),
    ];
    const databases = [database("shop"), database("billing")];
    const { config, notes, roles } = adopt(
      server({ databases, roles: [role("both"), role("quiet")], settings }),
    );
    expect(roles).toEqual([]);
    expect(JSON.stringify(config)).not.toContain("abc");
    expect(notes.map(({ message }) => message).join()).not.toContain("abc");
    expect(notes.map(({ subject }) => subject)).toEqual([
      "role both",
      "role quiet",
      "privileges in billing, shop",
      "the whole server",
    ]);
  });

  test("a database that takes no connections, is a template, has no public, or could not be seen", () => {
    const names = ["closed", "mold", "bare", "shut", "my db", "postgres", "shop"];
    const databases = names.map((name) => database(name, { allowConnections: name !== "closed" }));
    const found = server({ databases }, { bare: { schemas: [], extensions: [] } });
    const { config, notes } = adopt({
      ...found,
      databases: found.databases.map((one) => {
        if (one.name === "mold") return { ...one, isTemplate: true };
        return one.name === "shut"
          ? { name: "shut", isTemplate: false, reason: "no entry in pg_hba.conf" }
          : one;
      }),
    });
    expect(config["pgstead:database"]).toMatchObject({ name: "shop" });
    expect(notes.map(({ subject }) => subject)).toEqual([
      "database bare",
      "database closed",
      "database mold",
      "database my db",
      "database shut",
      "privileges in shop",
      "the whole server",
    ]);
    expect(notes.find(({ subject }) => subject === "database shut")?.message).toContain("pg_hba.conf");
  });
});
