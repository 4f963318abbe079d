import { existsSync } from "node:fs";
import { Migrations, type MigrationsArgs } from "../components";
import { pathInProject } from "../components/project-directory";
import type { MigrationsPlan } from "./plan";

/** The migrations of a database; none where nobody named a directory and the usual one is not there. */
export function createMigrations(
  name: string,
  { isNamed, ...plan }: MigrationsPlan,
  args: Omit<MigrationsArgs, keyof MigrationsPlan>,
): Migrations | undefined {
  const isSql = plan.engine !== "alembic";
  if (isSql && !isNamed && !existsSync(pathInProject(plan.directory))) return undefined;
  return new Migrations(name, { ...args, ...plan });
}
