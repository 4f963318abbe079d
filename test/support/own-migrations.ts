import { secret, type PropertyMap } from "../../components/providers/properties";
import { defaultLimits } from "../../components/core/migrations/retry";
import type { MigratedDatabase } from "./migrations";
import type { Declared } from "./provider-stack";

/** A `Migrations` of a database, as the component declares it. */
export function migrationsOf(
  { name, owner, migrator, directory }: MigratedDatabase,
  connection: PropertyMap,
  change: PropertyMap = {},
): Declared {
  const { user, password } = migrator;
  const inputs = {
    connection,
    login: { user, password: secret(password) },
    database: name,
    owner,
    engine: "sql",
    directory,
    path: "sql/migrations",
    downgrade: "refuse",
    limits: { ...defaultLimits },
    allowDataLoss: [],
  };
  return { name, token: "pgstead:index:Migrations", inputs: { ...inputs, ...change } };
}

/** Writes files of up parts, in their order, each called by the table that it makes. */
export async function writeParts(shop: MigratedDatabase, ups: readonly string[]): Promise<void> {
  for (const [index, up] of ups.entries()) {
    const [, name = "later"] = /^CREATE TABLE app\.([a-z]+)/.exec(up) ?? [];
    await shop.write(`000${index + 1}-${name}.sql`, up, { down: `DROP TABLE app.${name};` });
  }
}
