import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { applicationPackages, copyApplication, type Application } from "../support/alembic-application";
import { deployStack, type DeployedStack } from "./ops-stack";

/** A stack whose database an application's Alembic migrates, with nothing in it yet. */
export interface AlembicStack extends DeployedStack {
  readonly application: Application;
  /** Runs SQL in its database, as the superuser. */
  change(sql: string): Promise<Record<string, unknown>[]>;
}

export async function deployAlembicStack(): Promise<AlembicStack> {
  const stack = await deployStack();
  const directory = await mkdtemp(join(tmpdir(), "pgstead-ops-alembic-"));
  const application = await copyApplication(join(directory, "shop"));
  const change = async (sql: string): Promise<Record<string, unknown>[]> => {
    const session = await stack.server.connect("shop");
    return session.query(sql).finally(() => session.close());
  };
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner; CREATE SCHEMA app AUTHORIZATION shop_owner",
  );
  await change("DROP VIEW api.recent; DROP TABLE api.orders; DROP FUNCTION api.one()");
  const file = join(stack.root, "Pulumi.dev.yaml");
  const text = (await readFile(file, "utf8")).replace(
    "schemas: { api: {} }",
    "schemas: { api: {}, app: {} }",
  );
  const lines = [
    "  pgstead:migrations:",
    "    engine: alembic",
    `    directory: ${application.directory}`,
    "    alembic:",
    `      environment: { PYTHONPATH: ${JSON.stringify(await applicationPackages())} }`,
  ];
  await writeFile(file, `${text}${lines.join("\n")}\n`);
  return {
    ...stack,
    application,
    change,
    async remove() {
      await stack.remove();
      await rm(directory, { recursive: true, force: true });
    },
  };
}
