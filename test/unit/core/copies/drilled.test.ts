import { describe, expect, test } from "vitest";
import {
  drillNote,
  laterDrill,
  parseCopyDrill,
  renderCopyDrill,
  type CopyDrill,
} from "../../../../components/core/copies/drilled";
import { findUndrilledCopy } from "../../../../components/core/copies/health";
import { judgeStored } from "../../../../components/core/copies/stored-object";

const day = 86_400_000;
const now = Date.parse("2026-11-22T12:00:00Z");
const drill: CopyDrill = {
  backup: "shop_full_20261121_020000",
  startedAt: "2026-11-21T12:00:00.000Z",
  endedAt: "2026-11-21T12:05:00.000Z",
  faults: 0,
  restoreSeconds: 12.5,
  recoverableAt: "2026-11-21T02:00:00.000Z",
};

describe("what a drill has left at a copy", () => {
  test("is read as it was written, and is below no backup's name", () => {
    expect(parseCopyDrill(renderCopyDrill(drill), "shop", now)).toEqual(drill);
    expect(drillNote("a/../b %")).toBe("drills/a%2F..%2Fb%20%25.json");
  });

  test.each([
    ["cut off", () => renderCopyDrill(drill).slice(0, -9)],
    ["of another format", () => renderCopyDrill(drill).replace('"format": 1', '"format": 2')],
    ["of another database", () => renderCopyDrill({ ...drill, backup: "other_full_20261121_020000" })],
    [
      "of the future, which would never grow old",
      () => renderCopyDrill({ ...drill, endedAt: "2027-11-21T12:05:00.000Z" }),
    ],
    ["without a moment", () => renderCopyDrill({ ...drill, startedAt: "yesterday" })],
    ["with less than no faults", () => renderCopyDrill({ ...drill, faults: -1 })],
    ["no object", () => "null"],
    ["nothing", () => ""],
  ])("counts for nothing where it is %s", (_what, text) => {
    expect(parseCopyDrill(text(), "shop", now)).toBeUndefined();
  });

  test("is the later one of two, whichever was heard of first", () => {
    const later = { ...drill, endedAt: "2026-11-22T01:00:00.000Z" };
    expect(laterDrill(drill, later)).toBe(later);
    expect(laterDrill(later, drill)).toBe(later);
    expect(laterDrill(undefined, drill)).toBe(drill);
  });
});

describe("a copy whose backups are to be restored now and then", () => {
  const copy = { copy: "offsite", database: "shop", newestGood: { name: drill.backup, takenAt: now } };
  const messages = (last: CopyDrill | undefined, greatestAgeMs: number | undefined, of = copy): string[] =>
    findUndrilledCopy(of, last, { now, greatestAgeMs }).map(({ message }) => message);

  test("is a finding once that is too long ago or never was, where drills are declared", () => {
    expect(messages(drill, 90 * day)).toEqual([]);
    expect(messages(drill, day / 2)[0]).toContain("was 23 h 55 min ago: it is to be 12 h at most");
    expect(messages(undefined, 90 * day)).toEqual(["there was none yet"]);
    expect(messages(undefined, undefined)).toEqual([]);
  });

  test("is one in any case where the last drill failed", () => {
    expect(messages({ ...drill, faults: 2 }, undefined)[0]).toContain("found 2 faults");
  });

  test("is none where there is nothing to restore, which is told elsewhere", () => {
    const empty = { ...copy, newestGood: undefined };
    expect(findUndrilledCopy(empty, undefined, { now, greatestAgeMs: day })).toEqual([]);
  });
});

describe("an object in storage", () => {
  const sent = { sha256: "of-parts-2", md5: "0f0f-2" };
  test("is the same by the checksum that the service has, of the parts or of the whole", () => {
    expect(judgeStored({ sha256: "of-parts-2" }, sent, "whole")).toBe("same");
    expect(judgeStored({ sha256: "whole" }, sent, "whole")).toBe("same");
    expect(judgeStored({ sha256: "else", etag: '"0f0f-2"' }, sent, "whole")).toBe("other");
  });
  test("is the same by an ETag that is its MD5; any other ETag tells nothing", () => {
    expect(judgeStored({ etag: '"0F0F-2"' }, sent, "whole")).toBe("same");
    expect(judgeStored({ etag: '"abcd"' }, sent, "whole")).toBe("unknown");
    expect(judgeStored({}, sent, "whole")).toBe("unknown");
  });
});
