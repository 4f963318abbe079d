import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { newServerSettings, type SettingsCatalog } from "../../../../components/core/settings/catalog";
import { planSettings, type DesiredSettingsOfServer } from "../../../../components/core/settings/plan";
import { renderPlan } from "../../../../components/core/statement";

const values: Readonly<Record<string, string>> = {
  work_mem: "8MB",
  max_connections: "50",
  "app.tenant": "a",
  log_lock_waits: "on",
  shared_buffers: "64MB",
  statement_timeout: "30s",
};

function desired(
  settings: DesiredSettingsOfServer["settings"],
  change: Partial<DesiredSettingsOfServer> = {},
): DesiredSettingsOfServer {
  return { settings, reasons: {}, restart: "allow", canRestart: true, made: "embedded", ...change };
}

/** A server whose postgresql.auto.conf has these entries, loaded. */
function serverWith(entries: Readonly<Record<string, string>>, change: Partial<SettingsCatalog> = {}) {
  const catalog = newServerSettings([]);
  const file = "/data/postgresql.auto.conf";
  return {
    ...catalog,
    entries: Object.entries(entries).map(([name, value]) => ({
      name,
      value,
      file,
      line: 1,
      error: undefined,
    })),
    ...change,
  };
}

const shuffled = <Item>(items: readonly Item[]): fc.Arbitrary<Item[]> =>
  fc.shuffledSubarray([...items], { minLength: items.length });

describe("a plan of settings", () => {
  test("never depends on the order of what it is made from", () => {
    const inFile = { work_mem: "4MB", jit: "off", geqo: "off", "app.tenant": "b" };
    const catalog = serverWith(inFile);
    const plan = renderPlan(planSettings(desired(values), catalog));
    fc.assert(
      fc.property(
        shuffled(Object.entries(values)),
        shuffled(catalog.entries),
        shuffled(catalog.settings),
        (settings, entries, rows) => {
          const other = { ...catalog, entries, settings: rows };
          expect(renderPlan(planSettings(desired(Object.fromEntries(settings)), other))).toBe(plan);
        },
      ),
      { numRuns: 50 },
    );
  });

  test("takes out what nobody declared first, then sets, loads and restarts", () => {
    const plan = planSettings(desired({ max_connections: "50" }), serverWith({ jit: "off" }));
    expect(plan.statements.map(({ sql, risk }) => `${sql} [${risk}]`)).toEqual([
      'ALTER SYSTEM RESET "jit" [none]',
      "ALTER SYSTEM SET \"max_connections\" = '50' [none]",
      "SELECT pg_catalog.pg_reload_conf() [none]",
      "restart the server [restart]",
    ]);
  });

  test("has no restart where the server has the value already", () => {
    const plan = planSettings(desired({ max_connections: "100" }), serverWith({}));
    expect(plan.statements.map(({ sql }) => sql)).toEqual([
      "ALTER SYSTEM SET \"max_connections\" = '100'",
      "SELECT pg_catalog.pg_reload_conf()",
    ]);
  });

  test("is empty where everything is as declared, in whatever words", () => {
    const live = newServerSettings([]).settings.map((row) =>
      row.name === "work_mem" ? { ...row, setting: "8192", source: "configuration file" } : row,
    );
    const catalog = serverWith({ WORK_MEM: "8192kB" }, { settings: live });
    expect(planSettings(desired({ Work_Mem: "8MB" }), catalog)).toMatchObject({
      statements: [],
      refusals: [],
    });
  });

  test("shows no value that an extension, an application or a command may keep secret", () => {
    const inFile = {
      "app.tenant": "s3cret",
      ssl_passphrase_command: "echo s3cret",
      primary_conninfo: "password=s3cret",
    };
    const text = renderPlan(planSettings(desired({ "app.tenant": "other" }), serverWith(inFile)));
    expect(text).not.toContain("s3cret");
    expect(text).toContain('ALTER SYSTEM RESET "ssl_passphrase_command"');
  });

  test("quotes names and values, whatever is in them", () => {
    const plan = planSettings(desired({ 'app."x': "it's \\ all" }), serverWith({}));
    expect(plan.statements[0]?.sql).toBe("ALTER SYSTEM SET \"app.\"\"x\" = E'it''s \\\\ all'");
  });

  test("refuses a restart of a server that is used, unless that is allowed", () => {
    const used = serverWith({}, { isUnused: false });
    const refused = planSettings(desired({ max_connections: "50" }, { restart: "refuse" }), used);
    expect(refused.refusals).toMatchObject([{ subject: "restart of the server" }]);
    expect(planSettings(desired({ max_connections: "50" }), used).refusals).toEqual([]);
    const unused = serverWith({});
    expect(planSettings(desired({ max_connections: "50" }, { restart: "refuse" }), unused).refusals).toEqual(
      [],
    );
  });

  test("takes a setting of a library that is about to be loaded, and leaves a formula's out where it is not", () => {
    const reasons = { "pg_stat_statements.max": "room" };
    const settings = { "pg_stat_statements.max": "10000" };
    expect(planSettings(desired(settings, { reasons }), serverWith({})).statements).toEqual([]);
    const loaded = { ...settings, shared_preload_libraries: ["pg_stat_statements"] };
    const { statements } = planSettings(desired(loaded, { reasons }), serverWith({}));
    expect(statements.map(({ sql }) => sql)).toContain(
      "ALTER SYSTEM SET \"pg_stat_statements.max\" = '10000'",
    );
  });
});

describe("a server that forbids ALTER SYSTEM", () => {
  const catalog = serverWith({ work_mem: "8MB" });
  const settings = catalog.settings.map((row) =>
    row.name === "allow_alter_system" ? { ...row, setting: "off" } : row,
  );
  const refused = (declared: DesiredSettingsOfServer["settings"], rows = settings): string[] =>
    planSettings(desired(declared), { ...catalog, settings: rows }).refusals.map(({ message }) => message);

  test("is refused what would be changed, before the first statement, and nothing where nothing is", () => {
    expect(refused({ work_mem: "16MB", statement_timeout: "30s" })).toEqual([
      "they are not as declared, and allow_alter_system is off: ALTER SYSTEM SET \"statement_timeout\" = '30s' and 1 more",
    ]);
    expect(refused({ work_mem: "8MB" })).toEqual([]);
    expect(refused({ work_mem: "16MB" }, [...catalog.settings])).toEqual([]);
  });
});
