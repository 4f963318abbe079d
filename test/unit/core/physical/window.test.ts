import { describe, expect, test } from "vitest";
import type { PhysicalBackup } from "../../../../components/core/physical/repository";
import { chooseBackup, recoverableWindow, renderMoment } from "../../../../components/core/physical/window";

const noon = Date.UTC(2026, 10, 20, 12);
const minute = 60_000;

/** A backup that can be used from so many minutes after noon on: it was not there before the end of its last second. */
function usableAt(minutes: number): PhysicalBackup {
  const stoppedAt = noon + minutes * minute - 1_000;
  return {
    label: `at ${minutes}`,
    kind: "full",
    repository: 1,
    startedAt: stoppedAt - minute,
    stoppedAt,
    size: 1,
    stored: 1,
    needs: [],
  };
}

const backups = [usableAt(0), usableAt(10), usableAt(20)];
const window = recoverableWindow(backups, noon + 30 * minute);

describe("the moments that can be restored", () => {
  test("go from the end of the oldest backup to the newest log that arrived", () => {
    expect(window).toEqual({ oldest: noon, newest: noon + 30 * minute });
  });

  test("end with the newest backup where nobody knows what arrived since", () => {
    expect(recoverableWindow(backups, undefined)?.newest).toBe(noon + 20 * minute - 1_000);
    expect(recoverableWindow(backups, noon)?.newest).toBe(noon + 20 * minute - 1_000);
  });

  test("are one where nothing has arrived since the first backup ended", () => {
    expect(recoverableWindow([usableAt(0)], noon - 500)).toEqual({ oldest: noon, newest: noon });
  });

  test("are none without a backup", () => {
    expect(recoverableWindow([], noon)).toBeUndefined();
    expect(chooseBackup([], undefined, noon)).toMatchObject({
      kind: "refused",
      problem: { message: "nothing can be restored: there is no good physical backup" },
    });
  });
});

describe("a moment is restored", () => {
  test.each([
    [0, "at 0"],
    [9, "at 0"],
    [10, "at 10"],
    [19, "at 10"],
    [30, "at 20"],
  ])("%i minutes after noon from the last backup that was whole by then, %s", (minutes, label) => {
    const choice = chooseBackup(backups, window, noon + minutes * minute);
    expect(choice).toMatchObject({ kind: "backup", backup: { label } });
  });

  test.each([
    [-1, "2026-11-20 11:59:00+00 is before the oldest moment that can be restored"],
    [31, "2026-11-20 12:31:00+00 is after the newest moment that can be restored"],
  ])("never %i minutes after noon, which is outside: it is refused with both ends", (minutes, message) => {
    expect(chooseBackup(backups, window, noon + minutes * minute)).toEqual({
      kind: "refused",
      problem: {
        path: "",
        message,
        hint: "choose one from 2026-11-20 12:00:00+00 to 2026-11-20 12:30:00+00",
      },
    });
  });
});

test("a moment is written as PostgreSQL reads it, in UTC", () => {
  expect(renderMoment(noon)).toBe("2026-11-20 12:00:00+00");
  expect(renderMoment(noon + 250)).toBe("2026-11-20 12:00:00.250+00");
});
