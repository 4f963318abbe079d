import type { Problem } from "../problem";
import { fileNameOf, type AppliedMigration, type MigrationHistory } from "./history";
import type { Migration } from "./migration";

/**
 * What of the files is not what the database has: applied files are frozen, and new ones come after them.
 *
 * @param migrations in their order
 * @param directory as people are told: `sql/migrations`
 */
export function compareHistory(
  migrations: readonly Migration[],
  { applied }: Pick<MigrationHistory, "applied">,
  directory: string,
): Problem[] {
  const files = new Map(migrations.map((migration) => [Number(migration.version), migration]));
  const intact = new Set<Migration>();
  for (const row of applied) {
    const file = files.get(Number(row.version));
    if (file !== undefined && sameName(file, row)) intact.add(file);
  }
  const renamed = new Set<Migration>();
  const last = Number(migrations.at(-1)?.version ?? -1);
  const problems = applied.flatMap((row): Problem[] => {
    const file = files.get(Number(row.version));
    if (file !== undefined && intact.has(file))
      return file.checksum === row.checksum ? [] : [edited(file, row)];
    const moved = migrations.find((one) => one.checksum === row.checksum && !intact.has(one));
    if (moved !== undefined) {
      renamed.add(moved);
      return [renamedProblem(moved, row)];
    }
    if (file !== undefined) {
      renamed.add(file);
      return [replaced(file, row)];
    }
    return [Number(row.version) > last ? unknownHead(row, directory) : deleted(row, directory)];
  });
  const unapplied = migrations.filter((file) => !intact.has(file) && !renamed.has(file));
  return [...problems, ...unapplied.flatMap((file) => misplaced(file, applied, intact))];
}

function sameName(file: Migration, row: AppliedMigration): boolean {
  return file.version === row.version && file.name === row.name;
}

/** `by shop_migrator on 2026-03-14 15:09:26 UTC` */
export function renderApplied({ appliedBy, appliedAt }: AppliedMigration): string {
  return `by ${appliedBy} on ${renderMoment(appliedAt)}`;
}

/** `2026-03-14 15:09:26 UTC` */
export function renderMoment(iso: string): string {
  return `${iso.slice(0, 19).replace("T", " ")} UTC`;
}

function edited({ path, checksum }: Migration, row: AppliedMigration): Problem {
  return {
    path,
    message: `was edited after it was applied ${renderApplied(row)}: ${row.checksum.slice(0, 12)} is now ${checksum.slice(0, 12)}`,
    hint: "restore it from git and write the change as a new migration; `migrate repair` takes over what changes nothing",
  };
}

function renamedProblem({ path }: Migration, row: AppliedMigration): Problem {
  return {
    path,
    message: `was renamed: it is applied as ${fileNameOf(row)} ${renderApplied(row)}`,
    hint: `call it ${fileNameOf(row)} again, or take the new name over with \`migrate repair\``,
  };
}

function replaced({ path }: Migration, row: AppliedMigration): Problem {
  return {
    path,
    message: `has the number of ${fileNameOf(row)}, which is applied and gone`,
    hint: `restore ${fileNameOf(row)} from git, and give this one the next number`,
  };
}

function deleted(row: AppliedMigration, directory: string): Problem {
  return {
    path: `${directory}/${fileNameOf(row)}`,
    message: `was deleted: it is applied ${renderApplied(row)}`,
    hint: "restore it from git; what it did is taken back by a new migration",
  };
}

function unknownHead(row: AppliedMigration, directory: string): Problem {
  return {
    path: `${directory}/${fileNameOf(row)}`,
    message: `is applied ${renderApplied(row)}, and the files do not know it`,
    hint: "is this checkout older than the database? Get the newer files, or downgrade with them first",
  };
}

function misplaced(
  file: Migration,
  applied: readonly AppliedMigration[],
  intact: ReadonlySet<Migration>,
): Problem[] {
  const original = applied.find(({ checksum }) => checksum === file.checksum);
  if (original !== undefined && [...intact].some((one) => sameName(one, original))) {
    const hint = "delete it, or write what it is for: applied files run once";
    return [{ path: file.path, message: `is a copy of ${fileNameOf(original)}, which is applied`, hint }];
  }
  const head = applied.at(-1);
  if (head === undefined || Number(file.version) > Number(head.version)) return [];
  return [
    {
      path: file.path,
      message: `was inserted before ${fileNameOf(head)}, which is applied: other databases ran without it`,
      hint: "give it the next number, so that it runs after what is applied",
    },
  ];
}
