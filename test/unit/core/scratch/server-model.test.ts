import { expect, test } from "vitest";
import {
  localeArguments,
  renderSettings,
  tellingSettings,
} from "../../../../components/core/scratch/server-model";

const entry = (name: string, value: string, error?: string) => ({ name, value, error });
const setting = (name: string, value: string, pendingRestart: boolean) => {
  return { name, setting: value, pendingRestart };
};

test("settings count that decide what statements make, the last of a name and however it is written", () => {
  const entries = [
    entry("timezone", "UTC"),
    entry("shared_buffers", "4GB"),
    entry("TimeZone", "Europe/Vienna"),
    entry("pgaudit.log", "ddl"),
    entry("datestyle", "wrong", "invalid value"),
  ];
  expect(tellingSettings([], entries)).toEqual({ "pgaudit.log": "ddl", timezone: "Europe/Vienna" });
});

test("what waits for a restart does not hold yet", () => {
  const settings = [setting("shared_preload_libraries", "pgaudit", true), setting("TimeZone", "UTC", false)];
  const entries = [entry("shared_preload_libraries", "pgaudit, pg_cron"), entry("TimeZone", "GMT")];
  expect(tellingSettings(settings, entries)).toEqual({
    shared_preload_libraries: "pgaudit",
    timezone: "GMT",
  });
});

test("values are written so that no server reads anything else out of them", () => {
  expect(renderSettings({ "app.motto": "it's a \\ and\nmore", search_path: '"$user", public' })).toEqual([
    "app.motto = 'it''s a \\\\ and\\nmore'",
    "search_path = '\"$user\", public'",
  ]);
});

test("the locale is that of the database, whoever provides it", () => {
  const libc = { encoding: "UTF8", provider: "c", locale: null, rules: null, collate: "C.UTF-8", ctype: "C" };
  const common = ["--encoding=UTF8", "--lc-collate=C.UTF-8", "--lc-ctype=C"];
  expect(localeArguments(libc)).toEqual([...common, "--locale-provider=libc"]);
  expect(localeArguments({ ...libc, provider: "b", locale: "C.UTF-8" })).toEqual([
    ...common,
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
  ]);
  expect(localeArguments({ ...libc, provider: "i", locale: "de-AT", rules: "&a < b" })).toEqual([
    ...common,
    "--locale-provider=icu",
    "--icu-locale=de-AT",
    "--icu-rules=&a < b",
  ]);
});
