import { describe, expect, test } from "vitest";
import { superuserCapabilities, substituteOf } from "../../../components/core/capabilities";
import {
  listForProvider,
  noteForProvider,
  refuseExtensions,
  type ServerNeeds,
  type ServerOffers,
} from "../../../components/core/provider-settings";
import { newServerSettings, type ActualSetting } from "../../../components/core/settings/catalog";

const manager = { ...superuserCapabilities("manager"), superuser: false, alterSystem: false };
const known = newServerSettings(["rdsutils", "pg_stat_statements"]).settings;
const text = (name: string, setting: string): ActualSetting => ({
  ...known.find((row) => row.name === "search_path")!,
  name,
  setting,
});

function offers(
  change: Readonly<Record<string, string>> = {},
  more: Partial<ServerOffers> = {},
): ServerOffers {
  const settings = known.map((row) => ({ ...row, setting: change[row.name] ?? row.setting }));
  return { capabilities: manager, settings, available: [], present: {}, ...more };
}

const needs = (settings: ServerNeeds["settings"], more: Partial<ServerNeeds> = {}): ServerNeeds => ({
  settings,
  extensions: [],
  ...more,
});

const told = (declared: ServerNeeds["settings"], change: Readonly<Record<string, string>> = {}): string[] =>
  listForProvider(needs(declared), offers(change)).parameters.map(
    ({ name, value, unit, change: takes }) => `${name}=${value} ${unit} ${takes}`,
  );

describe("what a service's own interface sets", () => {
  test("has numbers in the parameter's own unit, and what it takes", () => {
    expect(
      told({ shared_buffers: "4GB", work_mem: "8MB", idle_in_transaction_session_timeout: "10min" }),
    ).toEqual([
      "idle_in_transaction_session_timeout=600000 ms reload",
      "shared_buffers=524288 8kB restart",
      "work_mem=8192 kB reload",
    ]);
    expect(told({ log_connections: "true", random_page_cost: "1.1", log_statement: "ddl" })).toEqual([
      "log_connections=on  reload",
      "log_statement=ddl  reload",
      "random_page_cost=1.1  reload",
    ]);
  });

  test("is nothing once it is applied, and stays until a restart that it takes", () => {
    expect(told({ work_mem: "8MB" }, { work_mem: "8192" })).toEqual([]);
    const waiting = offers({ shared_buffers: "524288" });
    const settings = waiting.settings.map((row) => ({
      ...row,
      pendingRestart: row.name === "shared_buffers",
    }));
    const list = listForProvider(needs({ shared_buffers: "4GB" }), { ...waiting, settings });
    expect(list.parameters.map(({ name }) => name)).toEqual(["shared_buffers"]);
  });

  test("keeps the service's own libraries, and asks for those that are missing", () => {
    expect(told({ shared_preload_libraries: ["pg_stat_statements"] })).toEqual([]);
    expect(told({ shared_preload_libraries: "pg_cron, pg_stat_statements" })).toEqual([
      "shared_preload_libraries=rdsutils,pg_stat_statements,pg_cron  restart",
    ]);
  });

  test("has extensions that a list of the service's has to allow, whatever its name", () => {
    const declared = needs({}, { extensions: [{ database: "shop", names: ["pg_trgm", "vector"] }] });
    const settings = [text("azure.extensions", "PG_TRGM,hstore"), text("rds.allowed_extensions", "*")];
    const list = listForProvider(declared, { ...offers(), settings });
    expect(list.parameters).toMatchObject([{ name: "azure.extensions", value: "PG_TRGM,hstore,vector" }]);
    const present = { shop: ["vector", "pg_trgm"] };
    expect(listForProvider(declared, { ...offers(), settings, present }).parameters).toEqual([]);
  });

  test("shows no value that may hold a secret, and one that the server does not know as declared", () => {
    const declared = needs({ archive_command: "cp %p /there", "my.setting": "1" });
    const list = listForProvider(declared, offers({ archive_command: "scp -i /key %p" }));
    expect(list.parameters).toMatchObject([
      { name: "archive_command", value: "cp %p /there", live: null },
      { name: "my.setting", value: "1", live: null },
    ]);
  });

  test("lists rules for the firewall, and is one line in the preview", () => {
    const rules = [
      {
        type: "hostssl",
        database: ["shop"],
        user: ["shop_app"],
        address: "10.0.0.0/8",
        method: "scram-sha-256",
      },
    ] as const;
    const list = listForProvider(needs({ work_mem: "8MB" }, { rules }), offers());
    expect(list.rules).toMatchObject([{ address: "10.0.0.0/8", databases: ["shop"], users: ["shop_app"] }]);
    expect(noteForProvider(list)).toBe(
      "the service's to do: 1 of the declared settings are not as declared (work_mem); 1 rules of pg_hba are the firewall's, and not compared: `npm run ops -- provider-settings` has the values",
    );
    expect(noteForProvider(listForProvider(needs({}), offers()))).toBeUndefined();
  });
});

describe("extensions", () => {
  const declared = needs(
    {},
    { extensions: [{ database: "shop", names: ["pg_trgm", "pg_stat_statements", "vector"] }] },
  );
  const available = [
    { name: "pg_trgm", trusted: true },
    { name: "pg_stat_statements", trusted: false },
  ];
  const refused = (more: Partial<ServerOffers>): string[] =>
    refuseExtensions(declared, offers({}, { available, ...more })).map(
      ({ subject, message }) => `${subject}: ${message}`,
    );

  test("that could not be made are refused, all of them", () => {
    expect(refused({})).toEqual([
      "extension shop.pg_stat_statements: it is not trusted: only a superuser makes it, and manager is none",
      "extension shop.vector: the server has no files of it",
    ]);
  });

  test("that are there need nobody, and a superuser makes what has files", () => {
    expect(refused({ present: { shop: ["vector", "pg_stat_statements"] } })).toEqual([]);
    expect(refused({ capabilities: superuserCapabilities("postgres") })).toEqual([
      "extension shop.vector: the server has no files of it",
    ]);
  });

  test("that a service lets its own superuser make are tried", () => {
    const capabilities = { ...manager, memberOf: ["rds_superuser"] };
    expect(substituteOf(capabilities)).toBe("rds_superuser");
    expect(refused({ capabilities })).toEqual(["extension shop.vector: the server has no files of it"]);
  });
});
