import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eventually } from "./eventually";
import type { TestServer } from "./server";

/** Makes a server write everything that it can about statements into its log. */
export async function logEverything(server: TestServer): Promise<void> {
  const session = await server.connect();
  for (const setting of [
    "log_statement = 'all'",
    "log_min_duration_statement = 0",
    "log_transaction_sample_rate = 1",
    "log_duration = on",
    "log_min_error_statement = debug5",
  ]) {
    await session.query(`ALTER SYSTEM SET ${setting}`);
  }
  await session.query("SELECT pg_reload_conf()");
  await session.close();
  await eventually("the new settings are in force", async () => {
    const fresh = await server.connect();
    const [row] = await fresh.query<{ log_statement: string }>("SHOW log_statement");
    await fresh.close();
    return row?.log_statement === "all" ? true : undefined;
  });
}

let marks = 0;

/** All of the log so far: the server writes it a little later, so a mark has to arrive first. */
export async function readLog(server: TestServer): Promise<string> {
  const mark = `mark ${process.pid} ${marks++}`;
  const session = await server.connect();
  await session.query(`SELECT '${mark}'`);
  await session.close();
  return eventually("the log has the mark", async () => {
    const directory = join(server.instance.dataDirectory, "log");
    const files = (await readdir(directory)).map((name) => readFile(join(directory, name), "utf8"));
    const text = (await Promise.all(files)).join("\n");
    return text.includes(mark) ? text : undefined;
  });
}

/** Statements of pgstead in a log that change something, in their order. */
export function changesIn(log: string): string[] {
  return [...log.matchAll(/LOG: {2}statement: ((?:CREATE|ALTER|DROP|GRANT|REVOKE)\b.*)$/gm)].map(
    ([, sql]) => sql ?? "",
  );
}
