import { expect, test } from "vitest";
import { isRoutineLine, parseJsonLine } from "../../../../components/core/operations/logs/json";
import { collectLog, type LogFilter } from "../../../../components/core/operations/logs/summary";

const at = Date.parse("2026-03-01T12:00:00Z");
const all: LogFilter = { since: 0, until: Infinity, slowMs: 0 };

test("a summary is the same where routine lines are only counted, which no filter by whom or by level lets it do", () => {
  const line = (level: string, message: string): string =>
    JSON.stringify({ timestamp: "2026-03-01 12:00:00.000 UTC", error_severity: level, message });
  const routine = [
    line("LOG", "connection authorized: user=app"),
    line("LOG", "disconnection: session time: 0:00:01"),
    line("LOG", "checkpoint complete: wrote 1 buffers"),
    line("LOG", 'automatic vacuum of table "shop.public.t": index scans: 0'),
  ];
  const read = collectLog(all);
  for (const entry of routine.flatMap((text) => parseJsonLine(text, () => at) ?? [])) read.add(entry);
  const collector = collectLog(all);
  for (const text of routine) {
    expect(isRoutineLine(text)).toBe(true);
    collector.addRoutine?.();
  }
  expect(collector.summary()).toEqual(read.summary());
  expect(collector.summary()).toMatchObject({ entries: 4, levels: { LOG: 4 } });
  for (const text of [
    line("LOG", "checkpoints are occurring too frequently (1 second apart)"),
    line("LOG", "duration: 3.1 ms  statement: SELECT 1"),
    line("FATAL", "connection authorized: "),
    line("ERROR", '"error_severity":"LOG","message":"disconnection: '),
  ]) {
    expect([text, isRoutineLine(text)]).toEqual([text, false]);
  }
  for (const filter of [
    { user: "app" },
    { database: "shop" },
    { level: "LOG" },
    { level: "DEBUG" },
  ] as const) {
    expect(collectLog({ ...all, ...filter }).addRoutine).toBeUndefined();
  }
});
