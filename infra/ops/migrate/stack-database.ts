import type { ConnectionTarget } from "../../../components/core/connection";
import { findMigrator } from "../../../components/core/migrations/migrator";
import type { MigrationHistory } from "../../../components/core/migrations/history";
import { problemError } from "../../../components/core/problem";
import { readHistory } from "../../../components/io/migrations/history";
import type { Session } from "../../../components/io/session";
import type { DatabaseConfig, StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { meantOrKnown } from "../meant";
import { targetOf } from "../outputs";
import { lookInto } from "../sessions";

/** A database of the stack, and who migrates it. */
export interface StackDatabase {
  readonly name: string;
  /** Role that the statements run as. */
  readonly owner: string;
  readonly administrator: ConnectionTarget;
  /** The migrator's login; the administrator's where the database has no migrator. */
  readonly login: ConnectionTarget;
  /** Role that is granted the history; undefined: the administrator migrates. */
  readonly migrator: string | undefined;
}

/** The database that a user means: the only one, or `--database`. */
export function chooseDatabase({ databases }: StackConfig, wanted: string | undefined): DatabaseConfig {
  const names = databases.map(({ name }) => name).join(", ");
  const found = wanted === undefined ? databases : databases.filter(({ name }) => name === wanted);
  const [only] = found;
  if (only === undefined) {
    const known = databases.map(({ name }) => name);
    throw problemError("--database", `${wanted ?? ""} is not declared`, meantOrKnown(wanted ?? "", known));
  }
  if (found.length > 1)
    throw problemError("--database", "is missing: there are several", `say which: ${names}`);
  return only;
}

/** How to get into a database, as the one who migrates it. */
export async function findDatabase(
  { outputs }: Pick<CommandContext, "outputs">,
  { name, owner, roles }: DatabaseConfig,
): Promise<StackDatabase> {
  const { administrator, logins } = await outputs();
  const migrator = findMigrator(roles.map((role) => ({ ...role, migrator: role.key === "migrator" })));
  const login = logins.find(({ database, role }) => database === name && role === migrator);
  if (login === undefined) return { name, owner, administrator, login: administrator, migrator: undefined };
  const { target } = targetOf(login, administrator);
  return { name, owner, administrator, login: target, migrator: login.role };
}

/** What the database says of its migrations; changes nothing. */
export function lookAtHistory(
  { progress }: CommandContext,
  database: StackDatabase,
): Promise<MigrationHistory> {
  return progress(`reading the history of ${database.name}`, lookAs(database, readHistory));
}

/** Looks into the database as the one who migrates it. */
export function lookAs<Result>(
  { login, name }: StackDatabase,
  look: (session: Session) => Promise<Result>,
  options: { readonly serversSearchPath?: boolean } = {},
): Promise<Result> {
  return lookInto(login, name, look, { asItself: true, ...options });
}
