import { existsSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import type { Statement } from "../../components/core/statement";
import { planSettings } from "../../components/core/settings/plan";
import { newServerSettings } from "../../components/core/settings/catalog";
import { serverControl } from "../../components/io/server-control";
import { applySettings } from "../../components/io/settings-apply";
import { provenFile } from "../../components/io/settings-proof";
import { useOwnProvider } from "../support/own-provider";
import { autoConf, settingsOf, show, startTime } from "../support/own-settings";

describe("settings that do not hold", () => {
  const own = useOwnProvider();
  const good = { shared_buffers: "64MB", work_mem: "6MB" };
  const kept = () => existsSync(join(own.server.instance.dataDirectory, provenFile));

  beforeAll(async () => {
    await own.stack.up(settingsOf(own.server, own.connection, good));
  });

  async function expectAsBefore(): Promise<void> {
    expect((await autoConf(own.server)).sort()).toEqual(["shared_buffers = '64MB'", "work_mem = '6MB'"]);
    expect(await show(own.server, "shared_buffers")).toBe("64MB");
    expect(await show(own.server, "work_mem")).toBe("6MB");
    expect(kept()).toBe(false);
    const declared = settingsOf(own.server, own.connection, good);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  }

  /** Past every check, as where the server knows more than they do. */
  async function applyUnchecked(settings: Record<string, string>): Promise<void> {
    const { dataDirectory } = own.server.instance;
    const desired = { settings, reasons: {}, restart: "allow", canRestart: true, made: "embedded" } as const;
    const { statements } = planSettings(desired, newServerSettings([]));
    await apply(statements, dataDirectory);
  }

  async function apply(statements: readonly Statement[], dataDirectory: string): Promise<void> {
    await applySettings(statements, {
      async open(use) {
        const session = await own.server.connect();
        return use(session).finally(() => session.close());
      },
      control: await serverControl({ kind: "embedded", dataDirectory }),
    });
  }

  test("are taken back together where the server refuses one, and the error names it", async () => {
    const before = await startTime(own.server);
    const settings = {
      ...good,
      log_min_duration_statement: "2s",
      max_connections: "30",
      TimeZone: "Nowhere/At all",
    };
    const declared = settingsOf(own.server, own.connection, { ...settings, work_mem: "7MB" });
    await expect(own.stack.up(declared)).rejects.toThrow(
      /ALTER SYSTEM SET "TimeZone" = 'Nowhere\/At all':\n {2}invalid value for parameter "TimeZone".*no setting was changed/,
    );
    expect(await startTime(own.server)).toBe(before);
    await expectAsBefore();
  });

  test.each([
    [
      "memory that the machine has not",
      { shared_buffers: "4TB" },
      /could not map anonymous shared memory|could not create shared memory/,
    ],
    ["huge pages that the machine has not", { huge_pages: "on" }, /could not map anonymous shared memory/],
  ])("are put back where the server does not start with them: %s", async (_what, bad, said) => {
    const declared = settingsOf(own.server, own.connection, { ...good, ...bad });
    const failure = await own.stack.up(declared).then(
      () => "no error",
      (error: unknown) => (error as Error).message,
    );
    expect(failure).toMatch(said);
    expect(failure).toContain("The settings before were put back, and the server runs again with them");
    await expectAsBefore();
  });

  test.each([
    [
      "a level of WAL that other settings forbid",
      { wal_level: "minimal" },
      /max_wal_senders.* requires "wal_level"/,
    ],
    ["a library that is not there", { shared_preload_libraries: "nolib" }, /could not access file "nolib"/],
    [
      "more reserved connections than there are",
      { max_connections: "3" },
      /must be less than "max_connections"/,
    ],
    [
      "a certificate that is not there",
      { ssl: "on", max_connections: "30" },
      /could not load server certificate file/,
    ],
    [
      "a setting that its library does not have",
      {
        "pg_prewarm.autoprewarn": "on",
        shared_preload_libraries: "pg_stat_statements, pg_prewarm",
      },
      /the server does not take pg_prewarm.autoprewarn = 'on'/,
    ],
    [
      "a value that its library does not take",
      {
        "pg_prewarm.autoprewarm_interval": "soon",
        shared_preload_libraries: "pg_stat_statements, pg_prewarm",
      },
      /the server does not take pg_prewarm.autoprewarm_interval = 'soon'/,
    ],
    [
      "a setting of a library that each session can load",
      { "auto_explain.log_min_durationn": "1s" },
      /invalid configuration parameter name "auto_explain.log_min_durationn" .*no setting was changed/,
    ],
  ])("are put back, where no check could know: %s", async (_what, bad, said) => {
    await expect(applyUnchecked(bad as Record<string, string>)).rejects.toThrow(said);
    await expectAsBefore();
  });

  test("fail with the server's own words where it tells them in its log only", async () => {
    await expect(applyUnchecked({ hba_file: "/nowhere" })).rejects.toThrow('could not open file "/nowhere"');
    await expectAsBefore();
  });
});
