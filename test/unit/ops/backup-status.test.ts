import picocolors from "picocolors";
import { expect, test } from "vitest";
import type { StatusData } from "../../../infra/ops/backup/look";
import { renderBackupStatus } from "../../../infra/ops/backup/render";

const moments = { oldest: "2026-11-20T01:00:00.000Z", newest: "2026-11-22T05:00:00.000Z" };
const own = { number: 1, where: null, window: moments, unread: null } as const;
const second = { number: 2, where: "s3://vault/", window: null, unread: null } as const;

function shown(repositories: readonly StatusDataRepository[]): string {
  const physical = { window: moments, archivedAt: null, backups: [], repositories };
  const times = { nextFullAt: "2026-11-29T01:00:00.000Z", nextIncrementalAt: "2026-11-23T01:00:00.000Z" };
  const data: StatusData = {
    ...{ repository: "/backups", schedule: null, nextRunAt: null, greatestAge: null, freeBytes: null },
    ...{ databases: [], copies: [], leftovers: [], physical: { ...physical, ...times } },
    drill: { schedule: null, nextRunAt: null, greatestAge: null, copyMaxAge: null, drills: [] },
  };
  return renderBackupStatus(data, picocolors.createColors(false));
}

type StatusDataRepository = NonNullable<StatusData["physical"]>["repositories"][number];

test("physical backups are told with what each further repository has", () => {
  expect(shown([own])).toContain(
    "physical: 0 backups, from 2026-11-20T01:00:00.000Z to 2026-11-22T05:00:00.000Z; next full one",
  );
  expect(shown([own])).not.toContain("repository 2");
  expect(shown([own, second])).toContain("repository 2 of them, s3://vault/: no moment can be restored");
  expect(shown([own, { ...second, window: moments }])).toContain("s3://vault/: from 2026-11-20T01");
  expect(shown([own, { ...second, unread: "the service does not answer" }])).toContain(
    "s3://vault/: cannot be read: the service does not answer",
  );
});
