import { quoteIdentifier } from "../../../../components/core/identifier";
import type { Connection } from "./connection";

/**
 * Makes the login a member of roles while something runs that only their members may do, and takes it back.
 *
 * Superusers need no membership. Two roles cannot be members of each other: where the role is a member of the login,
 * that is taken away meanwhile.
 */
export async function withBorrowedRoles<Result>(
  connection: Connection,
  roles: readonly string[],
  work: () => Promise<Result>,
): Promise<Result> {
  const undo: string[] = [];
  for (const role of new Set(roles)) {
    for (const [statement, reversed] of await borrowing(connection, role)) {
      await connection.query(statement);
      undo.unshift(reversed);
    }
  }
  let result: Result;
  try {
    result = await work();
  } catch (error) {
    // Inside of a transaction nothing more can run, and it is rolled back; outside, the loan must not stay.
    for (const statement of undo) await connection.query(statement).catch(() => undefined);
    throw error;
  }
  for (const statement of undo) {
    // The role may be gone by now, and its memberships with it.
    if (await allExist(connection, roles)) await connection.query(statement);
  }
  return result;
}

async function borrowing(connection: Connection, role: string): Promise<(readonly [string, string])[]> {
  const [found] = await connection.query<{
    login: string;
    superuser: boolean;
    powerful: boolean;
    member: boolean;
    reverse: boolean;
  }>(relation, [role]);
  if (found === undefined || found.superuser || found.powerful || found.login === role) return [];
  const [own, other] = [quoteIdentifier(found.login), quoteIdentifier(role)];
  const lend = [`GRANT ${other} TO ${own}`, `REVOKE ${other} FROM ${own}`] as const;
  const part = [`REVOKE ${own} FROM ${other}`, `GRANT ${own} TO ${other}`] as const;
  return [...(found.reverse ? [part] : []), ...(found.member ? [] : [lend])];
}

/** How the login ($user) and a role stand to each other; "member" is one that may SET ROLE to it. */
const relation = `
  SELECT me.rolname::text AS login, me.rolsuper AS superuser, other.rolsuper AS powerful,
         EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = other.oid AND m.member = me.oid
                 AND coalesce((pg_catalog.to_jsonb(m) ->> 'set_option')::boolean, true)) AS member,
         EXISTS (SELECT FROM pg_catalog.pg_auth_members m WHERE m.roleid = me.oid AND m.member = other.oid) AS reverse
    FROM pg_catalog.pg_roles me, pg_catalog.pg_roles other
   WHERE me.rolname = current_user AND other.rolname = $1`;

async function allExist(connection: Connection, roles: readonly string[]): Promise<boolean> {
  const names = [...new Set(roles)];
  const found = await connection.query("SELECT FROM pg_catalog.pg_roles WHERE rolname = ANY ($1)", [names]);
  return found.length === names.length;
}
