import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { PropertyMap } from "../../components/providers/properties";
import type { Declared } from "./provider-stack";
import type { TestServer } from "./server";

/** A `Settings` of an embedded server that may be restarted. */
export function settingsOf(
  server: TestServer,
  connection: PropertyMap,
  settings: PropertyMap,
  change: PropertyMap = {},
): Declared {
  const { dataDirectory } = server.instance;
  const inputs = {
    connection,
    settings,
    reasons: {},
    restart: "allow",
    control: { kind: "embedded", dataDirectory },
    ...change,
  };
  return { name: "server", token: "pgstead:index:Settings", inputs };
}

/** The lines of postgresql.auto.conf that set something. */
export async function autoConf(server: TestServer): Promise<string[]> {
  const text = await readFile(join(server.instance.dataDirectory, "postgresql.auto.conf"), "utf8");
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

export async function show(server: TestServer, name: string): Promise<string> {
  const session = await server.connect();
  try {
    const [row] = await session.query<{ setting: string }>("SELECT current_setting($1, true) AS setting", [
      name,
    ]);
    return row?.setting ?? "";
  } finally {
    await session.close();
  }
}

/** Number of the server's main process: another one after a restart. */
export async function startTime(server: TestServer): Promise<string> {
  const session = await server.connect();
  try {
    const [row] = await session.query<{ time: string }>("SELECT pg_postmaster_start_time()::text AS time");
    return row?.time ?? "";
  } finally {
    await session.close();
  }
}
