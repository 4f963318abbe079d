import { describe, expect, test } from "vitest";
import { parseConfig } from "../../../infra/config";

/** The only database of a stack. */
const first = (more: Record<string, unknown>, roles: Record<string, unknown> = {}) =>
  parseConfig({ "pgstead:database": { name: "shop", ...more }, "pgstead:roles": roles }, { stack: "dev" })
    .databases[0]!;

describe("a database", () => {
  test("has schemas with owner, writers and readers, by the names of the roles on the server", () => {
    const app = { owner: "boss", writers: ["web", "api"], readers: ["owner"] };
    const roles = { boss: {}, web: { name: "shop-web" }, api: {} };
    expect(first({ schemas: { app } }, roles).schemas).toEqual([
      { name: "public", writers: [], readers: [] },
      { name: "app", owner: "shop_boss", writers: ["shop-web", "shop_api"], readers: ["shop_owner"] },
    ]);
  });

  test("has settings as PostgreSQL writes them: true is on, a number is text, a list stays one", () => {
    const settings = {
      jit: false,
      log_lock_waits: true,
      work_mem: "8MB",
      random_page_cost: 1.1,
      search_path: ["a"],
    };
    const { settings: found, authoritative } = first({ settings, authoritative: true });
    expect(found).toEqual({
      jit: "off",
      log_lock_waits: "on",
      work_mem: "8MB",
      random_page_cost: "1.1",
      search_path: ["a"],
    });
    expect(authoritative).toBe(true);
  });

  test("has roles with memberships by key or by name on the server, and those on their way out log in no more", () => {
    const roles = {
      app: { login: true, memberOf: ["reporting", { role: "pg_signal_backend", set: false }] },
      reporting: {},
      watch: { login: true, profile: "monitor", databaseSettings: { work_mem: "4MB" } },
      old: { login: true, passwordVersion: 3, retired: "reassign" },
    };
    const found = new Map(first({}, roles).roles.map((role) => [role.key, role]));
    expect(found.get("app")?.memberOf).toEqual([
      { role: "pg_signal_backend", admin: false, inherit: true, set: false },
      { role: "shop_reporting", admin: false, inherit: true, set: true },
    ]);
    expect(found.get("watch")).toMatchObject({ profile: "monitor", databaseSettings: { work_mem: "4MB" } });
    expect(found.get("old")).toMatchObject({ login: false, retired: "reassign" });
  });
});
