import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { findMigrator } from "../../../components/core/migrations/migrator";
import { planMigrations } from "../../../components/core/migrations/plan-migrations";
import { findMigrations } from "../../../components/io/migrations/find-migrations";
import { declareAccess, type StackName } from "../../config/declared";
import type { DatabasePlan, StackPlan } from "../../plan";
import { byFile } from "./by-file";
import type { DriftSource } from "./compare";
import { databaseSources, serverSources } from "./declared-sources";

/**
 * Every own resource of a stack that compares with the live server, with the functions that its preview uses. What is
 * declared counts as known: what is missing on the server is a difference, and not for an official resource to make.
 *
 * @param project Pulumi's name of the project: with the stack's it is the owner of the server
 */
export function driftSources(plan: StackPlan, place: StackPlace): DriftSource[] {
  const declared = declareAccess(plan, place);
  return [
    ...serverSources(declared),
    ...declared.databases.flatMap((database) => [
      ...databaseSources(database),
      ...plan.databases
        .filter(({ name }) => name === database.access.database)
        .flatMap((one) => migrationSources(one, plan, place.root)),
    ]),
  ];
}

export interface StackPlace extends StackName {
  /** Directory of the project. */
  readonly root: string;
}

/** What is pending, and what of the files is not what ran. */
function migrationSources(
  { name, database, roles, migrations }: DatabasePlan,
  { allowDataLoss, gate }: StackPlan,
  root: string,
): DriftSource[] {
  const { engine, directory: shown, target, downgrade = "refuse", isNamed } = migrations;
  // An application's own are told by `migrate check`, which has to run it.
  if (engine === "alembic") return [];
  const directory = resolve(root, shown);
  if (!isNamed && !existsSync(directory)) return [];
  const migrator = findMigrator(roles);
  const wanted = {
    owner: database.owner,
    ...(target === undefined ? {} : { target }),
    ...(migrator === undefined ? {} : { migrator }),
  };
  const declared = { ...wanted, database: name, downgrade, allowDataLoss, gated: gate !== undefined };
  const place = { directory, shown };
  return [
    {
      resource: `Migrations ${name}`,
      database: name,
      async plan(session) {
        return byFile(planMigrations(declared, await findMigrations({ ...wanted, place }, session)));
      },
    },
  ];
}
