import type { ConnectionTarget } from "../core/connection";
import type { TakenFile } from "../core/existing-server";
import { withSession, type Session } from "./session";

/** The files of a server that a stack may change, in base64: their bytes, whatever they are. Needs a superuser. */
export async function readTakenFiles(target: ConnectionTarget): Promise<Readonly<Record<TakenFile, string>>> {
  return withSession(target, { readOnly: true }, async (session) => ({
    "postgresql.auto.conf": await readTakenFile(session, "postgresql.auto.conf"),
    "pg_hba.conf": await readTakenFile(session, "pg_hba.conf"),
  }));
}

/** Its path on the server. */
export async function pathOfTaken(session: Session, file: TakenFile): Promise<string> {
  const sql =
    file === "pg_hba.conf"
      ? "pg_catalog.current_setting('hba_file')"
      : "pg_catalog.current_setting('data_directory') || '/postgresql.auto.conf'";
  const [row] = await session.query<{ path: string }>(`SELECT ${sql} AS path`);
  return row?.path ?? "";
}

/** A function that may find no file has to be told how much of it to read. */
const mostBytes = 64 * 1024 * 1024;

/** Its bytes in base64; empty where there is no such file. */
export async function readTakenFile(session: Session, file: TakenFile): Promise<string> {
  const path = await pathOfTaken(session, file);
  const [row] = await session.query<{ content: Buffer | null }>(
    "SELECT pg_catalog.pg_read_binary_file($1, 0, $2, true) AS content",
    [path, mostBytes],
  );
  return row?.content?.toString("base64") ?? "";
}
