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

/** What tells a server from the one that the state knows; undefined: it is the same, or the state knows none. */
export function describeOther(found: string, expected: string | undefined): string | undefined {
  if (expected === undefined || expected === "" || found === expected) return undefined;
  return `its system identifier is ${found}, the state knows ${expected}`;
}

/** Refuses a server that is not the one that the state knows: another one took its address. */
export async function assertSameServer(
  session: Session,
  expected: string | undefined,
  place: string,
): Promise<void> {
  if (expected === undefined || expected === "") return;
  const other = describeOther(await readSystemIdentifier(session), expected);
  if (other === undefined) return;
  throw problemError(
    place,
    `another server answers there: ${other}`,
    "stop that server or give this stack another port; after a planned change of server, run `pulumi refresh`.",
  );
}
