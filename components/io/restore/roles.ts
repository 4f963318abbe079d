import { problemError } from "../../core/problem";
import { planRoles, type RestoredMembership } from "../../core/restore/globals";
import type { Session } from "../session";
import { readPlain } from "./plain";

/** The statements of a backup's globals. */
export async function readGlobals(file: string, signal: AbortSignal): Promise<readonly string[]> {
  return (await readPlain(file, signal)).map((text) => decode(text, file));
}

/** What came of a server's globals. */
export interface RestoredRoles {
  readonly made: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Makes the roles that a backup's server had and this one lacks, with their settings and memberships: all of it or nothing.
 * It changes none that is there.
 *
 * @param session of the maintenance database, of a login that may make roles
 */
export async function makeMissingRoles(session: Session, globals: readonly string[]): Promise<RestoredRoles> {
  const roles = await session.query<{ name: string }>(
    "SELECT rolname::text AS name FROM pg_catalog.pg_roles",
  );
  const { made, notes, ...plan } = planRoles(globals, new Set(roles.map(({ name }) => name)));
  if (made.length === 0) return { made, notes: [] };
  await session.query("BEGIN");
  try {
    for (const sql of plan.statements) await session.query(sql);
    for (const membership of plan.memberships) await addMember(session, membership);
    for (const sql of plan.grants) await session.query(sql);
    await session.query("COMMIT");
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw problemError(
      "roles of the backup",
      (error as Error).message,
      "make them by hand, then run this again",
      {
        cause: error,
      },
    );
  }
  return { made, notes };
}

/** The server of a backup may have had another administrator: a grantor that may not grant here is left out. */
async function addMember(session: Session, { sql, ownSql }: RestoredMembership): Promise<void> {
  await session.query("SAVEPOINT member");
  try {
    await session.query(sql);
  } catch {
    await session.query("ROLLBACK TO SAVEPOINT member");
    await session.query(ownSql);
  }
  await session.query("RELEASE SAVEPOINT member");
}

function decode(bytes: string, file: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.from(bytes, "latin1"));
  } catch (error) {
    const hint = "make the roles by hand, with psql and that file, then run this again";
    throw problemError(file, "is not in UTF-8, so no role can be made from it", hint, { cause: error });
  }
}
