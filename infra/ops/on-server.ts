import { ProblemError, type Problem } from "../../components/core/problem";
import { visible } from "../../components/core/visible";
import { readServerNames } from "../../components/io/catalog/server-names";
import type { Session } from "../../components/io/session";
import { meantOrKnown } from "./meant";

/** Names that options gave: a filter for what is not there would find nothing, as on a server without anything. */
export interface NamesAsked {
  /** Options and what they say. */
  readonly roles?: Readonly<Record<string, string | undefined>>;
  readonly databases?: Readonly<Record<string, string | undefined>>;
}

/**
 * Looks whether the server has the roles and databases that options name; where none does, it is not asked.
 *
 * @throws ProblemError for all that it does not have, each with the one that may be meant
 */
export async function assertOnServer(
  session: Session,
  { roles = {}, databases = {} }: NamesAsked,
): Promise<void> {
  if ([...Object.values(roles), ...Object.values(databases)].every((name) => name === undefined)) return;
  const there = await readServerNames(session);
  const problems = [
    ...unknown(roles, "role", there.roles),
    ...unknown(databases, "database", there.databases),
  ];
  if (problems.length > 0) throw new ProblemError("what is asked for is not on the server", problems);
}

function unknown(
  options: Readonly<Record<string, string | undefined>>,
  kind: string,
  known: readonly string[],
): Problem[] {
  return Object.entries(options).flatMap(([path, name]) =>
    name === undefined || known.includes(name)
      ? []
      : [{ path, message: `there is no ${kind} ${visible(name)}`, hint: meantOrKnown(name, known) }],
  );
}
