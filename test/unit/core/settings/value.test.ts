import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { knownExtensionSettings, knownSettings } from "../../../../components/core/settings/known";
import {
  parseMemory,
  parseSettingValue,
  renderMemory,
  sameSettingValue,
  type SettingType,
} from "../../../../components/core/settings/value";

function known(name: string): SettingType {
  const type = knownSettings.get(name) ?? knownExtensionSettings.get(name);
  if (type === undefined) throw new Error(`no setting ${name}`);
  return type;
}

describe("a value is read as PostgreSQL reads it", () => {
  test.each([
    ["shared_buffers", "8GB", "1048576"],
    ["shared_buffers", "8192MB", "1048576"],
    ["shared_buffers", "1048576", "1048576"],
    ["shared_buffers", " 128 MB ", "16384"],
    ["work_mem", "64MB", "65536"],
    ["work_mem", "1.1GB", "1153024"],
    ["max_wal_size", "1TB", "1048576"],
    ["wal_buffers", "3932kB", "492"],
    ["wal_buffers", "-1", "-1"],
    ["statement_timeout", "1min", "60000"],
    ["statement_timeout", "1.5s", "1500"],
    ["log_rotation_age", "1d", "1440"],
    ["checkpoint_timeout", "0.25h", "900"],
    ["autovacuum_vacuum_cost_delay", "1500us", "1.5"],
    ["max_connections", "0x64", "100"],
    ["log_file_mode", "0640", "416"],
    ["max_connections", "1e2", "100"],
    ["jit", "TRUE", "on"],
    ["jit", "of", "off"],
    ["jit", "0", "off"],
    ["wal_level", "Replica", "replica"],
    ["huge_pages", "yes", "on"],
    ["synchronous_commit", "remote_apply", "remote_apply"],
    ["log_line_prefix", "%m ", "%m "],
    ["auto_explain.log_min_duration", "3s", "3000"],
  ])("%s = '%s' is %s", (name, written, value) => {
    expect(parseSettingValue(known(name), written)).toEqual({ value });
  });

  test.each([
    ["work_mem", "64mb", "has another unit than B, kB, MB, GB, TB"],
    ["work_mem", "10s", "has another unit than B, kB, MB, GB, TB"],
    ["statement_timeout", "10MB", "has another unit than us, ms, s, min, h, d"],
    ["max_connections", "10MB", "has a unit, and max_connections has none"],
    ["max_connections", "many", "is not a whole number"],
    ["max_connections", "", "is not a whole number"],
    ["random_page_cost", "cheap", "is not a number"],
    ["max_connections", "0", "is outside of 1 to 262143"],
    ["shared_buffers", "16TB", "is outside of 16 to 1073741823 (in units of 8kB)"],
    ["jit", "o", "is not on or off"],
    ["wal_level", "none", "is not one of minimal, replica, logical"],
  ])("%s = '%s' %s", (name, written, fault) => {
    expect(parseSettingValue(known(name), written)).toEqual({ fault });
  });

  test("the same value in other words is the same, another one is not", () => {
    expect(sameSettingValue(known("shared_buffers"), "8GB", "1048576")).toBe(true);
    expect(sameSettingValue(known("shared_buffers"), "8GB", "8191MB")).toBe(false);
    expect(sameSettingValue(known("cursor_tuple_fraction"), "0.123456789", "0.123457")).toBe(true);
    expect(sameSettingValue(known("cursor_tuple_fraction"), "0.1235", "0.1234")).toBe(false);
    expect(sameSettingValue(known("log_line_prefix"), "%m", "%m ")).toBe(false);
  });
});

describe("a size", () => {
  test.each([
    ["8GB", 8 * 1024 * 1024],
    ["1.5 GB", 1.5 * 1024 * 1024],
    ["512kB", 512],
    ["2047B", 1],
    ["8", undefined],
    ["8 gb", undefined],
    ["-8GB", undefined],
    ["eight", undefined],
  ])("%s is %s kB", (text, kilobytes) => {
    expect(parseMemory(text)).toBe(kilobytes);
  });

  test("is written in the greatest unit that needs no fraction, and reads the same", () => {
    expect([1024 * 1024, 5041, 16_384, 0].map(renderMemory)).toEqual(["1GB", "5041kB", "16MB", "0kB"]);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 40 }), (kilobytes) => {
        expect(parseMemory(renderMemory(kilobytes))).toBe(kilobytes);
      }),
    );
  });
});
