import { serverDatabases } from "../born-with";
import { byName } from "../lists";
import type { Undeclared } from "../statement";
import type { ServerAccess, ServerCatalog } from "./model";

/**
 * Roles and databases that somebody made by hand, on a server that is for this stack alone: reported, and left alone.
 * Elsewhere they belong to other stacks, to other tools, or to the service.
 *
 * @param before what leaves with this run is told by its statements
 */
export function findUndeclared(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
): Undeclared[] {
  if (desired.exclusive !== true) return [];
  const known = [desired, before].flatMap((one) => (one === undefined ? [] : [one]));
  const roles = new Set([
    actual.manager,
    actual.bootstrap,
    ...(actual.predefined ?? []),
    ...known.flatMap((one) => [...one.roles, ...one.groups].map(({ name }) => name)),
  ]);
  const databases = new Set(known.flatMap((one) => one.databases.map(({ name }) => name)));
  // What another stack marked as its own is declared, there.
  const marked = new Set(actual.owner.marks?.map(({ what }) => what));
  const found = byName(actual.roles.filter(({ name }) => !roles.has(name) && !marked.has(`role ${name}`)));
  const others = actual.databases.filter(
    ({ name }) => !databases.has(name) && !serverDatabases.has(name) && !marked.has(`database ${name}`),
  );
  return [
    ...found.map(({ name, superuser, login }) => ({
      kind: "role" as const,
      subject: `role ${name}`,
      message: `nobody declared it${superuser ? ": it is a superuser" : login ? ": it may log in" : ""}`,
    })),
    ...byName(others).map(({ name }) => ({
      kind: "database" as const,
      subject: `database ${name}`,
      message: "nobody declared it",
    })),
  ];
}
