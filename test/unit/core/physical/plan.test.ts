import { describe, expect, test } from "vitest";
import { archiveSettings } from "../../../../components/core/physical/configuration";
import { planRecovery, type ActualRecovery } from "../../../../components/core/physical/plan";
import type { PhysicalBackup, PhysicalRepository } from "../../../../components/core/physical/repository";
import { newServerSettings, type SettingsCatalog } from "../../../../components/core/settings/catalog";
import { renderPlan } from "../../../../components/core/statement";

const settings = archiveSettings("/etc/pgstead/server", "60s");
const full: PhysicalBackup = {
  label: "20261121-222516F",
  kind: "full",
  repository: 1,
  startedAt: 0,
  stoppedAt: 1_000,
  size: 1,
  stored: 1,
  needs: [],
};

function repository(...backups: readonly PhysicalBackup[]): PhysicalRepository {
  return { kind: "there", systemIdentifier: "7710754336336355347", backups, isBusy: false };
}

/** A server that archives as declared, with another setting that somebody else looks after. */
function archiving(entries: Readonly<Record<string, string>> = settings): SettingsCatalog {
  const catalog = newServerSettings([]);
  const file = "/data/postgresql.auto.conf";
  const all = { ...entries, work_mem: "8MB" };
  const live: Readonly<Record<string, string>> = { archive_mode: "on", archive_timeout: "60" };
  return {
    ...catalog,
    isUnused: false,
    settings: catalog.settings.map((row) => {
      const setting = live[row.name];
      return setting === undefined ? row : { ...row, setting, source: "configuration file", file };
    }),
    entries: Object.entries(all).map(([name, value]) => ({ name, value, file, line: 1, error: undefined })),
  };
}

function plan(actual: Partial<ActualRecovery>, restart: "allow" | "refuse" = "refuse") {
  const whole = {
    catalog: archiving(),
    repository: repository(full),
    systemIdentifier: "7710754336336355347",
  };
  return planRecovery({ settings, restart }, { ...whole, ...actual });
}

const withoutValue = (sql: string): string => sql.split(" = ")[0]?.replaceAll('"', "") ?? "";
const words = (actual: Partial<ActualRecovery>, restart?: "allow" | "refuse") =>
  plan(actual, restart).statements.map(({ sql }) => withoutValue(sql));

describe("the plan of physical backups", () => {
  test("for a new server is the repository, then archiving, then the proof, then a full backup", () => {
    const made = planRecovery(
      { settings, restart: "refuse" },
      { catalog: newServerSettings([]), repository: { kind: "absent" } },
    );
    expect(made.statements.map(({ sql }) => withoutValue(sql))).toEqual([
      "prepare the repository of physical backups",
      "ALTER SYSTEM SET archive_command",
      "ALTER SYSTEM SET archive_mode",
      "ALTER SYSTEM SET archive_timeout",
      "SELECT pg_catalog.pg_reload_conf()",
      "restart the server",
      "wait until the log arrives in the repository",
      "take the first full backup",
    ]);
    expect(made.refusals).toEqual([]);
  });

  test("is empty where all is as declared, and leaves the settings of others alone, unseen", () => {
    const made = plan({});
    expect(made).toMatchObject({ statements: [], refusals: [], undeclared: [] });
  });

  test("refuses to restart a server that is in use, unless that is allowed", () => {
    const catalog = { ...newServerSettings([]), isUnused: false };
    const refused = plan({ catalog, repository: { kind: "absent" } });
    expect(refused.refusals).toMatchObject([
      { subject: "restart of the server", hint: expect.stringContaining("server.restart: allow") as string },
    ]);
    expect(plan({ catalog, repository: { kind: "absent" } }, "allow").refusals).toEqual([]);
  });

  test("takes a full backup where the only one has a fault", () => {
    expect(words({ repository: repository({ ...full, fault: "pages" }) })).toEqual([
      "wait until the log arrives in the repository",
      "take the first full backup",
    ]);
  });

  test("mends one setting with a reload, and proves that the log arrives", () => {
    const catalog = archiving({ ...settings, archive_timeout: "1h" });
    expect(words({ catalog })).toEqual([
      "ALTER SYSTEM SET archive_timeout",
      "SELECT pg_catalog.pg_reload_conf()",
      "wait until the log arrives in the repository",
    ]);
  });

  test("refuses the repository of another server, with both names", () => {
    const made = plan({ systemIdentifier: "1" });
    expect(made.statements).toEqual([]);
    expect(made.refusals[0]?.message).toBe(
      "belongs to the server with the system identifier 7710754336336355347, not to this one, whose identifier is 1",
    );
  });

  test("tells that the log does not arrive, which is no difference", () => {
    const made = plan({ archiveFailure: "000000010000000000000005 failed at noon" });
    expect(made.statements).toEqual([]);
    expect(renderPlan(made)).toContain("note: the log does not arrive in the repository: 0000000100");
  });
});
