import { join, normalize, relative, resolve } from "node:path";
import { projectRoot } from "../../../components/io/places";

/** Where a command finds migrations, and how it calls the place. */
export interface MigrationPlace {
  readonly directory: string;
  /** As it was given, or as seen from where the command runs: `sql/migrations`. */
  readonly shown: string;
}

/** `--dir`, or the project's own directory. */
export function migrationPlace(dir: string | undefined, cwd = process.cwd()): MigrationPlace {
  if (dir !== undefined) return { directory: resolve(cwd, dir), shown: normalize(dir).replace(/\/$/, "") };
  const directory = join(projectRoot(), "sql", "migrations");
  return { directory, shown: relative(cwd, directory) || "." };
}
