import { describe, expect, test } from "vitest";
import {
  greatestSettings,
  isLower,
  parseStandbySettings,
  recoverySettings,
  withRecovery,
} from "../../../../components/core/physical/recovery-settings";
import { endRecoverySql, verifiersSql } from "../../../../components/core/physical/settle-sql";

describe("the settings of a recovery", () => {
  test("end at the moment, without it, and with writes from then on", () => {
    expect(recoverySettings("/etc/x", { target: 0, timeline: 2, isLower: false })).toEqual({
      restore_command:
        'pgbackrest --no-config --config-include-path=/etc/x --stanza=pgstead --repo=1 archive-get %f "%p"',
      recovery_target_timeline: "2",
      recovery_target_time: "1970-01-01 00:00:00+00",
      recovery_target_inclusive: "off",
      recovery_target_action: "promote",
    });
  });

  test("go along the data's own line to its end where there is no moment", () => {
    const settings = recoverySettings("/etc/x", { target: null, isLower: true });
    expect(settings).toMatchObject({ recovery_target_timeline: "current", hot_standby: "off" });
    expect(Object.keys(settings)).not.toContain("recovery_target_time");
  });

  test("take the place of those that were there, and of nothing else", () => {
    const text = "# a remark\nwork_mem = '4MB'\nrestore_command = 'old'\nrecovery_target_xid = '7'\n";
    expect(withRecovery(text, { restore_command: "it's new" })).toBe(
      "# a remark\nwork_mem = '4MB'\nrestore_command = 'it''s new'\n",
    );
  });

  test("let no readers in where the settings are lower than those that wrote the log", () => {
    const control =
      "max_connections setting:              100\nmax_wal_senders setting: 10\nwal_level setting: x\n";
    const written = parseStandbySettings(control);
    expect(written).toEqual({ max_connections: 100, max_wal_senders: 10 });
    expect(isLower({ max_connections: 100, max_wal_senders: 20 }, written)).toBe(false);
    expect(isLower({ max_connections: 99, max_wal_senders: 20 }, written)).toBe(true);
    expect(isLower({}, written)).toBe(false);
    expect(greatestSettings(written, { max_connections: 50, other: 1 })).toEqual({
      max_connections: 100,
      max_wal_senders: 10,
      other: 1,
    });
  });
});

describe("what follows a recovery", () => {
  test("takes its settings back, by their names", () => {
    expect(endRecoverySql()).toContain("'recovery_target_time'");
  });

  test("names verifiers to logs nowhere", () => {
    expect(verifiersSql([["log_statement", "none"]])).toMatch(/SET log_statement = ''none'';/);
  });
});
