import { problemError } from "../core/problem";
import type { Session } from "./session";

/** The number that a data directory gets at `initdb` and keeps for ever; restored copies have it as well. */
export async function readSystemIdentifier(session: Session): Promise<string> {
  const [row] = await session.query<{ id: string }>(
    "SELECT system_identifier::text AS id FROM pg_catalog.pg_control_system()",
  );
  if (row === undefined) throw new Error("pg_control_system() gave no row");
  return row.id;
}

/** Refuses a server that is not the one that the state knows: another one took its address. */
export async function assertSameServer(
  session: Session,
  expected: string | undefined,
  place: string,
): Promise<void> {
  if (expected === undefined) return;
  const found = await readSystemIdentifier(session);
  if (found === expected) return;
  throw problemError(
    place,
    `another server answers there: its system identifier is ${found}, the state knows ${expected}`,
    "stop that server or give this stack another port; after a planned change of server, run `pulumi refresh`.",
  );
}
