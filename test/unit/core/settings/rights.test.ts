import { expect, test } from "vitest";
import { newServerSettings } from "../../../../components/core/settings/catalog";
import { planSettings } from "../../../../components/core/settings/plan";
import { settingLimit, type SettingRights } from "../../../../components/core/settings/rights";

const rights: SettingRights = {
  login: "master",
  alter: ["timezone", "work_mem"],
  set: ["log_statement", "shop.tenant"],
  reload: true,
  closed: ["log_duration", "log_statement"],
  ofLibraries: ["auto_explain.log_analyze"],
};

test.each([
  ["work_mem", undefined],
  ["LOG_STATEMENT", undefined],
  ["shop.tenant", undefined],
  ["auto_explain.log_analyze", undefined],
  ["log_duration", "log_duration is a superuser's to set, and master was not granted SET on it"],
  ["other.tenant", "no loaded library knows other.tenant, and only a superuser sets such a one"],
])("whether a login may set %s for a role", (name, limit) => {
  expect(settingLimit(rights, name)).toBe(limit);
});

function plan(settings: Record<string, string>, isManaged: boolean, change: Partial<SettingRights> = {}) {
  const declared = {
    reasons: {},
    restart: "allow",
    canRestart: false,
    names: Object.keys(settings),
  } as const;
  const catalog = { ...newServerSettings([]), rights: { ...rights, ...change } };
  return planSettings({ ...declared, settings, limited: { login: "master", isManaged } }, catalog);
}

test("what was granted is planned, and the rest refused by name unless the service sets it", () => {
  const wanted = { work_mem: "8MB", TimeZone: "UTC", jit: "off", max_connections: "50" };
  const managed = plan(wanted, true);
  expect(managed.refusals).toEqual([]);
  expect(managed.statements.map(({ sql }) => sql)).toEqual([
    `ALTER SYSTEM SET "TimeZone" = 'UTC'`,
    `ALTER SYSTEM SET "work_mem" = '8MB'`,
    "SELECT pg_catalog.pg_reload_conf()",
  ]);
  expect(plan(wanted, false).refusals.map(({ message }) => message)).toEqual([
    "settings are declared that master may not ALTER SYSTEM, as it is no superuser: jit, max_connections",
  ]);
  expect(plan({ jit: "off" }, true)).toMatchObject({ statements: [], refusals: [] });
});

test("what could be written and not be loaded is refused", () => {
  const [refusal] = plan({ work_mem: "8MB" }, true, { reload: false }).refusals;
  expect(refusal?.message).toContain("not have the server read them");
  expect(refusal?.hint).toContain('GRANT EXECUTE ON FUNCTION pg_catalog.pg_reload_conf() TO "master"');
});
